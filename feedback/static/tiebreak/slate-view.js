/* The cards in the page: puts them where the state says, and reads what is on them. Makes no decision of its own. */

import { LINE, ranks, sequence } from "./slate-model.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** A part of every card that needs this script, with the card's title and id in it; nothing where the page has no such part. */
function part(name, { id, title }) {
  const made = document.getElementById(name)?.content.cloneNode(true) ?? "";
  if (!made) return made;
  for (const named of made.querySelectorAll("[aria-label]")) named.ariaLabel = named.ariaLabel.replace("{}", () => title);
  for (const legend of made.querySelectorAll("legend")) legend.textContent = legend.textContent.replace("{}", () => title);
  for (const input of made.querySelectorAll("[name]")) input.name = input.name.replace("{id}", id);
  return made;
}

/** The most of the entries that stand in the wanted order already, `fixed` among them. */
function longestInOrder(now, wanted, fixed) {
  const place = new Map(wanted.map((entry, index) => [entry, index]));
  const at = now.indexOf(fixed);
  const fits = (entry, index) => !fixed || entry === fixed || index < at === place.get(entry) < place.get(fixed);
  const runs = [];
  for (const entry of now.filter(fits)) {
    const before = runs.filter((run) => place.get(run.at(-1)) < place.get(entry));
    runs.push([...before.reduce((best, run) => (run.length > best.length ? run : best), []), entry]);
  }
  return new Set(runs.reduce((best, run) => (run.length > best.length ? run : best), []));
}

/** Write only what is new: an element that is written to is laid out anew. */
function write(element, text) {
  if (element.textContent !== String(text)) element.textContent = text;
}

export class SlateView {
  constructor(form) {
    this.form = form;
    this.list = form.querySelector("#cards");
    this.line = form.querySelector("#line");
    this.cards = new Map([...this.list.querySelectorAll("[data-card]")].map((card) => [card.dataset.card, card]));
    this.ids = [...this.cards.keys()];
    this.activeId = this.ids[0];
    this.marked = new Set();
    this.#prepare();
  }

