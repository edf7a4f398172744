/* One slate: wires the order (slate-model.js) to the page (view, drag, keys, dialogs), to the server (moves, save) and to
 * what is said of it (status). Without this script the same form takes ranks as numbers.
 */

import { LINE, Page, fromTiers, lineBelow, putAbove, same, step, tieOrUntie, toEnd, toPlace, toRank } from "./slate-model.js";
import { CannotDialog, CompareDialog } from "./slate-dialogs.js";
import { Dragging } from "./slate-drag.js";
import { Ending } from "./slate-ending.js";
import { Keys, lettersFor, singleKeys } from "./slate-keys.js";
import { Moves } from "./slate-moves.js";
import { Submission } from "./slate-save.js";
import { SaveStatus } from "./slate-status.js";
import { SlateView } from "./slate-view.js";

const COMMENT_MS = 1500;

class Slate {
  constructor(form) {
    this.form = form;
    this.comment = form.elements.comment;
    this.view = new SlateView(form);
    this.status = new SaveStatus(form, () => this.moves.restart(this.moves.version));
    const kept = JSON.parse(document.getElementById("draft").textContent);
    this.moves = practice ? new practice.PracticeMoves() : new Moves(form, kept.draft_version, {
      state: (...word) => this.said(...word), conflict: (current) => this.conflict(current), draft: () => this.page.draft,
      // Another tab has taken up what waited here: the page begins again from what is saved.
      overtaken: () => location.reload(),
    });
    this.seconds = secondsInView();
    this.submission = practice ? new practice.PracticeSubmission(form) : new Submission(form);
    this.ending = new Ending(this);
    this.compare = new CompareDialog(this.view, (...decision) => this.decided(...decision));
    this.cannot = new CannotDialog(form, (nonAnswer) => this.ending.submit(nonAnswer));
    this.actions = this.namedActions();
    this.listen();
    this.open(kept);
    if (kept.draft) this.status.show("saved");
    this.takeUp(kept);
    this.ending.offer();
    this.view.activate(this.state.order[0]);
  }

  get state() { return this.page.state; }

  /* ---- showing and saving ---- */

  open(kept) {
    this.page = new Page(this.view.ids, kept);
    this.comment.value = this.page.comment;
    this.show({ glide: false });
  }

  show(options) {
    this.view.render(this.state, options);
    for (const [name, possible] of [["undo", this.page.canUndo], ["redo", this.page.canRedo]]) {
      this.form.querySelector(`[data-act="${name}"]`).setAttribute("aria-disabled", String(!possible));
    }
    this.ending.ask("");
    if (Object.keys(this.state.ratings).length) this.loadQuestion();
  }

  /** Should it not come, the server refuses what it would have asked about, and it is asked then. */
  loadQuestion() {
    this.loading ??= import("./slate-ratings.js").then(
      ({ RatingsQuestion }) => { this.question = new RatingsQuestion(this); },
      () => { this.loading = null; },
    );
    return this.loading;
  }

  /** Moves that never reached the server: taken up again, or shown beside what was saved elsewhere since. */
  takeUp(kept) {
    const known = new Set(this.view.ids);
    const fits = (acts) => acts.every(({ card, cards = [card] }) => cards.every((id) => id === undefined || known.has(id)));
    const { acts, rivals } = this.moves.takeUp(kept.keys, fits);
    for (const act of acts) this.page.do(act);
    if (acts.length) {
      this.comment.value = this.page.comment;
      this.show({ glide: false });
      this.moves.run();
    }
    this.settle(rivals);
  }

  /** Orders of earlier pages that do not go on from what is saved, one after the other. */
  settle([rival, ...others]) {
    if (!rival) return;
    const { draft } = rival;
    const drop = () => {
      this.moves.forget(rival, this.page.draft);
      this.settle(others);
    };
    if (!draft || !fromTiers(this.view.ids, draft) || same(draft, this.page.draft)) return drop();
    this.choose({ saved: this.page.draft, mine: () => draft, keep: drop, take: () => {
      this.change({ do: "replace", draft });
      drop();
    } });
  }

