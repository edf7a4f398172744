/* Dragging a card or the line by mouse, pen or finger, on Pointer Events.
 *
 * While something is held nothing moves in the document: the held entry and those that make room are only shifted, so
 * the page never jumps. Fingers drag by the handle (the rest of the card scrolls the page), a mouse by the whole card.
 */

const THRESHOLD = 4; // pixels before a press becomes a drag
const EDGE = 88; // pixels from the edge of the window within which the page scrolls
const FASTEST = 18; // pixels a frame

export class Dragging {
  #list;
  #onDrop;
  #press = null;
  #held = null;

  /** `onDrop(entry, slot)` gets the element and its place among the entries, counted without it. */
  constructor(list, onDrop) {
    this.#list = list;
    this.#onDrop = onDrop;
    list.addEventListener("pointerdown", (event) => this.#pressed(event));
    list.addEventListener("pointermove", (event) => this.#moved(event));
    addEventListener("pointerup", (event) => this.#released(event));
    list.addEventListener("pointercancel", () => this.#end());
    // A finger is captured by what it touched first; that capture ends when the list takes it over.
    list.addEventListener("lostpointercapture", (event) => event.target === list && this.#end());
    addEventListener("keydown", (event) => event.key === "Escape" && this.#held && this.#end());
  }

  #pressed(event) {
    if (!event.isPrimary) return;
    this.#end();
    const entry = event.target.closest("#cards > li");
    const onHandle = event.target.closest(".handle");
    const onControl = event.target.closest("button, summary, input, label, a, details, textarea");
    if (!entry || event.button !== 0 || onControl) return;
    if (event.pointerType === "touch" && !onHandle) return;
    this.#press = { entry, id: event.pointerId, y: event.clientY };
  }

  #moved(event) {
    if (event.pointerId !== this.#press?.id) return;
    if (!event.buttons) return this.#end(); // let go where no page hears of it
    this.#press.now = event.clientY;
    if (!this.#held && Math.abs(event.clientY - this.#press.y) >= THRESHOLD) this.#lift();
    if (this.#held) event.preventDefault();
  }

  #lift() {
    const { entry, id } = this.#press;
    // As long as nothing lies below the line, a card that is dragged past it goes to the last rank, as by the End key.
    const others = [...this.#list.children].filter((other) => other === entry || !other.matches(".cut:not(.drawn)"));
    const places = others.map((element) => {
      const { top, bottom } = element.getBoundingClientRect();
      return { element, top: top + scrollY, bottom: bottom + scrollY };
    });
    const from = places.findIndex((place) => place.element === entry);
    const next = places[from + 1]?.top ?? places[from].bottom + 8;
    this.#held = { places, from, slot: from, room: next - places[from].top, scrolled: scrollY };
    this.#list.setPointerCapture(id);
    entry.classList.add("held");
    document.body.classList.add("dragging");
    requestAnimationFrame(() => this.#frame());
  }

  /** One frame: scroll near an edge, follow the pointer, make room. */
  #frame() {
    if (!this.#held) return;
    this.#scroll(this.#press.now);
    const { places, from, scrolled } = this.#held;
    const own = places[from];
    const lowest = places.at(-1).bottom - own.bottom;
    const highest = places[0].top - own.top;
    const wanted = this.#press.now - this.#press.y + scrollY - scrolled;
    const shift = Math.max(highest - 12, Math.min(lowest + 12, wanted));
    own.element.style.transform = `translateY(${shift}px)`;
    this.#held.slot = this.#makeRoom(own.top + shift, own.bottom + shift);
    requestAnimationFrame(() => this.#frame());
  }

  /** Shift those whose middle the held entry has passed; return its place. */
  #makeRoom(top, bottom) {
    const { places, from, room } = this.#held;
    let slot = from;
    places.forEach(({ element, top: otherTop, bottom: otherBottom }, index) => {
      if (index === from) return;
      const middle = (otherTop + otherBottom) / 2;
      const passedUp = index < from && top < middle;
      const passedDown = index > from && bottom > middle;
      if (passedUp) slot -= 1;
      if (passedDown) slot += 1;
      element.style.transform = passedUp ? `translateY(${room}px)` : passedDown ? `translateY(${-room}px)` : "";
    });
    return slot;
  }

  #scroll(y) {
    const below = y - (innerHeight - EDGE);
    const above = EDGE - y;
    const speed = below > 0 ? below : above > 0 ? -above : 0;
    if (speed) scrollBy({ top: Math.sign(speed) * Math.min(FASTEST, Math.ceil(Math.abs(speed) / 4)), behavior: "instant" });
  }

  #released(event) {
    if (event.pointerId !== this.#press?.id) return;
    const held = this.#held;
    const entry = this.#press.entry;
    this.#end();
    if (held && held.slot !== held.from) this.#onDrop(entry, held.slot);
  }

  #end() {
    const held = this.#held;
    this.#press = this.#held = null;
    if (!held) return;
    document.body.classList.remove("dragging");
    for (const { element } of held.places) {
      element.classList.remove("held");
      element.style.transform = "";
    }
  }
}
