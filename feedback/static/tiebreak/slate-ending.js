/* The end of a slate: what is asked before it is submitted, how it is, and how that waits while the server can't be reached. */

import { answer, same } from "./slate-model.js";
import { stored } from "./slate-save.js";

export class Ending {
  #slate;
  #asked = "";
  #stop = null;
  #held = false;
  #said = {};
  #local = stored("localStorage");
  #key;

  constructor(slate) {
    this.#slate = slate;
    this.#key = `tiebreak.submitted:${slate.form.dataset.account}:${slate.form.dataset.submitUrl}`;
  }

  get busy() { return this.#stop !== null; }

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

  #judgement({ nonAnswer, decidedBy }) {
    const { state, comment } = this.#slate;
    const base = { ...answer(state), decided_by: decidedBy, comment: comment.value.trim(), field: "", items: [] };
    if (!nonAnswer) return { kind: "reorder", ...base };
    return { ...base, ...nonAnswer, tiers: [], rest: [], ratings: {} };
  }

  /** `sure` when somebody has been asked already; `decidedBy` is what counts where ratings contradict the order. */
  async submit(nonAnswer = null, { sure = false, decidedBy = "" } = {}) {
    const { status, undecided, question } = this.#slate;
    if (this.busy) return;
    this.#slate.wrote();
    if (undecided) return undecided();
    status.remind();
    if (!nonAnswer && !decidedBy && question?.ask()) return;
    const doubt = nonAnswer || sure ? "" : this.#doubt();
    if (doubt && !this.#asked) return this.ask(doubt);
    this.ask("");
    this.#began({ nonAnswer, decidedBy });
    let sent;
    try {
      sent = await this.#sent();
    } finally {
      if (!sent?.taken) this.#ended();
    }
    if (!sent.halted && !sent.barred) this.forget();
    if (sent.taken) return location.reload(); // the page of a judged slate leads on to the next one
    if (sent.current) this.#slate.conflict(sent.current);
    if (sent.barred) status.show(sent.barred);
    if (sent.code === "ratings_contradict_order") await this.#slate.loadQuestion();
    if (sent.code === "ratings_contradict_order" && this.#slate.question?.ask()) return status.show("saved");
    if (sent.error) status.show(sent.code === "session_paused" ? "paused" : "refused", 0, sent.error);
  }

  /** From here on nothing on the list can be changed: what is submitted is what was seen. */
  #began(said) {
    const { form, comment } = this.#slate;
    this.#stop = new AbortController();
    this.#said = said;
    comment.readOnly = true;
    form.ariaBusy = "true";
  }

  #ended() {
    const { form, comment, status, moves } = this.#slate;
    const calledOff = this.#stop.signal.aborted;
    this.#stop = null;
    comment.readOnly = false;
    form.ariaBusy = "false";
    this.#atWork();
    if (calledOff) moves.tell();
  }

  /** First every move, then the answer: the log is whole, and a list that was changed elsewhere is not judged unseen. */
  async #sent() {
    const { status, submission, moves, seconds } = this.#slate;
    const { signal } = this.#stop;
    if (!(await moves.settled(signal))) return { halted: !signal.aborted };
    this.#atWork();
    status.show("sending");
    const onAway = (word) => this.wait(word);
    return submission.send(this.#judgement(this.#said), { version: moves.version, seconds: seconds(), signal, onAway });
  }

  /** The server can't be reached: the list waits to be submitted, kept over a closed tab, until that is called off. */
  wait(word) {
    if (this.#held) return;
    const { page, status } = this.#slate;
    this.#held = true;
    const kept = this.#local.set(this.#key, { ...this.#said, draft: page.draft });
    status.show("waits");
    const when = word === "offline" ? "when you are back online" : "as soon as the server answers";
    const text = `Will be submitted ${when}. Until then nothing can be changed.${kept ? "" : " Keep this page open."}`;
    status.notice(text, "Cancel", () => this.#stop.abort(), "waits");
  }

  #atWork() {
    this.#held = false;
    this.#slate.status.hideNotice("waits");
  }

  /** On return: what was to be submitted and was not is asked for, and never sent by itself. */
  offer() {
    const { page, status } = this.#slate;
    const kept = this.#local.get(this.#key);
    if (!kept) return;
    // Somebody went on elsewhere: that is not what was submitted.
    if (!same(kept.draft, page.draft)) return this.forget();
    const submit = () => this.submit(kept.nonAnswer, { sure: true, decidedBy: kept.decidedBy });
    status.notice("You submitted this list while offline. Submit it now?", "Submit", submit, "offer");
  }

  /** Whoever goes on with the list takes back that it was submitted. */
  forget() {
    this.#local.remove(this.#key);
    this.#slate.status.hideNotice("offer");
  }
}