  /** Somebody went on elsewhere. Both orders are shown, and nothing is sent before one of them is chosen. */
  conflict(current) {
    this.wrote();
    const saved = new Page(this.view.ids, current);
    const go = () => {
      this.moves.restart(current.draft_version);
      this.open(current);
      this.status.show("saved");
    };
    if (same(saved.draft, this.page.draft)) return go();
    this.choose({ saved: saved.draft, mine: () => this.page.draft, keep: go, take: (draft) => {
      go();
      this.change({ do: "replace", draft });
    } });
  }

  choose({ saved, mine, keep, take }) {
    const chosen = (choice) => {
      if (!choice) return this.status.notice("This list was changed in another window or on another device.", "Choose", ask);
      this.wrote();
      this.undecided = null;
      this.ending.forget();
      this.status.hideNotice();
      if (choice === "saved") keep();
      else take(mine());
    };
    const ask = () => import("./slate-conflict.js").then(({ ConflictDialog }) => {
      this.rivals ??= new ConflictDialog(this.view);
      this.rivals.open(saved, mine(), chosen);
    }, () => chosen(""));
    this.undecided = ask;
    ask();
  }

  /** Take an act: show it, save it, say what became of the card; false when nothing changed. */
  change(act, { about = null, glide = true } = {}) {
    if (this.ending.busy) return this.locked();
    if (act?.do !== "comment") this.wrote(); // a finger takes no focus from the sentence
    if (!act || !this.page.do(act)) return false;
    this.ending.forget();
    this.touched = true;
    if (act.do !== "comment") this.comment.value = this.page.comment;
    this.show({ glide });
    this.moves.add(act, this.page.draft);
    if (about) this.view.announceRank(this.state, about);
    return true;
  }

  /** What waits to be submitted stays as it is; a box that was ticked shows again what is submitted. */
  locked() {
    this.view.render(this.state, { glide: false });
    this.view.announce("This list is being submitted and cannot be changed.");
    return false;
  }

  said(word, ...more) {
    if (this.ending.busy && ["offline", "retrying"].includes(word)) this.ending.wait(word);
    else this.status.show(word, ...more);
  }

  /** The sentence is saved when somebody pauses in it, leaves it, or leaves the page. */
  wrote() {
    clearTimeout(this.writing);
    if (this.comment.value !== this.page.comment) this.change({ do: "comment", text: this.comment.value });
  }

  /* ---- actions: by key, by button, by drag ---- */

  namedActions() {
    const id = () => this.view.activeId;
    const move = (act, about = id()) => this.change(act, { about });
    return {
      previous: () => this.go(-1), next: () => this.go(1),
      up: () => move(step(this.state, id(), -1)), down: () => move(step(this.state, id(), 1)),
      "up-3": () => move(step(this.state, id(), -3)), "down-3": () => move(step(this.state, id(), 3)),
      top: () => move(toPlace(id(), 0)), bottom: () => move(toEnd(this.state, id())),
      rank: (rank) => { this.digitMoved = move(toRank(this.state, id(), rank)); },
      "rank-two-digits": (rank) => this.twoDigits(rank),
      tie: () => move(tieOrUntie(this.state, id())), line: () => this.moveLine(lineBelow(this.state, id())),
      "line-up": () => this.moveLine(step(this.state, LINE, -1)), "line-down": () => this.moveLine(step(this.state, LINE, 1)),
      rating: () => this.awaitRating(), "rating-over": () => this.form.querySelector(".awaited")?.classList.remove("awaited"),
      rate: (value) => this.rated(id(), value || null),
      reason: (index) => this.reasoned(this.reasons[index].name),
      more: () => this.view.toggleMore(id()),
      mark: () => this.marked(id()), compare: () => this.openCompare(),
      comment: () => this.comment.focus(), "to-card": () => this.view.focus(id()),
      cannot: () => this.ending.busy || this.cannot.open(), keys: () => document.getElementById("keys").showModal(),
      undo: () => this.travel("undo"), redo: () => this.travel("redo"),
      submit: () => this.ending.submit(),
    };
  }

