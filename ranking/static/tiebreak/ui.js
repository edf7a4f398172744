/* Behaviour that every page shares: theme switch, collapsible navigation, menus, dialogs, dismissable messages.
   Declared in markup by data attributes; listeners sit on the document, so parts swapped in by htmx work too. */

const root = document.documentElement;

function chooseTheme(theme) {
  if (theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (theme === "auto") localStorage.removeItem("tiebreak.theme");
    else localStorage.setItem("tiebreak.theme", theme);
  } catch {
    // The choice then lasts for this page only.
  }
}

function showChosenTheme() {
  const chosen = document.querySelector(`input[name="theme"][value="${root.dataset.theme ?? "auto"}"]`);
  if (chosen) chosen.checked = true;
}

/** Whoever signs out may leave the tab to somebody else: what was kept for after a log-in that ran out goes. */
function forgetTab() {
  try {
    sessionStorage.clear();
  } catch {
    // Forbidden storage keeps nothing.
  }
}

function toggleNavigation(button) {
  const nav = document.getElementById(button.getAttribute("aria-controls"));
  const open = nav.classList.toggle("open");
  button.setAttribute("aria-expanded", String(open));
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(except)) menu.open = false;
  }
}

document.addEventListener("change", (event) => {
  if (event.target.name === "theme") chooseTheme(event.target.value);
});

document.addEventListener("submit", (event) => {
  if ("signsOut" in event.target.dataset) forgetTab();
});

document.addEventListener("click", (event) => {
  closeMenus(event.target);
  const control = event.target.closest("[data-opens], [data-closes], [data-dismiss], .nav-toggle");
  if (!control) return;
  if (control.matches(".nav-toggle")) toggleNavigation(control);
  if (control.dataset.opens) document.getElementById(control.dataset.opens)?.showModal();
  if ("closes" in control.dataset) control.closest("dialog")?.close();
  if ("dismiss" in control.dataset) control.closest(".message")?.remove();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.menu[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

showChosenTheme();
