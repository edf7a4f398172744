/* A practice list: the page of a slate with nothing behind it. No move is sent or stored, and the answer is a plain form
 * whose page explains what was understood.
 */

/** What was done -> what a hint is about; the rest of the actions is found by everybody. */
const ABOUT = {
  up: "step", down: "step", rank: "rank", "rank-two-digits": "rank", top: "rank", bottom: "rank", tie: "tie", line: "line",
  "line-up": "line", "line-down": "line", compare: "compare", cannot: "cannot", rate: "rate", undo: "undo", drag: "drag",
};

/** Takes the place of `Moves`: everything is done as soon as it happened. */
export class PracticeMoves {
  version = 0;
  waiting = 0;

  takeUp() { return { acts: [], rivals: [] }; }
  add() {}
  run() {}
  tell() {}
  async settled() { return true; }
}

/** Takes the place of `Submission`: fills in the form that the page has for browsers without a script, and sends that. */
export class PracticeSubmission {
  #form;
  #used = new Set();

  constructor(form) { this.#form = form; }

  note(action) { if (action in ABOUT) this.#used.add(ABOUT[action]); }

  /** The page is left by it, so there is no answer to wait for. */
  send(judgement) {
    const form = this.#form;
    const rankOf = new Map(judgement.tiers.flatMap((tier, index) => tier.map((id) => [id, index + 1])));
    for (const box of form.querySelectorAll('input[name^="rank-"]')) box.value = rankOf.get(box.name.slice("rank-".length)) ?? "";
    for (const box of form.querySelectorAll('input[name^="rating-"]:checked')) {
      box.checked = box.name.slice("rating-".length) in judgement.ratings;
    }
    for (const box of form.querySelectorAll('input[name="kind"]')) box.checked = box.value === judgement.kind;
    for (const box of form.querySelectorAll('input[name="items"]')) box.checked = judgement.items.includes(box.value);
    this.#add("decided_by", judgement.decided_by);
    this.#add("scripted", matchMedia("(pointer: coarse)").matches ? "touch" : "keys");
    for (const name of this.#used) this.#add("used", name);
    // The button with the id "submit" hides the form's own method of that name.
    HTMLFormElement.prototype.submit.call(form);
    return new Promise(() => {});
  }

  #add(name, value) {
    const box = document.createElement("input");
    Object.assign(box, { type: "hidden", name, value });
    this.#form.append(box);
  }
}
