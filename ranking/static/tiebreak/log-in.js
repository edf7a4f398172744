/* What becomes of an open page when the log-in behind it has ended, or was renewed in another tab. */

import { tell } from "./messages.js";

/* After a new log-in the token in this page is stale; the one in the cookie is not. */
const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];

// While the event goes down: htmx reads the fields of a form when it arrives.
document.addEventListener("submit", ({ target }) => {
  const field = target.elements.csrfmiddlewaretoken;
  if (field) field.value = token() ?? field.value;
}, true);

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (token()) detail.headers["X-CSRFToken"] = token();
});

/* A part of a page was asked for, and a whole one came: that of the log-in. It belongs into the window, not into the part;
   but where somebody writes it must not take away what is written. */
document.addEventListener("htmx:beforeSwap", (event) => {
  const { shouldSwap, serverResponse, requestConfig } = event.detail;
  if (!shouldSwap || !/^\s*<!doctype/i.test(serverResponse)) return;
  event.preventDefault();
  const written = requestConfig.elt.closest('form[method="post"]:has(textarea)');
  if (written) tell("You are signed out. Sign in in another tab, then go on here: what you have typed stays.");
  else location.assign(`/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
});
