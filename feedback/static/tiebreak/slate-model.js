/* The order of one slate as plain values, and every act on it as a function from one state to the next.
 *
 * A state is { order, joined, cut, ratings, tags }: card ids best first; the ids that are tied with the card above
 * them; how many cards stand above the line (at least one); id -> 1..5; reason tags. States are never changed: a
 * function returns a new one, or the same one when nothing can move. An act is { do, ... } as the server logs it and
 * replays it (feedback/moving.py); fixtures/cases/slate_moves.json holds both to one meaning. No page is needed here.
 */

/** Stands for the line between "ranked" and "not looked at" wherever a card id could stand. */
export const LINE = Symbol("line");

/** The state of cards in their shown order. */
export function initial(ids) {
  return { order: [...ids], joined: new Set(), cut: ids.length, ratings: {}, tags: [] };
}

/** Read a draft or an answer; null when it does not hold exactly these cards, so that a broken one cannot hide a card. */
export function fromTiers(ids, draft) {
  const { ratings = {}, reason_tags: tags = [] } = draft;
  // The API writes card ids as numbers, the page as texts.
  const [tiers, rest] = [(draft.tiers ?? []).map((tier) => tier.map(String)), (draft.rest ?? []).map(String)];
  const order = [...tiers.flat(), ...rest];
  const known = new Set(ids);
  const complete = order.length === ids.length && new Set(order).size === ids.length && order.every((id) => known.has(id));
  const cut = order.length - rest.length;
  if (!complete || cut < 1) return null;
  return {
    order, cut, joined: new Set(tiers.flatMap((tier) => tier.slice(1))), ratings: { ...ratings }, tags: [...tags],
  };
}

/** The tiers above the line, best first; the ids of one tier are tied. */
export function tiers(state) {
  const found = [];
  for (const id of state.order.slice(0, state.cut)) {
    if (state.joined.has(id)) found.at(-1).push(id);
    else found.push([id]);
  }
  return found;
}

/** id -> rank; ties share the better rank and the next one skips ("2", "2", "4"); null below the line. */
export function ranks(state) {
  const found = new Map(state.order.map((id) => [id, null]));
  let above = 0;
  for (const tier of tiers(state)) {
    for (const id of tier) found.set(id, above + 1);
    above += tier.length;
  }
  return found;
}

/** What is sent: tiers, the rest, and the ratings of what was looked at. */
export function answer(state) {
  const ranked = new Set(state.order.slice(0, state.cut));
  const ratings = Object.fromEntries(Object.entries(state.ratings).filter(([id]) => ranked.has(id)));
  return { tiers: tiers(state), rest: state.order.slice(state.cut), ratings, reason_tags: [...state.tags] };
}

/** What is kept of a page: all of its state, and the sentence. */
export function asDraft(state, comment) {
  return { tiers: tiers(state), rest: state.order.slice(state.cut), ratings: { ...state.ratings }, reason_tags: [...state.tags], comment };
}

/** Cards and the line in the order in which they are seen. */
export function sequence(state) {
  return [...state.order.slice(0, state.cut), LINE, ...state.order.slice(state.cut)];
}

/** Put a card or the line at a place of the sequence, counted without it. */
function put(state, what, slot) {
  const before = sequence(state);
  const from = before.indexOf(what);
  const after = before.filter((other) => other !== what);
  const place = Math.max(0, Math.min(slot, after.length));
  if (from < 0 || place === from) return state;
  after.splice(place, 0, what);
  const cut = after.indexOf(LINE);
  if (cut < 1) return state;
  const order = after.filter((other) => other !== LINE);
  return { ...state, order, cut, joined: joinsAfter(state, what, order, cut) };
}

/** Ties after a move: a card leaves its tie, and joins the one into whose middle it is put. */
function joinsAfter(state, moved, order, cut) {
  const joined = new Set(state.joined);
  if (moved !== LINE) {
    const follower = state.order[state.order.indexOf(moved) + 1];
    // Without its head, a tie goes on with the next card as its head.
    if (!state.joined.has(moved)) joined.delete(follower);
    const below = order[order.indexOf(moved) + 1];
    if (joined.has(below)) joined.add(moved);
    else joined.delete(moved);
  }
  order.forEach((id, index) => {
    if (index === 0 || index >= cut) joined.delete(id);
  });
  return joined;
}

function tie(state, { card, cards }) {
  if (cards) return tieTogether(state, cards.map(String));
  const index = state.order.indexOf(card);
  if (index < 1 || index >= state.cut || state.joined.has(card)) return state;
  return { ...state, joined: new Set(state.joined).add(card) };
}

function untie(state, { card }) {
  if (!state.joined.has(card)) return state;
  const joined = new Set(state.joined);
  joined.delete(card);
  return { ...state, joined };
}

/** Tie some cards at the rank of the best of them. */
function tieTogether(state, ids) {
  const [head, ...others] = state.order.filter((id) => ids.includes(id));
  let next = state.order.indexOf(head) < state.cut ? state : put(state, head, state.cut);
  let above = head;
  for (const id of others) {
    // The others follow in their order, so each comes from below: it lands right under the one before.
    next = put(next, id, next.order.indexOf(above) + 1);
    if (!next.joined.has(id)) next = { ...next, joined: new Set(next.joined).add(id) };
    above = id;
  }
  return next;
}

