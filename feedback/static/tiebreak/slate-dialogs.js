/* The dialogs of a slate: side by side, and the typed non-answers. */

import { shortcut } from "./slate-keys.js";

export function element(tag, { role, className, text } = {}, ...children) {
  const made = document.createElement(tag);
  if (role) made.setAttribute("role", role);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

/** Two or three cards field by field, with what differs marked, and the decision at hand. */
export class CompareDialog {
  #view;
  #decide;
  #ids = [];
  dialog = document.getElementById("compare");

  /** `decide(name, id, ids)` gets "above" with the chosen id, or "tie". */
  constructor(view, decide) {
    this.#view = view;
    this.#decide = decide;
    this.dialog.addEventListener("click", (event) => {
      if (event.target.closest('[data-act="tie-compared"]')) this.#done("tie", null);
      const choice = event.target.closest("[data-choose]");
      if (choice) this.#done("above", choice.dataset.choose);
    });
    this.dialog.addEventListener("keydown", (event) => this.#pressed(event));
  }

  open(ids) {
    this.#ids = ids;
    const table = document.getElementById("compare-table");
    table.dataset.columns = ids.length;
    table.replaceChildren(this.#heading(), ...this.#rows());
    for (const row of table.children) row.dataset.columns = ids.length;
    this.dialog.showModal();
    table.querySelector("button").focus();
  }

  #heading() {
    const names = this.#ids.map((id, index) => {
      const button = element("button", { className: "small" }, "Put above ", element("kbd", { text: String(index + 1) }));
      button.type = "button";
      button.dataset.choose = id;
      button.setAttribute("aria-label", `Put ${this.#view.titleOf(id)} above the other${this.#ids.length > 2 ? "s" : ""}`);
      return element("div", { role: "columnheader" }, element("span", { text: this.#view.titleOf(id) }), button);
    });
    return element("div", { role: "row" }, element("span", { role: "rowheader", text: "Field" }), ...names);
  }

  #rows() {
    const facts = this.#ids.map((id) => new Map(this.#view.factsOf(id).map((fact) => [fact.label, fact])));
    const labels = [...new Set(facts.flatMap((known) => [...known.keys()]))];
    return labels.map((label) => {
      const values = facts.map((known) => known.get(label) ?? { value: "not reported", missing: true });
      const differs = new Set(values.map(({ value }) => value)).size > 1;
      const cells = values.map(({ value, missing }) => element("span", { role: "cell", className: missing ? "missing" : "", text: value }));
      return element("div", { role: "row", className: differs ? "differs" : "" }, element("span", { role: "rowheader", text: label }), ...cells);
    });
  }

  #pressed(event) {
    const key = shortcut(event);
    const chosen = this.#ids[Number(key) - 1];
    if (chosen) this.#done("above", chosen);
    else if (key === "t" || key === "=") this.#done("tie", null);
    else return;
    event.preventDefault();
  }

  #done(name, id) {
    this.dialog.close();
    this.#decide(name, id, this.#ids);
  }
}

const NEEDS = {
  missing_information: { part: "field", text: "Say which field is missing." },
  conflict_of_interest: { part: "items", text: "Say which of them the conflict is about." },
};

/** The five reasons not to put a slate in order, each with what it needs to say. */
export class CannotDialog {
  #form;
  #submit;
  dialog = document.getElementById("cannot");

  /** `submit(answer)` gets { kind, field, items }. */
  constructor(form, submit) {
    this.#form = form;
    this.#submit = submit;
    this.kinds = [...this.dialog.querySelectorAll('[name="kind"]')].filter((radio) => radio.value !== "reorder");
    this.dialog.addEventListener("change", () => this.#show());
    this.dialog.addEventListener("keydown", (event) => this.#pressed(event));
    this.dialog.querySelector('[data-act="cannot-submit"]').addEventListener("click", () => this.#finish());
  }

  open() {
    for (const radio of this.dialog.querySelectorAll('[name="kind"]')) radio.checked = false;
    this.#show();
    this.dialog.showModal();
    this.kinds[0].focus();
  }

  get kind() { return this.kinds.find((radio) => radio.checked)?.value ?? null; }

  #show() {
    this.#complain("");
    for (const part of this.dialog.querySelectorAll("[data-for]")) {
      part.classList.toggle("wanted", part.dataset.for.split(" ").includes(this.kind));
    }
  }

  #complain(text) { document.getElementById("cannot-error").textContent = text; }

  #pressed(event) {
    // In the list of fields, letters and digits choose a field.
    if (event.target.matches("select")) return;
    const key = shortcut(event);
    const radio = this.kinds[Number(key) - 1];
    if (radio) {
      radio.checked = true;
      radio.focus();
      this.#show();
    } else if (key === "Enter" && event.target.matches("input")) {
      this.#finish();
    } else return;
    event.preventDefault();
  }

  #finish() {
    const { kind } = this;
    const field = kind === "missing_information" ? this.#form.elements.field.value : "";
    const withItems = kind === "missing_information" || kind === "conflict_of_interest";
    const items = withItems ? [...this.dialog.querySelectorAll('[name="items"]:checked')].map((box) => box.value) : [];
    const need = NEEDS[kind];
    if (!kind) return this.#complain("Choose one of the five.");
    if (need && { field, items }[need.part].length === 0) return this.#complain(need.text);
    this.dialog.close();
    this.#submit({ kind, field, items });
  }
}
