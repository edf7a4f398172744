/* A message of the page's own, where those of the server stand. */

export function tell(text) {
  const box = document.getElementById("messages");
  const item = document.createElement("div");
  item.className = "message error";
  const said = document.createElement("p");
  said.textContent = text;
  const close = document.createElement("button");
  Object.assign(close, { type: "button", className: "ghost small", textContent: "Close" });
  close.dataset.dismiss = "";
  item.append(said, close);
  box.replaceChildren(item);
  box.hidden = false;
  item.scrollIntoView({ block: "nearest" });
}
