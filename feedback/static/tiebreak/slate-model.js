/* The order of one slate as plain values, and every move as a function from one state to the next.
 *
 * A state is { order, joined, cut, ratings, tags }: card ids best first; the ids that are tied with the card above
 * them; how many cards stand above the line (at least one); id -> 1..5; reason tags. States are never changed: a
 * function returns a new one, or the same one when nothing can move. No page is needed to run this file.
 */

/** Stands for the line between "ranked" and "not looked at" wherever a card id could stand. */
export const LINE = Symbol("line");

/** The state of cards in their shown order, or of a saved draft of the same cards. */
export function initial(ids, draft = null) {
  const state = draft && fromTiers(ids, draft);
  return state ?? { order: [...ids], joined: new Set(), cut: ids.length, ratings: {}, tags: [] };
}

/** Read a draft or an answer; null when it does not hold exactly these cards, so that a broken one cannot hide a card. */
export function fromTiers(ids, { tiers = [], rest = [], ratings = {}, reason_tags: tags = [] }) {
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

/** Cards and the line in the order in which they are seen. */
export function sequence(state) {
  return [...state.order.slice(0, state.cut), LINE, ...state.order.slice(state.cut)];
}

/** Put a card or the line at a place of the sequence, counted without it. */
export function moveTo(state, what, slot) {
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

/** Move by some places. Single steps go through the line once something lies below it; longer ones stay on their side. */
export function step(state, what, places) {
  const [first, last] = reach(state, what, places);
  return moveTo(state, what, Math.max(first, Math.min(last, sequence(state).indexOf(what) + places)));
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
  return moveTo(state, id, Math.min(rank, state.cut + (ranked ? 0 : 1)) - 1);
}

/** Move to the end of the part the card is in. */
export function toEnd(state, id) {
  const ranked = state.order.indexOf(id) < state.cut;
  return moveTo(state, id, ranked ? state.cut - 1 : state.order.length);
}

/** Tie a card with the one above it, or untie them. */
export function toggleTie(state, id) {
  const index = state.order.indexOf(id);
  if (index < 1 || index >= state.cut) return state;
  const joined = new Set(state.joined);
  if (!joined.delete(id)) joined.add(id);
  return { ...state, joined };
}

/** Draw the line right below a card; where it already is, take it away. */
export function lineBelow(state, id) {
  const index = state.order.indexOf(id) + 1;
  return moveTo(state, LINE, index === state.cut ? state.order.length : index);
}

/** Put a card right above the best of some others. */
export function putAbove(state, id, others) {
  const best = Math.min(...others.map((other) => state.order.indexOf(other)));
  const own = state.order.indexOf(id);
  if (own < best && own < state.cut) return state;
  // Below the line there is no order: who wins there is brought above it.
  return moveTo(state, id, Math.min(best, state.cut));
}

/** Tie some cards at the rank of the best of them. */
export function tieTogether(state, ids) {
  const [head, ...others] = state.order.filter((id) => ids.includes(id));
  let next = state.order.indexOf(head) < state.cut ? state : moveTo(state, head, state.cut);
  let above = head;
  for (const id of others) {
    next = moveTo(next, id, next.order.indexOf(above) + (next.order.indexOf(id) > next.order.indexOf(above) ? 1 : 0));
    next = { ...next, joined: new Set(next.joined).add(id) };
    above = id;
  }
  return next;
}

/** Rate a card from 1 to 5; null takes the rating back. */
export function rate(state, id, value) {
  if ((state.ratings[id] ?? null) === value) return state;
  const ratings = { ...state.ratings };
  if (value === null) delete ratings[id];
  else ratings[id] = value;
  return { ...state, ratings };
}

export function toggleTag(state, tag) {
  const tags = state.tags.includes(tag) ? state.tags.filter((other) => other !== tag) : [...state.tags, tag];
  return { ...state, tags };
}

/** The state with undo and redo, without limit. */
export class History {
  #past = [];
  #future = [];

  constructor(state) {
    this.state = state;
  }

  get canUndo() { return this.#past.length > 0; }
  get canRedo() { return this.#future.length > 0; }

  /** Take a new state; false when nothing changed. */
  apply(next) {
    if (next === this.state) return false;
    this.#past.push(this.state);
    this.#future = [];
    this.state = next;
    return true;
  }

  /** Take a new state in place of the last one: two keys that mean one move are one step back. */
  amend(next) {
    if (this.canUndo) this.state = this.#past.pop();
    return this.apply(next);
  }

  undo() { return this.#travel(this.#past, this.#future); }
  redo() { return this.#travel(this.#future, this.#past); }

  #travel(from, to) {
    if (from.length === 0) return false;
    to.push(this.state);
    this.state = from.pop();
    return true;
  }
}
