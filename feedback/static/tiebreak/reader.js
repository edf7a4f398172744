/* What a reader is told when a part of the page could not be fetched: nothing happened, and what to do. */

function tell(text) {
  const list = document.getElementById("messages");
  const item = document.createElement("li");
  item.className = "message error";
  const said = document.createElement("p");
  said.textContent = text;
  const close = document.createElement("button");
  Object.assign(close, { type: "button", className: "ghost small", textContent: "Close" });
  close.dataset.dismiss = "";
  item.append(said, close);
  list.replaceChildren(item);
  list.hidden = false;
  item.scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:sendError", () => {
  tell("The server can’t be reached. Nothing was changed: try again in a moment.");
});

document.addEventListener("htmx:responseError", (event) => {
  const gone = event.detail.xhr.status === 404;
  tell(gone ? "This list is no longer there. Load the page again." : "That did not work, and nothing was changed. Try again.");
});

/* After the session has ended the answer is the log-in page: it belongs into the window, not into the list. */
document.addEventListener("htmx:beforeSwap", (event) => {
  const answered = new URL(event.detail.xhr.responseURL, location.href);
  if (answered.pathname !== "/login/") return;
  event.preventDefault();
  location.assign(`/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
});
