/* The choice between two orders of one slate. Few lists ever come to it, so it is loaded when one does. */

import { element } from "./slate-dialogs.js";

const DIALOG = `
<dialog id="conflict" class="wide" aria-labelledby="conflict-heading">
  <div class="dialog-body">
    <h2 id="conflict-heading" tabindex="-1" autofocus>This list has two orders</h2>
    <p>It was changed in another window or on another device while you worked on it here. Which one do you want to go on with?</p>
    <div class="orders">
      <section aria-labelledby="conflict-saved-title"><h3 id="conflict-saved-title">Saved elsewhere</h3><button type="button" data-keep="saved">Go on with this one</button><ol id="conflict-saved"></ol></section>
      <section aria-labelledby="conflict-mine-title"><h3 id="conflict-mine-title">Yours, not saved yet</h3><button type="button" data-keep="mine">Go on with mine</button><ol id="conflict-mine"></ol></section>
    </div>
    <p class="small" id="conflict-more" hidden>Ratings, reasons or the sentence differ too; they go with the order.</p>
    <footer><button type="button" class="ghost" data-closes>Decide later</button></footer>
  </div>
</dialog>`;

/** Two orders of one slate, of which one is chosen: the one that was saved elsewhere, or the one on this page. */
export class ConflictDialog {
  #view;
  #done = null;

  constructor(view) {
    this.#view = view;
    document.getElementById("main").insertAdjacentHTML("beforeend", DIALOG);
    this.dialog = document.getElementById("conflict");
    this.dialog.addEventListener("click", (event) => {
      const chosen = event.target.closest("[data-keep]")?.dataset.keep;
      if (chosen) this.#leave(chosen);
    });
    // The event comes after the dialog is gone, and by then the next one may be open.
    this.dialog.addEventListener("close", () => this.dialog.open || this.#leave(""));
  }

  /** At once: a key pressed right after the choice must find it made. */
  #leave(choice) {
    const done = this.#done;
    this.#done = null;
    this.dialog.close();
    done?.(choice);
  }

  /** `done` gets "saved", "mine", or nothing when the dialog was left without a choice. */
  open(saved, mine, done) {
    this.#done = done;
    const orders = [saved, mine].map((draft) => this.#places(draft));
    for (const [index, name] of ["saved", "mine"].entries()) this.#list(name, orders[index], orders[1 - index]);
    const said = (draft) => JSON.stringify([Object.entries(draft.ratings ?? {}).sort(), draft.reason_tags ?? [], draft.comment ?? ""]);
    document.getElementById("conflict-more").hidden = said(saved) === said(mine);
    if (!this.dialog.open) this.dialog.showModal();
  }

  /** id -> rank as it is shown; null below the line. */
  #places({ tiers = [], rest = [] }) {
    const places = new Map();
    for (const tier of tiers) {
      const rank = places.size + 1;
      for (const id of tier) places.set(String(id), rank);
    }
    for (const id of rest) places.set(String(id), null);
    return places;
  }

  #list(name, places, others) {
    const lines = [...places].map(([id, rank]) => {
      const differs = rank !== others.get(id);
      const line = element("li", { className: differs ? "differs" : "" },
        element("span", { className: "n", text: rank ?? "–" }), element("span", { text: this.#view.titleOf(id) }));
      return line;
    });
    document.getElementById(`conflict-${name}`).replaceChildren(...lines);
  }
}
