/* Ratings against the order: where the two say different things, what order the ratings say, and the question which counts.
 *
 * feedback/contradictions.py does the same on the server; fixtures/cases/rated_orders.json holds both to one meaning.
 * Loaded with the first rating.
 */

import { shortcut } from "./slate-keys.js";
import { answer } from "./slate-model.js";

const BEST = 5;
/** Ratings of fewer values, unless there are no more cards, are no scale that was turned round. */
const TURNED_FROM = 3;

/** The pairs [above, below] of different tiers in which the one below is rated higher. */
export function contradicted(tiers, ratings) {
  const below = (index) => tiers.slice(index + 1).flat();
  return tiers.flatMap((tier, index) =>
    tier.flatMap((high) => below(index).filter((low) => ratings[low] > ratings[high]).map((low) => [high, low])));
}

/** Whether the cards above the line stand in another order than they were shown, or tied. */
function isMoved(shown, tiers) {
  const placed = tiers.flat();
  return placed.length !== tiers.length || shown.filter((id) => placed.includes(id)).some((id, index) => id !== placed[index]);
}

export function turned(ratings) {
  return Object.fromEntries(Object.entries(ratings).map(([id, rating]) => [id, BEST + 1 - rating]));
}

/** Whether the ratings are the exact reverse of an order that was moved: as if 1 were the best. */
export function isTurned(shown, tiers, ratings) {
  const rated = tiers.flat().map((id) => ratings[id]).filter((rating) => rating);
  const few = new Set(rated).size < Math.min(TURNED_FROM, rated.length);
  return isMoved(shown, tiers) && !few && contradicted(tiers, ratings).length > 0 && contradicted(tiers, turned(ratings)).length === 0;
}

/** The tiers and the rest that the ratings say. Where nothing was moved they alone speak: equal ones are ties, and what is not
 * rated was not looked at. Else rated cards change places among themselves, equal ones in the order they had.
 */
export function byRatings(shown, tiers, rest, ratings) {
  const placed = tiers.flat();
  const bestFirst = placed.filter((id) => ratings[id]).sort((one, other) => ratings[other] - ratings[one]);
  if (isMoved(shown, tiers)) return { tiers: placed.map((id) => [ratings[id] ? bestFirst.shift() : id]), rest: [...rest] };
  const values = [...new Set(bestFirst.map((id) => ratings[id]))];
  const ties = values.map((value) => bestFirst.filter((id) => ratings[id] === value));
  return { tiers: ties, rest: [...placed.filter((id) => !ratings[id]), ...rest] };
}

const DIALOG = `
<dialog id="contradiction" aria-labelledby="contradiction-heading" aria-describedby="contradiction-why">
  <div class="dialog-body">
    <h2 id="contradiction-heading" tabindex="-1" autofocus></h2>
    <p id="contradiction-why"></p>
    <div class="stack tight" id="contradiction-choices"></div>
    <footer><button type="button" class="ghost" data-closes>Go back <kbd aria-hidden="true">Esc</kbd></button></footer>
  </div>
</dialog>`;

const CHOICES = {
  turn: "1 is my best: turn my ratings round", sort: "Sort by my ratings", keep: "Keep my order",
};

/** The question before a list is submitted: sort by the ratings, keep the order, or go back. */
export class RatingsQuestion {
  #slate;
  #choices = [];

  constructor(slate) {
    this.#slate = slate;
    document.getElementById("main").insertAdjacentHTML("beforeend", DIALOG);
    this.dialog = document.getElementById("contradiction");
    this.dialog.addEventListener("click", (event) => {
      const chosen = event.target.closest("[data-choice]")?.dataset.choice;
      if (chosen) this.#chosen(chosen);
    });
    this.dialog.addEventListener("keydown", (event) => {
      const chosen = this.#choices[Number(shortcut(event)) - 1];
      if (!chosen) return;
      event.preventDefault();
      this.#chosen(chosen);
    });
  }

  get #said() { return answer(this.#slate.state); }

  /** Ask, if there is something to ask about; false if there is not. */
  ask() {
    const { view } = this.#slate;
    const { tiers, ratings } = this.#said;
    const pairs = contradicted(tiers, ratings);
    if (!pairs.length) return false;
    const reversed = isTurned(view.ids, tiers, ratings);
    const [above, below] = pairs[0];
    const unrated = tiers.flat().length - Object.keys(ratings).length;
    document.getElementById("contradiction-heading").textContent = reversed ? "Is 5 your best rating?" : "Your ratings say another order";
    const why = reversed
      ? "Your ratings are the exact reverse of your order. Here 5 is the best match, and 1 the worst."
      : `You gave “${view.titleOf(below)}” a ${ratings[below]} and “${view.titleOf(above)}” a ${ratings[above]}, but “${view.titleOf(above)}” stands higher in your order.`;
    document.getElementById("contradiction-why").textContent = unrated ? `${why} ${unrated} not rated.` : why;
    this.#choices = reversed ? ["turn", "sort", "keep"] : ["sort", "keep"];
    document.getElementById("contradiction-choices").replaceChildren(...this.#choices.map(button));
    if (!this.dialog.open) this.dialog.showModal();
    return true;
  }

  #chosen(choice) {
    this.dialog.close();
    const { page, view, ending } = this.#slate;
    if (choice === "keep") return ending.submit(null, { sure: true, decidedBy: "order" });
    const { tiers, rest, ratings } = this.#said;
    const changed = choice === "sort" ? byRatings(view.ids, tiers, rest, ratings) : { ratings: turned(page.draft.ratings) };
    this.#slate.change({ do: "replace", draft: { ...page.draft, ...changed } });
    const done = choice === "sort" ? "Sorted by your ratings." : "Your ratings are turned round.";
    view.announce(done);
    ending.ask(`${done} Submit it?`);
    view.focus(this.#slate.state.order[0]);
  }
}

function button(choice, index) {
  const made = document.createElement("button");
  const key = document.createElement("kbd");
  key.ariaHidden = "true";
  key.textContent = index + 1;
  made.type = "button";
  made.dataset.choice = choice;
  made.append(`${CHOICES[choice]} `, key);
  return made;
}
