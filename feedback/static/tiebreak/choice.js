/* Keys of a choice between two lists. The form works without this file; it only makes it quicker. */

import { lettersFor, singleKeys } from "./slate-keys.js";
import { stored } from "./slate-save.js";

const form = document.getElementById("choice");
const comment = document.getElementById("comment");
const cannot = document.getElementById("cannot");
const reasons = [...form.querySelectorAll('[name="reason_tags"]')];
// The letters are those of a slate: a project's reason has the same key on both pages.
const letters = lettersFor(reasons.map((box) => ({ key: box.dataset.key, label: box.closest("label").textContent.trim() })));
const started = performance.now();
// What is said so far, for whoever has to log in before it can be sent; that of the next choice takes its place.
const KEPT = "tiebreak.choice";
const session = stored("sessionStorage");

for (const shown of document.querySelectorAll("[data-reason-key]")) {
  const letter = letters[reasons.findIndex((box) => box.value === shown.dataset.reasonKey)];
  if (letter) shown.textContent = letter;
  else shown.closest("dt").nextElementSibling.remove(), shown.closest("dt").remove();
}

function markChosen() {
  const { kind } = form.elements;
  for (const side of form.querySelectorAll("[data-side]")) side.classList.toggle("chosen", side.dataset.side === kind.value);
}

function keep() {
  const tags = reasons.filter((box) => box.checked).map((box) => box.value);
  session.set(KEPT, { address: form.action, kind: form.elements.kind.value, tags, comment: comment.value });
}

function restore() {
  const kept = session.get(KEPT);
  if (kept?.address !== form.action) return;
  form.elements.kind.value = kept.kind;
  for (const box of reasons) box.checked = kept.tags.includes(box.value);
  comment.value = kept.comment;
  cannot.open ||= cannot.querySelector(":checked") !== null;
}

function choose(radio) {
  document.getElementById("missing").hidden = true;
  radio.checked = true;
  radio.focus({ preventScroll: true });
  markChosen();
}

function pressed(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.target === comment) {
    if (event.key === "Escape") comment.blur();
    return;
  }
  if (act(event)) event.preventDefault();
}

/** Do what the key stands for; false for "not mine": the browser then goes on as usual. */
function act({ key, target, repeat }) {
  if (key === "Enter") {
    // A held key must not answer the next need as well.
    if (target.matches("button, a, summary")) return false;
    if (!repeat) form.requestSubmit();
    return true;
  }
  if (!singleKeys.on) return false;
  const answer = form.querySelector(`[data-answer="${CSS.escape(key)}"]`);
  const reason = reasons[letters.indexOf(key.toLowerCase())];
  if (answer) choose(answer);
  else if (key === "?") document.getElementById("keys").showModal();
  else if (key === "w") comment.focus();
  else if (key === "x") {
    cannot.open = true;
    cannot.querySelector("input").focus();
  } else if (reason) reason.checked = !reason.checked;
  else return false;
  return true;
}

const setting = document.getElementById("single-keys");
setting.checked = singleKeys.on;
setting.addEventListener("change", () => { singleKeys.on = setting.checked; });
document.addEventListener("keydown", pressed);
// A page from the browser's memory shows a need as it was before it was answered.
addEventListener("pageshow", (event) => event.persisted && location.reload());
// A phone that takes the page out of its memory says nothing but that it was hidden.
for (const [on, name] of [[window, "pagehide"], [document, "visibilitychange"]]) on.addEventListener(name, keep);
form.addEventListener("change", markChosen);
form.addEventListener("submit", (event) => {
  const nothing = form.elements.kind.value === "";
  document.getElementById("missing").hidden = !nothing;
  if (nothing) event.preventDefault();
  form.elements.seconds.value = Math.round((performance.now() - started) / 1000);
});
restore();
markChosen();
