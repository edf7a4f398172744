/* Saving the moves on one slate: each goes to the server as it happens, one request at a time, in order, under a key of
 * its own. What the server has not confirmed stays in the browser's storage, by account and slate: no network, a closed
 * tab, a log-in that ran out or a server that restarts lose nothing, and what is sent twice counts once.
 */

import { isAway, nap, newKey, send, sentence, stored } from "./slate-save.js";

/** The moves that wait, in storage that every tab of this browser sees; each tab adds and takes away only its own. */
class Waiting {
  #local = stored("localStorage");
  #key;
  #line = newKey();
  own = [];

  constructor(key) { this.#key = key; }

  /** False when the storage is forbidden or full: then a closed tab would lose what waits. */
  add(entry) {
    const kept = { ...entry, line: this.#line };
    this.own.push(kept);
    return this.#write((all) => [...all, kept]);
  }

  /** Whether a move waits still; another tab may have sent it, or somebody has given it up there. */
  has({ key }) { return (this.#local.get(this.#key) ?? []).some((entry) => entry.key === key); }

  done(keys) {
    this.own = this.own.filter(({ key }) => !keys.includes(key));
    this.#write((all) => all.filter(({ key }) => !keys.includes(key)));
  }

  /** Moves of earlier pages, one list a page, without those that the server has. */
  left(keys) {
    const known = new Set(keys);
    const lines = new Map();
    const landed = [];
    for (const entry of this.#local.get(this.#key) ?? []) {
      if (known.has(entry.key)) landed.push(entry.key);
      else lines.set(entry.line, [...(lines.get(entry.line) ?? []), entry]);
    }
    if (landed.length) this.done(landed);
    return [...lines.values()];
  }

  /** Take over the moves of an earlier page. If that page lives after all, both send the same keys. */
  adopt(entries) {
    const keys = new Set(entries.map(({ key }) => key));
    this.own = entries.map((entry) => ({ ...entry, line: this.#line }));
    this.#write((all) => all.map((entry) => (keys.has(entry.key) ? { ...entry, line: this.#line } : entry)));
  }

  #write(change) {
    const all = change(this.#local.get(this.#key) ?? []);
    if (all.length === 0) return this.#local.remove(this.#key) !== null;
    return this.#local.set(this.#key, all) !== null;
  }
}

export class Moves {
  #form;
  #on;
  #waiting;
  #running = null;
  #word = null;
  #durable = true;
  halted = null;

  /** `on` is told `state(name, waiting, text)`, `conflict(current)` and `overtaken()`, and asked for the page's `draft()`. */
  constructor(form, version, on) {
    this.#form = form;
    this.#on = on;
    this.version = version;
    this.#waiting = new Waiting(`tiebreak.moves:${form.dataset.account}:${form.dataset.movesUrl}`);
    // Somebody who signed in again in another tab comes back to this one.
    addEventListener("focus", () => this.#wake("signed-out", "elsewhere"));
    addEventListener("online", () => this.#wake());
    addEventListener("beforeunload", (event) => this.waiting && !this.#durable && event.preventDefault());
  }

  get waiting() { return this.#waiting.own.length; }

  /** What earlier pages left: the moves that go on from here, and the orders that do not. */
  takeUp(keys, fits) {
    let acts = [];
    const rivals = [];
    // What was made on top of a move that never arrived does not go on from here, whatever its number.
    const follows = ({ base, after }) => base === this.version && (!after || keys.includes(after));
    for (const entries of this.#waiting.left(keys)) {
      const found = entries.map(({ json }) => JSON.parse(json));
      if (acts.length === 0 && follows(entries[0]) && fits(found)) {
        this.#waiting.adopt(entries);
        acts = found;
      } else rivals.push({ draft: found.at(-1).state, keys: entries.map(({ key }) => key), base: entries[0].base });
    }
    return { acts, rivals };
  }

  /** Forget the moves of a rival: somebody has decided for what the page shows. The first of them may be on its way still.
   * A move that waits on the same version settles which of the two comes in time; if none waits, one is made.
   */
  forget({ keys, base }, draft) {
    this.#waiting.done(keys);
    if (base < this.version || this.waiting) return;
    this.#addWhole(draft);
    this.run();
  }

  /** Begin again from a version of the server: what waited here was decided against, or is part of what comes next. */
  restart(version) {
    this.#waiting.done(this.#waiting.own.map(({ key }) => key));
    this.version = version;
    this.halted = null;
  }

  add(act, state) {
    const base = this.version + this.waiting;
    const after = this.#waiting.own.at(-1)?.key ?? null;
    const json = JSON.stringify({ ...act, state, at: new Date().toISOString() });
    this.#durable = this.#waiting.add({ key: newKey(), base, after, json }) && this.#durable;
    if (this.#word) this.#say(this.#word);
    this.#wake("signed-out", "elsewhere");
  }

  /** Resolves to true once nothing waits, to false when `signal` calls it off or somebody has to decide something first. */
  async settled(signal) {
    const stopped = new Promise((resolve) => signal.addEventListener("abort", resolve));
    this.#wake("signed-out", "elsewhere"); // somebody may have signed in again in another tab
    while (this.waiting && !this.halted && !signal.aborted) await Promise.race([this.run(), stopped]);
    return !this.halted && !signal.aborted;
  }

  #wake(...states) {
    if (states.includes(this.halted)) this.halted = null;
    this.run();
  }

  /** Say again how it stands, after something else was said. */
  tell() { this.#on.state(this.#word ?? "saved", this.waiting, null); }

  #say(word, text = null) {
    this.#word = word;
    this.#on.state(word, this.waiting, text);
  }

  #halt(word, text = null) {
    this.halted = word;
    this.#say(word, text);
  }

  run() {
    if (!this.#running && this.waiting && !this.halted) {
      this.#running = this.#sendAll().finally(() => { this.#running = null; });
    }
    return this.#running;
  }

  async #sendAll() {
    let failures = 0;
    while (this.waiting && !this.halted) {
      const entry = this.#waiting.own[0];
      if (this.#durable && !this.#waiting.has(entry)) {
        this.halted = "overtaken";
        this.#on.overtaken();
        break;
      }
      if (!failures) this.#say("saving");
      const headers = { "If-Match": `"${entry.base}"`, "Idempotency-Key": entry.key };
      const answer = await send(this.#form, this.#form.dataset.movesUrl, entry.json, headers);
      if (isAway(answer)) {
        this.#say(answer.status === 0 ? "offline" : "retrying");
        await nap(failures++);
        continue;
      }
      failures = 0;
      this.#took(entry, answer);
    }
    if (!this.halted) this.#say("saved");
  }

  #took(entry, answer) {
    const { status, body } = answer;
    if (answer.barred) this.#halt(answer.barred);
    else if (status < 300) {
      this.version = body.draft_version;
      this.#waiting.done([entry.key]);
    } else if (status === 412) {
      this.#halt("conflict");
      this.#on.conflict(body.current);
    } else if (status === 409 || entry.whole) this.#halt(status === 409 ? "over" : "refused", sentence(answer));
    else this.#sendWhole();
  }

  /** A move that the server can't follow, whatever the reason: what the page shows is sent as a whole instead. */
  #sendWhole() {
    this.restart(this.version);
    this.#addWhole(this.#on.draft());
  }

  #addWhole(draft) {
    const json = JSON.stringify({ do: "replace", draft, at: new Date().toISOString() });
    this.#waiting.add({ key: newKey(), base: this.version, json, whole: true });
  }
}
