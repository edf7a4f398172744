"""Records of one export against each other: what is said twice, what leads nowhere, what does not follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from feedback.contradictions import contradicted
from feedback.exchange.schema import Record, gold_key, of_type, session_key
from feedback.preferences import ShownList, derive
from ranking.content import content_hash
from ranking.importers.tables import MOST_REFUSALS, Refusal

SlateKey = tuple[str, str, int]


class Complaints:
    """Collects refusals of records, up to a limit."""

    def __init__(self, most: int = MOST_REFUSALS) -> None:
        self.found: list[Refusal] = []
        self.most = most

    def add(self, record: Record, column: str, message: str) -> None:
        """Note why a record can't be taken."""
        if len(self.found) < self.most:
            self.found.append(Refusal(record.file, record.line, column, message))


def check_records(records: Sequence[Record], project: str) -> tuple[Refusal, ...]:
    """Return what is wrong with the records of an export into the project of that slug."""
    if not records:
        return (Refusal("", None, "", "holds no record"),)
    complaints = Complaints()
    _check_head(records, project, complaints)
    _check_once(records, complaints)
    if complaints.found:
        return tuple(complaints.found)
    _check_targets(records, complaints)
    _check_sessions(records, complaints)
    _check_items(records, complaints)
    _check_gold(records, complaints)
    if complaints.found:
        return tuple(complaints.found)
    _check_slates(records, complaints)
    if not complaints.found:
        _check_preferences(records, complaints)
    return tuple(complaints.found)


def follows(judgement: Record, cards: Sequence[Record], slate: Record) -> dict[tuple[int, int], Any]:
    """Return what a judgement of a slate says by (winner, loser): weight, target, origin and shown gap."""
    shown = ShownList(
        shown=sorted(card.values["shown_position"] for card in cards),
        kind=judgement.values["kind"],
        randomised=slate.values["randomised"],
        tiers=judgement.values["tiers"],
        ratings={int(place): rating for place, rating in judgement.values["ratings"].items()},
        decided_by=judgement.values["decided_by"] or "",
        known=slate.values["gold"] is not None,
    )
    return {
        (pair.winner, pair.loser): (pair.weight, pair.target, pair.origin, pair.shown_gap)
        for pair in derive(shown)
    }


def _check_head(records: Sequence[Record], project: str, complaints: Complaints) -> None:
    heads = of_type(records, "export")
    if len(heads) != 1 or not records or records[0].type != "export":
        complaints.add(records[0], "type", "expected one record of type export, before all others")
    elif heads[0].values["project"] != project:
        found = heads[0].values["project"]
        complaints.add(heads[0], "project", f"is an export of {found!r}, not of {project!r}")


def _check_once(records: Sequence[Record], complaints: Complaints) -> None:
    first: dict[Any, Record] = {}
    for record in records:
        earlier = first.setdefault(record.key, record)
        if earlier is not record:
            complaints.add(record, "", f"this {record.type} stands on line {earlier.line} already")
    keys: dict[tuple[str, str], Record] = {}
    for judgement in of_type(records, "judgement"):
        named = (judgement.values["expert"], judgement.values["idempotency_key"])
        if keys.setdefault(named, judgement) is not judgement:
            line = keys[named].line
            complaints.add(judgement, "idempotency_key", f"this expert used it on line {line} already")


def _check_targets(records: Sequence[Record], complaints: Complaints) -> None:
    """What a record names must be there."""
    there: set[Any] = {record.key for record in records} | {("gold", None)}
    wanted: dict[str, Callable[[Record], Any]] = {
        "expert": lambda record: ("person", record.values["expert"]),
        "session": lambda record: ("session", record.values["session"]),
        "position": lambda record: ("slate", *record.slate),
        "item": lambda record: ("item", record.values["item"], record.values["content_hash"]),
        "gold": lambda record: ("gold", record.values["gold"]),
    }
    names = {
        "participation": ("expert", "session"),
        "slate": ("expert", "session", "gold"),
        "gold_item": ("gold", "item"),
        "card": ("position", "item"),
        "judgement": ("position",),
        "preference": ("position",),
    }
    for record in records:
        for name in names.get(record.type, ()):
            target = wanted[name](record)
            if target not in there:
                said = " / ".join(map(str, target[1:]))
                complaints.add(record, name, f"there is no {target[0]} {said} in this export")


