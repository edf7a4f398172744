/* What a slate says of saving: the state in one line, and a notice where somebody has to do something. */

const STATE_TEXT = {
  saving: "Saving…", saved: "Saved", offline: "Offline", retrying: "Not saved yet", conflict: "Changed elsewhere",
  "signed-out": "Signed out", elsewhere: "Not your list now", refused: "Not saved", over: "Not saved", sending: "Sending…",
  waits: "Not submitted yet", paused: "Paused",
};
const SIGNED_OUT = "You are signed out. Your moves are kept in this browser, and are sent when you have signed in again.";
// All that the server says is “not found”.
const ELSEWHERE = "This list has gone over to another expert, or was taken back; or somebody else is signed in here now. Your moves are kept in this browser.";

export class SaveStatus {
  #line = document.getElementById("save-state");
  #box = document.getElementById("notice");
  #loginUrl;
  #startOver;
  #troubled = false;
  #putOff = null;
  #words = ["", this.#line.textContent];
  #question = "";

  /** `startOver()` gives up the moves that can't be saved any more. */
  constructor(form, startOver) {
    this.#loginUrl = form.dataset.loginUrl;
    this.#startOver = startOver;
  }

  /** Saving as usual is shown and not read out after every move; trouble is, and so is its end. */
  show(state, waiting = 0, text = null) {
    const counted = waiting && !["saving", "saved", "sending", "over"].includes(state) ? `: ${waiting} move${waiting > 1 ? "s" : ""} waiting` : "";
    this.#words = [state, STATE_TEXT[state] + counted];
    this.#line.ariaLive = !this.#question && (state === "saving" || (state === "saved" && !this.#troubled)) ? "off" : "polite";
    this.#troubled = state !== "saved" && (this.#troubled || !["saving", "sending"].includes(state));
    this.#write();
    const reload = () => location.reload();
    if (state === "signed-out") this.notice(SIGNED_OUT, "Sign in", () => location.assign(this.#loginUrl), "log-in");
    if (state === "elsewhere") this.notice(ELSEWHERE, "Leave this list", reload, "log-in");
    if (state === "refused") this.notice(text, "Reload", reload);
    if (state === "paused") this.notice(text, "Leave this list", reload);
    if (state === "over") this.#end(text);
    if (state !== "saved") return;
    this.#putOff = null;
    this.hideNotice("log-in");
  }

  /** The list takes nothing any more: there is one way on from here. */
  #end(text) {
    this.#box.parentElement.classList.add("ended");
    this.notice(`${text} What you did since your last save is not kept.`, "Leave this list", () => {
      this.#startOver();
      location.reload();
    });
  }

  /** A question before a list is submitted stands in the line until it is answered; what is said meanwhile comes after it. */
  ask(question) {
    this.#question = question;
    this.#line.ariaLive = question || this.#troubled ? "polite" : "off";
    this.#write();
  }

  #write() {
    const [state, text] = this.#question ? ["asked", this.#question] : this.#words;
    this.#line.dataset.state = state;
    if (this.#line.textContent !== text) this.#line.textContent = text;
  }

  /** Lies over the page, so that nothing moves under somebody's hand. What is `about` something can be put off. */
  notice(text, action, act, about = "") {
    if (about && about === this.#putOff) return;
    this.#box.dataset.about = about;
    const [button, later] = this.#box.querySelectorAll("button");
    this.#box.querySelector("p").textContent = text;
    button.textContent = action;
    button.onclick = () => {
      this.hideNotice();
      act();
    };
    later.hidden = !about || about === "waits";
    later.onclick = () => {
      this.hideNotice();
      this.#putOff = about;
    };
    this.#box.hidden = false;
  }

  /** Hide the notice, or only the one that is `about` something. */
  hideNotice(about = null) {
    if (about === null || about === this.#box.dataset.about) this.#box.hidden = true;
  }

  /** A notice that was put off comes again when there is reason to. */
  remind() { this.#putOff = null; }
}
