/* Saving and submitting one slate: every state that was reached goes to the server, one request at a time, the latest
 * one next. What the server has not confirmed is also kept in the browser, so that a reload or a crash loses nothing.
 */

const RETRY_MS = [1000, 2000, 5000, 15000];
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Storage that may be forbidden or full: then the server's copy is the only one. */
export function stored(storage) {
  const attempt = (action) => {
    try {
      return action(window[storage]);
    } catch {
      return null;
    }
  };
  return {
    get: (key) => attempt((area) => JSON.parse(area.getItem(key))),
    set: (key, value) => attempt((area) => area.setItem(key, JSON.stringify(value))),
    remove: (key) => attempt((area) => area.removeItem(key)),
  };
}

/** After a new log-in in another tab the token in this page is stale; the one in the cookie is not. */
function token(form) {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  return cookie ? cookie.slice("csrftoken=".length) : form.elements.csrfmiddlewaretoken.value;
}

/** Send JSON; { status, body, signedOut }, with status 0 when the network is away. */
async function send(form, method, url, json, headers = {}) {
  let response;
  try {
    response = await fetch(url, {
      method,
      body: json,
      keepalive: json.length < 60000,
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token(form), ...headers },
    });
  } catch {
    return { status: 0, body: null, signedOut: false };
  }
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  const body = isJson ? await response.json().catch(() => null) : null;
  const signedOut = response.redirected || response.status === 401 || (response.status === 403 && !isJson);
  return { status: response.status, body, signedOut };
}

/** The sentence for a person that an error of the server carries. */
function sentence(answer) {
  return answer.body?.error?.message ?? answer.body?.detail ?? "The server refused this.";
}

const isAway = (answer) => answer.status === 0 || answer.status === 429 || answer.status >= 500;

export class Autosave {
  #form;
  #url;
  #version;
  #onState;
  #waiting = null;
  #running = false;
  #stopped = false;
  #local = stored("localStorage");
  #key;

  constructor(form, onState) {
    this.#form = form;
    this.#url = form.dataset.draftUrl;
    this.#version = Number(form.dataset.version);
    this.#onState = onState;
    this.#key = `tiebreak.draft:${this.#url}`;
    addEventListener("online", () => this.#run());
    // Somebody who signed in again in another tab comes back to this one.
    addEventListener("focus", () => this.#run());
  }

  /** What this browser had not got confirmed, and whether the server has gone on since. */
  unsent() {
    const kept = this.#local.get(this.#key);
    return kept && { draft: kept.draft, current: kept.version === this.#version };
  }

  forget() { this.#local.remove(this.#key); }

  /** While an answer is under way, no draft is sent: it would meet a slate that is already judged. */
  pause() { this.#stopped = true; }

  resume() {
    this.#stopped = false;
    this.#run();
  }

  save(draft) {
    if (this.#stopped) return;
    this.#waiting = draft;
    this.#local.set(this.#key, { version: this.#version, draft });
    this.#run();
  }

  async #run() {
    if (this.#running) return;
    this.#running = true;
    let failures = 0;
    while (this.#waiting && !this.#stopped) {
      const draft = this.#waiting;
      this.#onState("saving");
      const answer = await send(this.#form, "PUT", this.#url, JSON.stringify(draft), { "If-Match": `"${this.#version}"` });
      if (this.#stopped) break;
      if (isAway(answer)) {
        this.#onState(answer.status === 0 ? "offline" : "retrying");
        await wait(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
        continue;
      }
      failures = 0;
      if (!this.#took(answer, draft)) break;
    }
    this.#running = false;
  }

  /** Read the answer to one draft; false when saving has to end. */
  #took(answer, draft) {
    if (answer.signedOut) this.#onState("signed-out");
    else if (answer.status === 412 || answer.status === 409) this.#conflict(answer);
    else if (answer.status >= 400) this.#onState("refused", sentence(answer));
    else return this.#confirmed(answer, draft);
    return false;
  }

  #conflict(answer) {
    this.#stopped = true;
    // 412: somebody went on elsewhere. 409: the session or the slate is over, and the server says which.
    if (answer.status === 412) this.#onState("conflict");
    else this.#onState("refused", sentence(answer));
  }

  #confirmed(answer, draft) {
    this.#version = answer.body.draft_version;
    if (this.#waiting === draft) {
      this.#waiting = null;
      this.forget();
      this.#onState("saved");
    } else {
      this.#local.set(this.#key, { version: this.#version, draft: this.#waiting });
    }
    return true;
  }
}

/** One answer under one key until the server has said something: sent twice, it still counts once. */
export class Submission {
  #form;
  #key;
  #session = stored("sessionStorage");

  constructor(form) {
    this.#form = form;
    this.#key = `tiebreak.answer:${form.dataset.submitUrl}`;
  }

  /** Send until there is an answer; { taken } or { error }. `onAway(state)` is told while the server can't be reached. */
  async send(judgement, seconds, onAway) {
    const { key, json } = this.#frozen(judgement, seconds);
    const url = this.#form.dataset.submitUrl;
    for (let failures = 0; ; failures++) {
      const answer = await send(this.#form, "POST", url, json, { "Idempotency-Key": key });
      if (isAway(answer)) {
        onAway(answer.status === 0 ? "offline" : "retrying");
        await this.#online(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
        continue;
      }
      if (answer.signedOut) return { error: "You are signed out. Sign in in another tab, then submit again." };
      this.#session.remove(this.#key);
      return answer.status < 300 ? { taken: true } : { error: sentence(answer) };
    }
  }

  /** The same judgement keeps its key and its bytes over a reload; a changed one gets a new key. */
  #frozen(judgement, seconds) {
    const core = JSON.stringify(judgement);
    const kept = this.#session.get(this.#key);
    if (kept && kept.core === core) return kept;
    const fresh = { core, key: newKey(), json: JSON.stringify({ ...judgement, seconds }) };
    this.#session.set(this.#key, fresh);
    return fresh;
  }

  #online(ms) {
    return Promise.race([wait(ms), new Promise((resolve) => addEventListener("online", resolve, { once: true }))]);
  }
}

/** `crypto.randomUUID` exists only over HTTPS and on localhost; a first trial often runs over plain HTTP. */
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