def _check_sessions(records: Sequence[Record], complaints: Complaints) -> None:
    for session in of_type(records, "session"):
        if (session.values["state"] == "closed") != (session.values["closed_at"] is not None):
            complaints.add(session, "closed_at", "a closed session has the moment of its closing, no other")
        names = ("opened_at", "opened_by", "title", "seed")
        key = session_key(*(session.values[name] for name in names))
        if session.values["session"].partition("-")[0] != key:
            complaints.add(session, "session", f"is not the key of what was opened then; expected {key}")


def _check_items(records: Sequence[Record], complaints: Complaints) -> None:
    for item in of_type(records, "item"):
        if content_hash(item.values["content"]) != item.values["content_hash"]:
            complaints.add(item, "content_hash", "is not the hash of the content")


def _check_gold(records: Sequence[Record], complaints: Complaints) -> None:
    """A list of known order is named by what it holds, and ends with a name and a reason."""
    people = {person.values["expert"] for person in of_type(records, "person")}
    tiers = gold_tiers(records)
    for gold in of_type(records, "gold"):
        values = gold.values
        key = gold_key(
            values["query"], values["signed_at"], values["signed_by"], tiers.get(values["gold"], [])
        )
        if values["gold"] != key:
            complaints.add(gold, "gold", f"is not the key of what was signed off then; expected {key}")
        ended = {values[name] is not None for name in ("retired_at", "retired_by", "retired_reason")}
        if len(ended) > 1:
            complaints.add(
                gold, "retired_at", "a retired list has a moment, a name and a reason, another none"
            )
        if not set(values["known_to"]) <= people:
            complaints.add(gold, "known_to", "names somebody who is not in this export")
    for slate in of_type(records, "slate"):
        if (slate.values["arm"] == "gold") != (slate.values["gold"] is not None):
            complaints.add(slate, "gold", "a slate of the arm gold names its list, no other does")
    _check_planted(records, complaints)


def _check_planted(records: Sequence[Record], complaints: Complaints) -> None:
    """A slate shows nothing but what the list of known order that is planted there holds."""
    names = ("gold", "item", "content_hash")
    known = {tuple(one.values[name] for name in names) for one in of_type(records, "gold_item")}
    gold = {slate.slate: slate.values["gold"] for slate in of_type(records, "slate")}
    for card in of_type(records, "card"):
        planted = gold.get(card.slate)
        if planted is not None and (planted, card.values["item"], card.values["content_hash"]) not in known:
            complaints.add(card, "item", "is not in the list of known order that is planted here")


def gold_tiers(records: Iterable[Record]) -> dict[str, list[list[tuple[str, str]]]]:
    """Return the (item, content hash) of each list of known order, tier by tier."""
    found: dict[str, dict[int, list[tuple[str, str]]]] = {}
    for one in of_type(records, "gold_item"):
        tiers = found.setdefault(one.values["gold"], {})
        tiers.setdefault(one.values["tier"], []).append((one.values["item"], one.values["content_hash"]))
    return {key: [sorted(tiers[tier]) for tier in sorted(tiers)] for key, tiers in found.items()}


def _check_slates(records: Sequence[Record], complaints: Complaints) -> None:
    cards, judgements = cards_of(records), {r.slate: r for r in of_type(records, "judgement")}
    there = {slate.slate for slate in of_type(records, "slate")}
    for slate in of_type(records, "slate"):
        _check_cards(slate, cards.get(slate.slate, []), complaints)
        judged = judgements.get(slate.slate)
        if (slate.values["state"] == "submitted") != (judged is not None):
            complaints.add(slate, "state", "a submitted slate has a judgement, an open one has none")
        if (slate.values["submitted_at"] is not None) != (slate.values["state"] == "submitted"):
            complaints.add(slate, "submitted_at", "a submitted slate has its moment, an open one has none")
        repeats = slate.values["repeats"]
        if repeats is not None and (
            (*slate.slate[:2], repeats) not in there or repeats == slate.values["position"]
        ):
            complaints.add(slate, "repeats", f"there is no other slate {repeats} of this expert")
        if judged is not None:
            _check_judgement(judged, len(cards.get(slate.slate, [])), complaints)


