/* The end of a slate: what is asked before it is submitted, and how it is. */

import { answer } from "./slate-model.js";

export class Ending {
  #slate;
  #asked = "";

  constructor(slate) { this.#slate = slate; }

  /** Ask something once, in the line that says what is saved; any change takes the question back. */
  ask(question) {
    if (question === this.#asked) return;
    this.#asked = question;
    this.#slate.status.ask(question);
  }

  /** What is asked first, so that neither a slip of the Enter key nor a card passed over is a judgement; "" when nothing is. */
  #doubt() {
    const { moves, state, touched } = this.#slate;
    const { tiers, ratings } = answer(state);
    const rated = Object.keys(ratings).length;
    const unrated = tiers.flat().length - rated;
    if (rated && unrated) return `${unrated} not rated. Submit anyway?`;
    if (touched) return "";
    return moves.version || moves.waiting ? "As you left it. Submit again?" : "Nothing was moved. Submit again?";
  }

  #judgement(nonAnswer) {
    const { state, comment } = this.#slate;
    const base = { ...answer(state), comment: comment.value.trim(), field: "", items: [] };
    if (!nonAnswer) return { kind: "reorder", ...base };
    return { ...base, ...nonAnswer, tiers: [], rest: [], ratings: {} };
  }

  async submit(nonAnswer = null) {
    const { form, status, moves, undecided } = this.#slate;
    if (form.ariaBusy === "true") return;
    this.#slate.wrote();
    if (undecided) return undecided();
    status.remind();
    const doubt = nonAnswer ? "" : this.#doubt();
    if (doubt && !this.#asked) return this.ask(doubt);
    form.ariaBusy = "true";
    // First every move, then the answer: the log is whole, and a list that was changed elsewhere is not judged unseen.
    const sent = (await moves.settled()) ? await this.#answered(nonAnswer) : {};
    if (sent.taken) return location.reload(); // the page of a judged slate leads on to the next one
    form.ariaBusy = "false";
    this.sending = false;
    if (sent.current) this.#slate.conflict(sent.current);
    if (sent.signedOut) status.show("signed-out");
    if (sent.error) status.show("refused", 0, sent.error);
  }

  #answered(nonAnswer) {
    const { status, submission, moves, seconds } = this.#slate;
    this.sending = true;
    this.ask("");
    status.show("sending");
    return submission.send(this.#judgement(nonAnswer), moves.version, seconds(), (state) => status.show(state));
  }
}
