/* What a reader is told when a part of the page could not be fetched: nothing happened, and what to do. */

import { tell } from "./messages.js";

document.addEventListener("htmx:sendError", () => {
  tell("The server can’t be reached. Nothing was changed: try again in a moment.");
});

document.addEventListener("htmx:responseError", (event) => {
  const gone = event.detail.xhr.status === 404;
  tell(gone ? "This list is no longer there. Load the page again." : "That did not work, and nothing was changed. Try again.");
});