def cards_of(records: Iterable[Record]) -> dict[SlateKey, list[Record]]:
    """Return the cards of each slate."""
    found: dict[SlateKey, list[Record]] = {}
    for card in records:
        if card.type == "card":
            found.setdefault(card.slate, []).append(card)
    return found


def _check_cards(slate: Record, cards: Sequence[Record], complaints: Complaints) -> None:
    if not cards:
        complaints.add(slate, "", "a slate without a card")
    places = sorted(card.values["shown_position"] for card in cards)
    if places != list(range(1, len(places) + 1)):
        complaints.add(cards[0], "shown_position", f"expected 1 to {len(cards)}, each once")
    seen: set[str] = set()
    for card in cards:
        if card.values["item"] in seen:
            complaints.add(card, "item", f"{card.values['item']!r} stands in this slate already")
        seen.add(card.values["item"])


def _check_judgement(judgement: Record, cards: int, complaints: Complaints) -> None:
    values = judgement.values
    there = set(range(1, cards + 1))
    if values["kind"] == "reorder":
        placed = [place for tier in values["tiers"] for place in tier] + values["rest"]
        if sorted(placed) != sorted(there) or not all(values["tiers"]):
            complaints.add(judgement, "tiers", f"expected each of the {cards} cards once, in tiers or rest")
    elif values["tiers"] or values["rest"] or values["ratings"]:
        complaints.add(judgement, "tiers", f"an answer of {values['kind']} has no order and no ratings")
    for name, places in (("ratings", map(int, values["ratings"])), ("items", values["items"])):
        if not set(places) <= there:
            complaints.add(judgement, name, "names a card that is not in this list")


def _check_preferences(records: Sequence[Record], complaints: Complaints) -> None:
    """What an export says of preferences must follow from its judgements, in full."""
    closed = {s.values["session"] for s in of_type(records, "session") if s.values["state"] == "closed"}
    cards = cards_of(records)
    slates = {slate.slate: slate for slate in of_type(records, "slate")}
    said: dict[SlateKey, list[Record]] = {}
    for record in of_type(records, "preference"):
        said.setdefault(record.slate, []).append(record)
    for judgement in of_type(records, "judgement"):
        found = said.pop(judgement.slate, [])
        if _is_unasked(judgement):
            continue
        if judgement.slate[0] in closed:
            derived = follows(judgement, cards[judgement.slate], slates[judgement.slate])
            _compare(judgement, found, derived, complaints)
        elif found:
            complaints.add(found[0], "session", "is open: it has no preferences yet")
    for left in said.values():
        complaints.add(left[0], "position", "this slate has no judgement")


def comparable(records: Sequence[Record]) -> Sequence[Record]:
    """Return the records without preferences of which an earlier release may have derived others.

    They are those of lists whose ratings contradict the order, and nobody was asked which counts.
    """
    unasked = {one.slate for one in of_type(records, "judgement") if _is_unasked(one)}
    return [one for one in records if one.type != "preference" or one.slate not in unasked]


def _is_unasked(judgement: Record) -> bool:
    """Say whether its ratings contradict its order, and nobody asked which of them counts."""
    values = judgement.values
    ratings = {int(place): rating for place, rating in values["ratings"].items()}
    return not values["decided_by"] and bool(contradicted(values["tiers"], ratings))


def _compare(judgement: Record, found: Sequence[Record], derived: Any, complaints: Complaints) -> None:
    for record in found:
        values = record.values
        told = (values["weight"], values["target"], values["origin"], values["shown_gap"])
        if derived.pop((values["winner"], values["loser"]), None) != told:
            complaints.add(record, "", "does not follow from the judgement of its slate")
    if derived:
        winner, loser = next(iter(derived))
        complaints.add(judgement, "", f"its preference of card {winner} over card {loser} is missing")
