"""Records -> files that other trainers read: SVMrank lists, and pairs with the features of both sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from feedback.exchange.cells import csv_bytes
from feedback.exchange.checking import cards_of
from feedback.exchange.schema import Record, of_type
from feedback.exchange.values import Column, json_text, to_cell

_FLAG, _NUMBER = Column("", "flag"), Column("", "number")
_PAIR_COLUMNS = ("session", "expert", "position", "query", "randomised", "winner", "loser")
_PAIR_FIGURES = ("weight", "target", "origin", "shown_gap")


def svmrank(records: Sequence[Record]) -> bytes:
    """Return one list a judged order: `grade qid:N 1:v 2:v ... # docid = item`.

    The grade counts ranks from the bottom; cards below the line are left out. A list without an order has
    its ratings for grades, and a list with neither is left out, as is one whose order was known: it tests its
    expert. A missing value is left out, which readers of this format take for 0. The first lines say which
    feature has which number.
    """
    names = _feature_names(records)
    number = {name: place for place, name in enumerate(names, start=1)}
    lines = [f"# {place}: {json_text(name)}" for name, place in number.items()]
    cards, slates = cards_of(records), {slate.slate: slate for slate in of_type(records, "slate")}
    judged = [
        (one, _grades(one))
        for one in of_type(records, "judgement")
        if slates[one.slate].values["gold"] is None
    ]
    for qid, (judgement, grades) in enumerate(((one, g) for one, g in judged if g), start=1):
        query = slates[judgement.slate].values["query"]
        for card in cards[judgement.slate]:
            grade = grades.get(card.values["shown_position"])
            if grade is not None:
                lines.append(_svm_line(grade, qid, card, number) + _remark(card, query))
    return ("\n".join(lines) + "\n").encode()


def pairs_csv(records: Sequence[Record]) -> bytes:
    """Return one row a preference, with the features of winner and loser; no cell is a formula."""
    names = _feature_names(records)
    head = [*_PAIR_COLUMNS, *_PAIR_FIGURES]
    head += [f"winner: {name}" for name in names] + [f"loser: {name}" for name in names]
    return csv_bytes(head, _pair_rows(records, names))


def _pair_rows(records: Sequence[Record], names: Sequence[str]) -> Iterator[list[str]]:
    slates = {slate.slate: slate.values for slate in of_type(records, "slate")}
    cards = {(*card.slate, card.values["shown_position"]): card.values for card in of_type(records, "card")}
    for preference in of_type(records, "preference"):
        values, slate = preference.values, slates[preference.slate]
        winner, loser = (cards[(*preference.slate, values[side])] for side in ("winner", "loser"))
        yield [
            *map(str, preference.slate),
            slate["query"],
            to_cell(_FLAG, slate["randomised"]),
            winner["item"],
            loser["item"],
            *(str(values[name]) for name in _PAIR_FIGURES),
            *(to_cell(_NUMBER, side["features"].get(name)) for side in (winner, loser) for name in names),
        ]


def _feature_names(records: Sequence[Record]) -> list[str]:
    return sorted({name for card in of_type(records, "card") for name in card.values["features"]})


def _grades(judgement: Record) -> dict[int, int]:
    """Return the grade of each card by its shown position; nothing when all of them are alike."""
    values: Mapping[str, Any] = judgement.values
    tiers: list[list[int]] = values["tiers"]
    grades = {place: len(tiers) - rank for rank, tier in enumerate(tiers) for place in tier}
    if not tiers:
        grades = {int(place): rating for place, rating in values["ratings"].items()}
    return grades if len(set(grades.values())) > 1 else {}


def _svm_line(grade: int, qid: int, card: Record, number: Mapping[str, int]) -> str:
    features = card.values["features"]
    parts = [f"{n}:{features[name]!r}" for name, n in number.items() if features.get(name) is not None]
    return " ".join([str(grade), f"qid:{qid}", *parts])


def _remark(card: Record, query: str) -> str:
    """Say which item it was, where the key holds no space: readers take `docid` as far as the next one."""
    item: str = card.values["item"]
    docid = f"docid = {item} " if not any(c.isspace() for c in item) else ""
    return f" # {docid}query = {json_text(query)} expert = {json_text(card.values['expert'])}"