  go(places) {
    const { order } = this.state;
    const index = order.indexOf(this.view.activeId) + places;
    this.view.focus(order[Math.max(0, Math.min(order.length - 1, index))]);
  }

  twoDigits(rank) {
    const id = this.view.activeId;
    const fits = rank <= this.state.order.length;
    // "1" then "2" in a slate of twelve is one move to rank 12, and one step back.
    if (fits && this.digitMoved) this.change({ do: "undo" }, { glide: false });
    this.digitMoved = this.change(toRank(this.state, id, fits ? rank : rank % 10), { about: id });
  }

  moveLine(act) {
    if (this.ending.busy) return this.locked();
    this.change(act);
    const below = this.state.order.length - this.state.cut;
    this.view.announce(below ? `${this.state.cut} ranked, ${below} not looked at.` : "All are ranked.");
  }

  awaitRating() {
    const id = this.view.activeId;
    const group = this.view.cards.get(id).querySelector(".rate");
    if (!group) return;
    if (this.state.order.indexOf(id) >= this.state.cut) return this.view.announceRank(this.state, id);
    group.classList.add("awaited");
    this.view.announce(`Rating of ${this.view.titleOf(id)}: press 1 to 5, or 0 for none.`);
  }

  rated(id, value) {
    if (this.ending.busy) return this.locked();
    if (this.state.order.indexOf(id) >= this.state.cut) return;
    this.change({ do: "rate", card: id, value });
    this.view.announce(`${this.view.titleOf(id)}: ${value ? `rated ${value}` : "no rating"}.`);
  }

  marked(id) {
    const on = this.view.mark(id);
    this.view.announce(`${this.view.titleOf(id)}: ${on ? "marked to compare" : "no longer marked"}.`);
  }

  openCompare() {
    const { order } = this.state;
    const active = order.indexOf(this.view.activeId);
    const chosen = new Set(this.view.marked);
    if (chosen.size < 2) chosen.add(this.view.activeId);
    if (chosen.size < 2) chosen.add(order[active > 0 ? active - 1 : 1]);
    if (chosen.size > 1) this.compare.open(order.filter((id) => chosen.has(id)));
  }

  decided(name, id, ids) {
    for (const marked of [...this.view.marked]) this.view.mark(marked);
    const act = name === "tie" ? { do: "tie", cards: ids } : putAbove(this.state, id, ids.filter((other) => other !== id));
    const about = id ?? ids[0];
    this.change(act, { about });
    this.view.focus(about);
  }

  reasoned(tag) { this.change({ do: "tag", tag, on: !this.state.tags.includes(tag) }); }

  travel(direction) {
    if (!this.change({ do: direction })) return;
    this.view.announce(direction === "undo" ? "Undone." : "Done again.");
  }

  /* ---- listening ---- */

  act(name, value, event) {
    const free = document.activeElement === document.body;
    const inside = this.view.list.contains(document.activeElement);
    // Outside the cards these keys scroll or press what has the focus.
    const plain = ["previous", "next", "top", "bottom", "up-3", "down-3", "mark", "submit"].includes(name);
    const enters = free && (name === "previous" || name === "next");
    if (event && plain && !inside && !enters) return false;
    this.perform(name, value);
    return true;
  }

  perform(name, value) {
    this.noting(name, () => this.actions[name](value));
  }

  /** What changed nothing and opened nothing was not tried. */
  noting(name, act) {
    const { state } = this;
    act();
    if (state !== this.state || document.querySelector("dialog[open]")) this.submission.note(name);
  }