  #prepare() {
    for (const [id, card] of this.cards) {
      this.#complete(card, { id, title: this.titleOf(id) });
      const parts = ["rank", "name", "card-facts"].map((what) => (card.querySelector(`.${what}`).id = `${what}-${id}`));
      card.setAttribute("aria-labelledby", parts.join(" "));
      card.setAttribute("aria-describedby", "keys-hint");
    }
    this.list.addEventListener("focusin", (event) => {
      const id = this.idOf(event.target);
      if (id) this.activate(id);
    });
    this.activate(this.activeId);
  }

  #complete(card, about) {
    card.querySelector(".rank").replaceChildren(part("card-rank", about));
    card.querySelector(".handle").append(part("card-grip", about));
    card.querySelector(".card-tools").append(part("card-rating", about), part("card-moves", about));
    const more = card.querySelector(".card-more");
    if (!more && !card.querySelector(".subtitle")) return;
    card.querySelector(".title-line").append(" ", part("card-more", about));
    if (more) card.querySelector('[data-act="more"]').setAttribute("aria-controls", (more.id = `more-${about.id}`));
  }

  /** The id of the card that an element is part of. */
  idOf(element) { return element.closest?.("[data-card]")?.dataset.card ?? null; }

  titleOf(id) { return this.cards.get(id).querySelector(".name").textContent.trim(); }

  /** The card that keys act on; the only one that Tab stops at. */
  activate(id) {
    this.activeId = id;
    for (const [other, card] of this.cards) {
      card.tabIndex = other === id ? 0 : -1;
      card.classList.toggle("active", other === id);
      if (other !== id) card.querySelector(".awaited")?.classList.remove("awaited");
    }
  }

  focus(id) {
    const card = this.cards.get(id);
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  }

  /** Mark or unmark a card to be compared; at most three, the oldest mark gives way. */
  mark(id) {
    if (!this.marked.delete(id)) this.marked.add(id);
    if (this.marked.size > 3) this.marked.delete(this.marked.values().next().value);
    for (const [other, card] of this.cards) {
      card.classList.toggle("marked", this.marked.has(other));
      card.querySelector('[data-act="mark"]')?.setAttribute("aria-pressed", String(this.marked.has(other)));
    }
    this.form.querySelector("#compare-count").textContent = this.marked.size > 1 ? `(${this.marked.size})` : "";
    return this.marked.has(id);
  }

  toggleMore(id) {
    const card = this.cards.get(id);
    const button = card.querySelector('[data-act="more"]');
    if (!button) return;
    const open = card.classList.toggle("open");
    button.setAttribute("aria-expanded", String(open));
  }

  /** Show a state; cards that changed their place glide there unless motion is unwanted. */
  render(state, { glide = true } = {}) {
    const before = glide && !still.matches ? this.#tops() : null;
    this.#place(sequence(state).map((entry) => (entry === LINE ? this.line : this.cards.get(entry))));
    this.#label(state);
    this.#controls(state);
    if (before) this.#glide(before);
  }

  #tops() {
    return new Map([...this.list.children].map((entry) => [entry, entry.getBoundingClientRect().top]));
  }

  /** Bring the entries into order, and touch no more of them than must move: each one touched is laid out anew. */
  #place(entries) {
    // Where a browser can't move an element without taking its focus away, the others are moved around it.
    const fixed = this.list.moveBefore ? null : entries.find((entry) => entry.contains(document.activeElement));
    const staying = longestInOrder([...this.list.children], entries, fixed);
    let below = null;
    for (const entry of entries.toReversed()) {
      if (!staying.has(entry)) (this.list.moveBefore ?? this.list.insertBefore).call(this.list, entry, below);
      below = entry;
    }
  }

  #label(state) {
    const found = ranks(state);
    const shared = new Set([...state.joined, ...state.order.filter((_, index) => state.joined.has(state.order[index + 1]))]);
    for (const [id, card] of this.cards) {
      const rank = found.get(id);
      write(card.querySelector("[data-rank]"), rank ?? "–");
      const words = rank === null ? " not looked at" : ` of ${this.ids.length}${shared.has(id) ? ", tied" : ""}`;
      write(card.querySelector("[data-rank-words]"), words);
      card.classList.toggle("rest", rank === null);
      card.classList.toggle("tied", state.joined.has(id));
    }
    const drawn = state.cut < state.order.length;
    this.line.classList.toggle("drawn", drawn);
    const said = drawn ? "ranked above · not looked at below" : "all are ranked · move this line up to leave some";
    write(this.line.querySelector("#line-label"), said);
  }

  #controls(state) {
    for (const [id, card] of this.cards) {
      const rating = String(state.ratings[id] ?? "");
      for (const radio of card.querySelectorAll(".rate input")) radio.checked = radio.value === rating;
    }
    for (const box of this.form.querySelectorAll('[name="reason_tags"]')) box.checked = state.tags.includes(box.value);
  }

  #glide(before) {
    for (const entry of this.list.children) {
      const moved = before.get(entry) - entry.getBoundingClientRect().top;
      if (moved) entry.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], { duration: 140, easing: "ease-out" });
    }
  }

  /** Say something to a screen reader; the same sentence twice is said twice. */
  announce(text) {
    const live = this.form.querySelector("#live");
    live.textContent = live.textContent === text ? `${text}\u00a0` : text;
  }

  /** Say where a card is now. */
  announceRank(state, id) {
    const rank = ranks(state).get(id);
    if (rank === null) return this.announce(`${this.titleOf(id)}: below the line, not looked at.`);
    const others = state.order.filter((other) => other !== id && ranks(state).get(other) === rank).map((other) => this.titleOf(other));
    this.announce(`${this.titleOf(id)}: rank ${rank} of ${this.ids.length}${others.length ? `, tied with ${others.join(" and ")}` : ""}.`);
  }

  /** The facts on a card as { label, value, missing }, with all their digits, the ones behind "more" included. */
  factsOf(id) {
    return [...this.cards.get(id).querySelectorAll(".card-facts > div")].map((fact) => {
      const value = fact.querySelector("dd");
      return {
        label: fact.querySelector("dt").textContent.trim(),
        value: value.title || value.textContent.trim(),
        missing: fact.classList.contains("missing"),
      };
    });
  }
}
