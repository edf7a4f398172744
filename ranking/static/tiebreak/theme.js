/* Runs before the first paint, so that a chosen theme never flashes and no-script controls never show. */
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const theme = localStorage.getItem("tiebreak.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {
    // Storage may be forbidden by the browser; the system's theme is then used.
  }
})();