function rate(state, { card, value }) {
  if ((state.ratings[card] ?? null) === value) return state;
  const ratings = { ...state.ratings };
  if (value === null) delete ratings[card];
  else ratings[card] = value;
  return { ...state, ratings };
}

function tag(state, { tag: name, on }) {
  if (on === state.tags.includes(name)) return state;
  return { ...state, tags: on ? [...state.tags, name] : state.tags.filter((other) => other !== name) };
}

function replace(state, { draft }) {
  const next = fromTiers(state.order, draft);
  return next === null || same(asDraft(next, ""), asDraft(state, "")) ? state : next;
}

const HOW = {
  move: (state, { card, to }) => put(state, card, to), line: (state, { to }) => put(state, LINE, to), tie, untie, rate, tag, replace,
};

/** Whether two drafts say the same. */
export function same(one, other) {
  const words = ({ tiers: ranked = [], rest = [], ratings = {}, reason_tags: tags = [], comment = "" }) => JSON.stringify([
    ranked.map((tier) => tier.map(String)), rest.map(String), Object.entries(ratings).sort(([a], [b]) => (a < b ? -1 : 1)), tags, comment,
  ]);
  return words(one) === words(other);
}

/* ---- acts that mean what a key, a button or a dialog means ---- */

const act = (what, slot) => {
  const to = Math.max(0, slot);
  return what === LINE ? { do: "line", to } : { do: "move", card: what, to };
};

/** Put a card or the line at a place of the sequence, counted without it. */
export const toPlace = act;

/** Move by some places. Single steps go through the line once something lies below it; longer ones stay on their side. */
export function step(state, what, places) {
  const [first, last] = reach(state, what, places);
  return act(what, Math.max(first, Math.min(last, sequence(state).indexOf(what) + places)));
}

function reach(state, what, places) {
  const bottom = state.order.length;
  if (what === LINE) return [1, bottom];
  if (Math.abs(places) === 1 && state.cut < bottom) return [0, bottom];
  return state.order.indexOf(what) < state.cut ? [0, state.cut - 1] : [state.cut + 1, bottom];
}

/** Move to a rank, counted in cards; beyond the last rank it becomes the last one. */
export function toRank(state, id, rank) {
  const ranked = state.order.indexOf(id) < state.cut;
  return act(id, Math.min(rank, state.cut + (ranked ? 0 : 1)) - 1);
}

/** Move to the end of the part the card is in. */
export function toEnd(state, id) {
  return act(id, state.order.indexOf(id) < state.cut ? state.cut - 1 : state.order.length);
}

/** Tie a card with the one above it, or untie them. */
export function tieOrUntie(state, id) {
  return { do: state.joined.has(id) ? "untie" : "tie", card: id };
}

/** Draw the line right below a card; where it already is, take it away. */
export function lineBelow(state, id) {
  const index = state.order.indexOf(id) + 1;
  return act(LINE, index === state.cut ? state.order.length : index);
}

/** Put a card right above the best of some others; null when it stands there. */
export function putAbove(state, id, others) {
  const best = Math.min(...others.map((other) => state.order.indexOf(other)));
  const own = state.order.indexOf(id);
  if (own < best && own < state.cut) return null;
  // Below the line there is no order: who wins there is brought above it.
  return act(id, Math.min(best, state.cut));
}

/* ---- the page: the state, the sentence, and the way there and back ---- */

export class Page {
  #past = [];
  #future = [];
  comment = "";

  /** From what the server says of a draft; without a word from it, the cards as they are shown. */
  constructor(ids, { base = null, past = [], future = [], draft = null } = {}) {
    this.state = (base && fromTiers(ids, base)) ?? initial(ids);
    for (const one of [...past, ...future]) this.do(withTexts(one));
    for (let left = future.length; left > 0; left--) this.do({ do: "undo" });
    this.comment = draft?.comment ?? "";
  }

  get canUndo() { return this.#past.length > 0; }
  get canRedo() { return this.#future.length > 0; }
  get draft() { return asDraft(this.state, this.comment); }

  /** Take an act; false when nothing changed. */
  do(one) {
    if (one.do === "undo") return this.#travel(this.#past, this.#future, "before");
    if (one.do === "redo") return this.#travel(this.#future, this.#past, "after");
    const comment = { comment: one.text, replace: one.draft?.comment ?? "" }[one.do] ?? this.comment;
    const after = one.do === "comment" ? this.state : HOW[one.do](this.state, one);
    const changed = after !== this.state || comment !== this.comment;
    this.comment = comment;
    if (after === this.state) return changed;
    this.#past.push({ before: this.state, after });
    this.#future = [];
    this.state = after;
    return true;
  }

  #travel(from, to, end) {
    if (from.length === 0) return false;
    const taken = from.pop();
    to.push(taken);
    this.state = taken[end];
    return true;
  }
}

function withTexts(one) {
  return "card" in one ? { ...one, card: String(one.card) } : one;
}
