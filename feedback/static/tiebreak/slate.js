/* One slate: wires the order (slate-model.js) to the page (view, drag, keys, dialogs) and to the server (save).
 * Without this script the same form takes ranks as numbers.
 */

import { History, LINE, answer, fromTiers, initial, lineBelow, moveTo, putAbove, rate, step, tieTogether, toEnd, toRank, toggleTag, toggleTie } from "./slate-model.js";
import { CannotDialog, CompareDialog } from "./slate-dialogs.js";
import { Dragging } from "./slate-drag.js";
import { Keys, lettersFor, singleKeys } from "./slate-keys.js";
import { Autosave, Submission } from "./slate-save.js";
import { SlateView } from "./slate-view.js";

const STATE_TEXT = {
  saving: "Saving…", saved: "Saved", offline: "Offline: will be sent", retrying: "Not saved yet: trying again",
  conflict: "Changed elsewhere: reload", "signed-out": "Signed out: sign in in another tab", refused: "Not saved", sending: "Sending…",
};

class Slate {
  constructor(form) {
    this.form = form;
    this.comment = form.elements.comment;
    this.view = new SlateView(form);
    const draft = JSON.parse(document.getElementById("draft").textContent);
    this.history = new History(initial(this.view.ids, draft));
    this.comment.value = draft?.comment ?? "";
    this.seconds = secondsInView();
    this.autosave = new Autosave(form, (state, text) => this.showState(state, text));
    this.submission = new Submission(form);
    this.compare = new CompareDialog(this.view, (...decision) => this.decided(...decision));
    this.cannot = new CannotDialog(form, (nonAnswer) => this.submit(nonAnswer));
    this.actions = this.namedActions();
    this.listen();
    if (draft) this.showState("saved");
    this.show({ glide: false });
    this.bringBackUnsent();
  }

  get state() { return this.history.state; }

  /* ---- showing and saving ---- */

  show(options) {
    this.view.render(this.state, options);
    for (const [name, possible] of [["undo", this.history.canUndo], ["redo", this.history.canRedo]]) {
      this.form.querySelector(`[data-act="${name}"]`).setAttribute("aria-disabled", String(!possible));
    }
    this.askAgain(false);
  }

  draft() { return { ...answer(this.state), comment: this.comment.value }; }

  showState(state, text = null) {
    const line = document.getElementById("save-state");
    line.dataset.state = state;
    line.textContent = text ?? STATE_TEXT[state];
    if (state === "conflict") this.notice("This slate was changed in another tab or on another device.", "Reload", () => location.reload());
    if (state === "refused") this.notice(text, "Reload", () => location.reload());
  }

  notice(text, action, act) {
    const box = document.getElementById("notice");
    const button = box.querySelector("button");
    box.querySelector("p").textContent = text;
    button.textContent = action;
    button.onclick = () => {
      box.hidden = true;
      act();
    };
    box.hidden = false;
  }

  /** Moves that never reached the server: taken up again, or offered when the server has gone on since. */
  bringBackUnsent() {
    const unsent = this.autosave.unsent();
    const state = unsent && fromTiers(this.view.ids, unsent.draft);
    if (!state) return this.autosave.forget();
    const bring = () => {
      this.comment.value = unsent.draft.comment ?? "";
      this.change(state);
    };
    if (unsent.current) return bring();
    if (JSON.stringify(unsent.draft) === JSON.stringify(this.draft())) return this.autosave.forget();
    this.notice("This browser holds moves that were not sent; what you see was saved elsewhere since.", "Take mine back", bring);
  }

  /** Take a new state: show it, save it, say what became of the card. */
  change(next, { about = null, glide = true, amend = false } = {}) {
    const changed = amend ? this.history.amend(next) : this.history.apply(next);
    if (!changed) return;
    this.show({ glide });
    this.autosave.save(this.draft());
    if (about) this.view.announceRank(this.state, about);
  }

  /* ---- actions: by key, by button, by drag ---- */

  namedActions() {
    const id = () => this.view.activeId;
    const move = (next, about = id()) => this.change(next, { about });
    return {
      previous: () => this.go(-1), next: () => this.go(1),
      up: () => move(step(this.state, id(), -1)), down: () => move(step(this.state, id(), 1)),
      "up-3": () => move(step(this.state, id(), -3)), "down-3": () => move(step(this.state, id(), 3)),
      top: () => move(moveTo(this.state, id(), 0)), bottom: () => move(toEnd(this.state, id())),
      rank: (rank) => move(toRank(this.state, id(), rank)),
      "rank-two-digits": (rank) => this.twoDigits(rank),
      tie: () => move(toggleTie(this.state, id())), line: () => this.moveLine(lineBelow(this.state, id())),
      "line-up": () => this.moveLine(step(this.state, LINE, -1)), "line-down": () => this.moveLine(step(this.state, LINE, 1)),
      rating: () => this.awaitRating(), "rating-over": () => this.form.querySelector(".awaited")?.classList.remove("awaited"),
      rate: (value) => this.rated(id(), value || null),
      reason: (index) => this.change(toggleTag(this.state, this.reasons[index].name)),
      more: () => this.view.toggleMore(id()),
      mark: () => this.marked(id()), compare: () => this.openCompare(),
      comment: () => this.comment.focus(), "leave-text": () => this.view.focus(id()),
      cannot: () => this.cannot.open(), keys: () => document.getElementById("keys").showModal(),
      undo: () => this.travel("undo"), redo: () => this.travel("redo"),
      submit: () => this.submit(),
    };
  }