  listen() {
    const { form, view } = this;
    this.reasons = [...form.querySelectorAll('[name="reason_tags"]')].map((box) => ({
      name: box.value, key: box.dataset.key, label: box.parentElement.textContent.trim(),
    }));
    const letters = lettersFor(this.reasons);
    form.querySelectorAll(".tag").forEach((tag, index) => letters[index] && tag.append(kbd(letters[index])));
    new Keys(form, (...call) => this.act(...call), letters);
    new Dragging(view.list, (entry, slot) => this.dropped(entry, slot));
    form.addEventListener("click", (event) => this.clicked(event));
    form.addEventListener("change", (event) => this.changed(event));
    this.comment.addEventListener("change", () => this.wrote());
    this.comment.addEventListener("input", () => {
      clearTimeout(this.writing);
      this.writing = setTimeout(() => this.wrote(), COMMENT_MS);
    });
    for (const name of ["visibilitychange", "pagehide"]) addEventListener(name, () => this.wrote());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ending.submit();
    });
    document.querySelector(".need-toggle").addEventListener("click", toggleNeed);
    const box = document.getElementById("single-keys");
    box.checked = singleKeys.on;
    box.addEventListener("change", () => { singleKeys.on = box.checked; });
    // A page from the browser's memory shows a slate as it was before it was submitted.
    addEventListener("pageshow", (event) => event.persisted && location.reload());
  }

  dropped(entry, slot) {
    if (entry === this.view.line) return this.noting("line", () => this.moveLine(toPlace(LINE, slot)));
    const id = this.view.idOf(entry);
    this.view.activate(id);
    this.noting("drag", () => this.change(toPlace(id, slot), { about: id, glide: false }));
  }

  clicked(event) {
    const label = event.target.closest(".rate label");
    if (label && event.target !== label.control) return this.clickedRating(event, label.control);
    const control = event.target.closest("[data-act]");
    if (!control || control.getAttribute("aria-disabled") === "true" || !(control.dataset.act in this.actions)) return;
    const id = this.view.idOf(control);
    if (id) this.view.activate(id);
    this.perform(control.dataset.act);
    const menu = control.closest("details.menu");
    if (!menu) return;
    menu.open = false;
    this.view.focus(id);
  }

  /** The keyboard stays with the card, where arrows and digits move it; the value that is chosen already is taken back. */
  clickedRating(event, { value, checked }) {
    event.preventDefault();
    const id = this.view.idOf(event.target);
    this.noting("rate", () => this.rated(id, checked ? null : Number(value)));
    this.view.cards.get(id).focus({ preventScroll: true }); // what was clicked stays under the hand
  }

  changed({ target }) {
    if (target.name?.startsWith("rating-")) this.noting("rate", () => this.rated(this.view.idOf(target), Number(target.value)));
    if (target.name === "reason_tags") this.reasoned(target.value);
  }
}

function kbd(letter) {
  const made = document.createElement("kbd");
  made.className = "wide-only";
  made.ariaHidden = "true";
  made.textContent = letter;
  return made;
}

function toggleNeed({ currentTarget: button }) {
  const open = document.getElementById("need").classList.toggle("open");
  button.setAttribute("aria-expanded", String(open));
  button.textContent = open ? "Show less" : "Read all of it";
}

/** Seconds the page was in view: a slate left open over lunch took no hour. */
function secondsInView() {
  let counted = 0;
  let since = document.hidden ? null : performance.now();
  document.addEventListener("visibilitychange", () => {
    if (since !== null) counted += performance.now() - since;
    since = document.hidden ? null : performance.now();
  });
  return () => Math.round((counted + (since === null ? 0 : performance.now() - since)) / 1000);
}

const form = document.getElementById("slate");
// Practice keeps and sends in a way of its own, whose weight no other list has to carry.
const practice = "practice" in form.dataset ? await import("./slate-practice.js") : null;
new Slate(form);
