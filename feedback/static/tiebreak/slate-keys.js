/* Keys of a slate. A key is turned into the name of an action; what an action does is none of this file's business. */

import { stored } from "./slate-save.js";

const NAMED = {
  ArrowUp: "previous", ArrowDown: "next", Home: "top", End: "bottom", PageUp: "up-3", PageDown: "down-3", " ": "mark", Enter: "submit",
};
const WITH_ALT = { ArrowUp: "up", ArrowDown: "down" };
const LETTERS = { u: "up", d: "down", t: "tie", l: "line", r: "rating", m: "more", c: "compare", w: "comment", x: "cannot", "?": "keys" };
/** In a rating Enter is done with it and submits nothing; the radio buttons have no key of their own to choose none. */
const IN_RATING = { Enter: ["to-card"], Backspace: ["rate", 0], Delete: ["rate", 0] };
const TWO_DIGITS_MS = 700;

const local = stored("localStorage");

/** Whether single letters and digits are shortcuts; people who dictate or use a screen reader may turn that off. */
export const singleKeys = {
  get on() { return local.get("tiebreak.single-keys") !== false; },
  set on(value) { local.set("tiebreak.single-keys", value); },
};

/** The key of an event as a shortcut in a dialog; "" for the browser's own. */
export function shortcut({ key = "", ctrlKey, metaKey, altKey, isComposing }) {
  return ctrlKey || metaKey || altKey || isComposing || (key.length === 1 && !singleKeys.on) ? "" : key;
}

/** One letter for each reason: its own key unless that moves cards, else the first free letter of its label. */
export function lettersFor(reasons) {
  const taken = new Set(Object.keys(LETTERS));
  const take = (candidates) => {
    const letter = candidates.find((one) => /^[a-z]$/.test(one) && !taken.has(one)) ?? null;
    taken.add(letter);
    return letter;
  };
  const own = reasons.map(({ key }) => take([key]));
  return reasons.map(({ label }, index) => own[index] ?? take([...label.toLowerCase(), ..."abcdefghijklmnopqrstuvwxyz"]));
}

export class Keys {
  #form;
  #act;
  #reasonLetters;
  #digit = null;

  /** `act(name, value, event)` returns false for "not mine": the browser then goes on as usual. */
  constructor(form, act, reasonLetters) {
    this.#form = form;
    this.#act = act;
    this.#reasonLetters = reasonLetters;
    document.addEventListener("keydown", (event) => this.#pressed(event));
    // Whatever comes between two digits parts them; Shift does not, some keyboards need it for every digit.
    const part = ({ key = "" }) => { if (!/^(\d|Shift)$/.test(key)) this.#digit = null; };
    for (const name of ["keydown", "pointerdown"]) addEventListener(name, part, true);
  }

  #pressed(event) {
    if (event.defaultPrevented || document.querySelector("dialog[open]") || event.isComposing) return;
    const target = event.target;
    if (target.matches("textarea, select, input:not([type=radio], [type=checkbox])")) return this.#inText(event);
    const action = this.#read(event);
    if (!action || (event.repeat && action[0] === "submit")) return;
    if (this.#act(action[0], action[1], event) !== false) event.preventDefault();
  }

  /** In the sentence, Escape goes back to the cards; undo stays the browser's. */
  #inText(event) {
    if (event.key === "Escape") this.#act("to-card", null, event);
  }

  #read(event) {
    if (event.ctrlKey || event.metaKey) return this.#withControl(event);
    if (event.altKey) return WITH_ALT[event.key] ? [WITH_ALT[event.key]] : null;
    if (this.#ownsKey(event)) return null;
    if (event.key === "Escape" && this.#awaited) return this.#ratingOver();
    if (event.target.matches(".rate input") && event.key in IN_RATING) return IN_RATING[event.key];
    if (NAMED[event.key]) return [NAMED[event.key]];
    if (!singleKeys.on) return null;
    return /^\d$/.test(event.key) ? this.#digitAction(event) : this.#letterAction(event);
  }

  #withControl(event) {
    const key = event.key.toLowerCase();
    if (key === "z") return [event.shiftKey ? "redo" : "undo"];
    return key === "y" ? ["redo"] : null;
  }

  /** Keys that the focused control needs itself. */
  #ownsKey({ key, target }) {
    if (target.matches("input[type=radio]")) return key.startsWith("Arrow") || key === " ";
    if (target.matches("button, summary, a, input[type=checkbox]")) return key === " " || key === "Enter";
    return false;
  }

  #digitAction({ key, target }) {
    const digit = Number(key);
    if (this.#awaited || target.matches("input[type=radio]")) {
      this.#ratingOver();
      return digit <= 5 ? ["rate", digit] : null;
    }
    const before = this.#digit;
    const second = before?.target === target && performance.now() - before.at < TWO_DIGITS_MS;
    this.#digit = second ? null : { digit, target, at: performance.now() };
    if (second) return ["rank-two-digits", 10 * before.digit + digit];
    return digit === 0 ? null : ["rank", digit];
  }

  #letterAction({ key }) {
    this.#ratingOver();
    const letter = key.toLowerCase();
    if (this.#reasonLetters.includes(letter)) return ["reason", this.#reasonLetters.indexOf(letter)];
    return LETTERS[letter] ? [LETTERS[letter]] : null;
  }

  get #awaited() { return this.#form.querySelector(".awaited"); }

  #ratingOver() {
    this.#act("rating-over");
    return null;
  }
}