  go(places) {
    const { order } = this.state;
    const inside = this.view.list.contains(document.activeElement);
    const index = order.indexOf(this.view.activeId) + (inside ? places : 0);
    this.view.focus(order[Math.max(0, Math.min(order.length - 1, index))]);
  }

  twoDigits(rank) {
    const id = this.view.activeId;
    const fits = rank <= this.state.order.length;
    // "1" then "2" in a slate of twelve is one move to rank 12, and one step back.
    this.change(toRank(this.state, id, fits ? rank : rank % 10), { about: id, amend: fits });
  }

  moveLine(next) {
    this.change(next);
    const below = this.state.order.length - this.state.cut;
    this.view.announce(below ? `${this.state.cut} ranked, ${below} not looked at.` : "All are ranked.");
  }

  awaitRating() {
    const id = this.view.activeId;
    const group = this.view.cards.get(id).querySelector(".rate");
    if (!group) return;
    group.classList.add("awaited");
    this.view.announce(`Rating of ${this.view.titleOf(id)}: press 1 to 5, or 0 for none.`);
  }

  rated(id, value) {
    if (this.state.order.indexOf(id) >= this.state.cut) return;
    this.change(rate(this.state, id, value));
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
    const next = name === "tie" ? tieTogether(this.state, ids) : putAbove(this.state, id, ids.filter((other) => other !== id));
    const about = id ?? ids[0];
    this.change(next, { about });
    this.view.focus(about);
  }

  travel(direction) {
    if (!this.history[direction]()) return;
    this.show();
    this.autosave.save(this.draft());
    this.view.announce(direction === "undo" ? "Undone." : "Done again.");
  }

  /* ---- the end of a slate ---- */

  /** Nothing was moved: ask once, so that a slip of the Enter key is no judgement. */
  askAgain(ask) {
    this.asked = ask;
    document.getElementById("submit-label").textContent = ask ? "Submit as shown?" : "Submit";
    if (ask) this.view.announce("Nothing was moved. Submit again to confirm the order as it is shown.");
  }

  judgement(nonAnswer) {
    const own = answer(this.state);
    const base = { ...own, comment: this.comment.value.trim(), field: "", items: [] };
    if (!nonAnswer) return { kind: "reorder", ...base };
    return { ...base, ...nonAnswer, tiers: [], rest: [], ratings: {} };
  }

  async submit(nonAnswer = null) {
    if (this.form.ariaBusy === "true") return;
    const untouched = !this.history.canUndo && !this.history.canRedo && this.form.dataset.version === "0";
    if (!nonAnswer && untouched && !this.asked) return this.askAgain(true);
    this.form.ariaBusy = "true";
    this.autosave.pause();
    this.showState("sending");
    const sent = await this.submission.send(this.judgement(nonAnswer), this.seconds(), (state) => this.showState(state));
    if (sent.taken) {
      this.autosave.forget();
      location.reload(); // the page of a judged slate leads on to the next one
      return;
    }
    this.form.ariaBusy = "false";
    this.autosave.resume();
    this.showState("refused", sent.error);
  }

  /* ---- listening ---- */

  act(name, value, event) {
    const free = document.activeElement === document.body;
    const inside = this.view.list.contains(document.activeElement);
    // Outside the cards these keys scroll or press what has the focus.
    const plain = ["previous", "next", "top", "bottom", "up-3", "down-3", "mark", "submit"].includes(name);
    const enters = free && (name === "previous" || name === "next");
    if (event && plain && !inside && !enters) return false;
    this.actions[name](value);
    return true;
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
    this.comment.addEventListener("change", () => this.autosave.save(this.draft()));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    document.querySelector(".need-toggle").addEventListener("click", toggleNeed);
    const box = document.getElementById("single-keys");
    box.checked = singleKeys.on;
    box.addEventListener("change", () => { singleKeys.on = box.checked; });
    // A page from the browser's memory shows a slate as it was before it was submitted.
    addEventListener("pageshow", (event) => event.persisted && location.reload());
  }

  dropped(entry, slot) {
    if (entry === this.view.line) return this.moveLine(moveTo(this.state, LINE, slot));
    const id = this.view.idOf(entry);
    this.view.activate(id);
    this.change(moveTo(this.state, id, slot), { about: id, glide: false });
  }

  clicked(event) {
    const control = event.target.closest("[data-act]");
    if (!control || control.getAttribute("aria-disabled") === "true" || !(control.dataset.act in this.actions)) return;
    const id = this.view.idOf(control);
    if (id) this.view.activate(id);
    this.actions[control.dataset.act]();
    const menu = control.closest("details.menu");
    if (!menu) return;
    menu.open = false;
    this.view.focus(id);
  }

  changed({ target }) {
    if (target.name?.startsWith("rating-")) this.rated(this.view.idOf(target), Number(target.value));
    if (target.name === "reason_tags") this.change(toggleTag(this.state, target.value));
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

new Slate(document.getElementById("slate"));
