/* Talking to the server: requests that say how they ended, storage that may be forbidden, and the answer to a slate. */

const RETRY_MS = [1000, 2000, 5000, 15000];
const TIMEOUT_MS = 15000;

/** Wait before the next attempt, longer after each; shorter when the network or the person comes back, or it is called off. */
export function nap(failures, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      for (const name of ["online", "focus"]) removeEventListener(name, done);
      resolve();
    };
    const timer = setTimeout(done, signal?.aborted ? 0 : RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
    for (const name of ["online", "focus"]) addEventListener(name, done);
    signal?.addEventListener("abort", done);
  });
}

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
    set: (key, value) => attempt((area) => area.setItem(key, JSON.stringify(value)) ?? true),
    remove: (key) => attempt((area) => area.removeItem(key) ?? true),
  };
}

/** After a new log-in in another tab the token in this page is stale; the one in the cookie is not. */
function token(form) {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  return cookie ? cookie.slice("csrftoken=".length) : form.elements.csrfmiddlewaretoken.value;
}

/** Send JSON; { status, body, barred }, with status 0 when no answer came, or none that can be read. */
export async function send(form, url, json, headers, signal) {
  const stop = new AbortController();
  for (const one of [AbortSignal.timeout(TIMEOUT_MS), signal]) one?.addEventListener("abort", () => stop.abort());
  const response = await fetch(url, {
    method: "POST",
    body: json,
    keepalive: json.length < 60000,
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token(form), ...headers },
    signal: stop.signal,
  }).catch(() => null);
  const isJson = response?.headers.get("Content-Type")?.includes("json");
  const body = isJson ? await response.json().catch(() => null) : null;
  const { status, redirected } = response ?? { status: 0 };
  const signedOut = redirected || status === 401 || (status === 403 && !isJson);
  const barred = signedOut ? "signed-out" : status === 404 && "elsewhere";
  // What was done, and what is there instead, is told by the body alone.
  const told = body || barred || (status > 299 && status !== 412);
  return { status: told ? status : 0, body, barred };
}

/** The sentence for a person that an error of the server carries; a service words its errors as parts of one. */
export function sentence({ body }) {
  const text = body?.error?.message ?? body?.detail ?? "The server refused this";
  return text[0].toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");
}

export const isAway = (answer) => answer.status === 0 || answer.status === 429 || answer.status >= 500;

/** One answer under one key until the server has said something: sent twice, it still counts once. */
export class Submission {
  #form;
  #key;
  #session = stored("sessionStorage");

  constructor(form) {
    this.#form = form;
    this.#key = `tiebreak.answer:${form.dataset.submitUrl}`;
  }

  /** What was done on the way: only practice tells from it what was not tried. */
  note() {}

  /** Send until there is an answer; { taken }, { current } when the list was changed elsewhere, { barred }, or { error }.
   * `onAway(state)` is told while the server can't be reached; `signal` calls it off at once, and it keeps its key.
   */
  async send(judgement, { version, seconds, signal, onAway }) {
    const { key, json } = this.#frozen(judgement, seconds);
    const url = this.#form.dataset.submitUrl;
    for (let failures = 0; ; failures++) {
      const headers = { "Idempotency-Key": key, "If-Match": `"${version}"` };
      const answer = await send(this.#form, url, json, headers, signal);
      if (isAway(answer)) {
        onAway(answer.status === 0 ? "offline" : "retrying");
        await nap(failures, signal);
        if (signal.aborted) return {};
        continue;
      }
      if (answer.barred) return { barred: answer.barred };
      this.#session.remove(this.#key);
      if (answer.status === 412) return { current: answer.body.current };
      return answer.status < 300 ? { taken: true } : { error: sentence(answer), code: answer.body?.error?.code };
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
}

/** `crypto.randomUUID` exists only over HTTPS and on localhost; a first trial often runs over plain HTTP. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
