"""Label Studio's JSON export with results of a Ranker or of a Pairwise control.

A task has `data` and `annotations`, an annotation `completed_by`, `lead_time` and `result`. A result of type
`ranker` holds item ids in their order, `{"ranker": [...]}`, or lists of ids by bucket; of type `pairwise` it
holds `{"selected": "left" | "right"}`. JSON-MIN drops who did it when, and is not read.

Sources: `docs/source/tags/ranker.md` and `web/libs/editor/src/tags/control/Pairwise.js` of
https://github.com/HumanSignal/label-studio, and https://labelstud.io/guide/task_format.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from feedback.exchange.peers import (
    Naming,
    PeerComplaints,
    PeerOrder,
    PeerRead,
    check_order,
    key_at,
    key_of,
    look_up,
    moment_or_nothing,
    person_name,
    read_records,
)
from feedback.exchange.values import LARGE, BadValue, Column, check, is_whole, json_text, short

TOOL = "label-studio"
UNSORTED = "_"  # the column of what was moved into no bucket, where no bucket is the one to start in
Tiers = list[list[str]]


def read_label_studio(path: Path, naming: Naming) -> PeerRead:
    """Read the rankings and comparisons of an export; cancelled annotations and drafts are counted."""
    complaints = PeerComplaints(path.name)
    if UNSORTED in naming.buckets:
        complaints.add("", f"bucket {UNSORTED!r} holds what nobody sorted; name the others in --buckets")
        return PeerRead((), complaints)
    orders: list[PeerOrder] = []
    left_out = {"annotations that were cancelled": 0, "drafts": 0}
    for place, task in read_records(path, complaints):
        annotations = task.get("annotations")
        if not isinstance(annotations, list) or not isinstance(task.get("data"), dict):
            complaints.add(place, "expected a task with data and annotations; JSON-MIN is not read")
            continue
        left_out["drafts"] += len(task["drafts"]) if isinstance(task.get("drafts"), list) else 0
        for number, annotation in enumerate(annotations, start=1):
            # A table of the same export has 1.0 for true: what is not surely wanted is never learned from.
            if isinstance(annotation, dict) and annotation.get("was_cancelled") not in (None, False):
                left_out["annotations that were cancelled"] += 1
            else:
                orders += _orders(task, annotation, f"{place}, annotation {number}", naming, complaints)
    notes = tuple(f"{what}, left out: {count:,}" for what, count in left_out.items() if count)
    return PeerRead(tuple(orders), complaints, notes)


def _orders(
    task: Mapping[str, Any], annotation: Any, where: str, naming: Naming, complaints: PeerComplaints
) -> list[PeerOrder]:
    """Return the orders of one annotation that can be used; complain about the others."""
    orders: list[PeerOrder] = []
    try:
        results = _results(annotation, naming)
    except BadValue as error:
        complaints.add(where, str(error))
        return orders
    for result in results:
        try:
            orders.append(_order(task, annotation, result, where, naming))
        except BadValue as error:
            complaints.add(where, str(error))
    return orders


def _results(annotation: Any, naming: Naming) -> list[Mapping[str, Any]]:
    """Return the results of Ranker and Pairwise controls. Raises BadValue."""
    if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
        raise BadValue("expected an annotation with its result")
    results: dict[str, Mapping[str, Any]] = {}
    for result in annotation["result"]:
        if not isinstance(result, dict) or result.get("type") not in _READERS:
            continue
        control = key_of(result.get("from_name"), "from_name")
        if naming.question and control != naming.question:
            continue
        if control in results:
            raise BadValue(f"has two results of {control!r}")
        results[control] = result
    if not results:
        raise BadValue(f"has no result of {naming.question or 'a Ranker or a Pairwise control'}")
    return list(results.values())


def _order(
    task: Mapping[str, Any],
    annotation: Mapping[str, Any],
    result: Mapping[str, Any],
    where: str,
    naming: Naming,
) -> PeerOrder:
    data = task["data"]
    value = result.get("value")
    if not isinstance(value, dict):
        raise BadValue(f"expected a value of {result['type']}, found {short(value)}")
    control = key_of(result.get("from_name"), "from_name")
    ranked = value.get("ranker")
    if isinstance(ranked, dict) and set(ranked) == {control} and control not in naming.buckets:
        value = {"ranker": ranked[control]}  # a Ranker without buckets is its own only column
    tiers, rest, shown = _READERS[result["type"]](data, value, naming)
    check_order(tiers, rest)
    identity = annotation.get("id")
    made_at = check(Column("created_at", "moment", optional=True), annotation.get("created_at"))
    return PeerOrder(
        place=where,
        name=f"{_task_name(task)}/{control}",
        query=naming.query or key_at(data, [naming.query_field or "query"]),
        person=person_name(TOOL, _who(annotation.get("completed_by")), naming),
        tiers=tuple(map(tuple, tiers)),
        rest=tuple(rest),
        shown=tuple(shown),
        seconds=_seconds(annotation.get("lead_time")),
        made_at=made_at,
        said_at=(
            moment_or_nothing(annotation.get("updated_at")) or made_at or "",
            made_at or "",
            int(identity or 0) if is_whole(identity) else 0,
        ),
    )


def _task_name(task: Mapping[str, Any]) -> str:
    """Name the task, not the annotation: a second annotation of a task says the same thing anew."""
    if task.get("id") is not None:
        return f"task {key_of(task['id'], 'id')}"
    return f"data {sha256(json_text(task['data']).encode()).hexdigest()[:16]}"


def _who(completed_by: Any) -> Any:
    """An id, or a person of whom the address is better known than the id."""
    if isinstance(completed_by, dict):
        return completed_by.get("email") or completed_by.get("id")
    return completed_by


def _seconds(lead_time: Any) -> int:
    seconds = check(Column("lead_time", "number", optional=True, high=LARGE), lead_time)
    return round(seconds or 0)


def _ranker(
    data: Mapping[str, Any], value: Mapping[str, Any], naming: Naming
) -> tuple[Tiers, list[str], Any]:
    keys = _listed(data, naming)
    found = value.get("ranker")
    if isinstance(found, dict):
        tiers = [_keys(found.get(name, []), keys) for name in _buckets(found, naming)]
    else:
        tiers = [[key] for key in _keys(found, keys)]
    tiers = [tier for tier in tiers if tier]
    placed = {key for tier in tiers for key in tier}
    return tiers, [key for key in keys.values() if key not in placed], keys.values()


def _listed(data: Mapping[str, Any], naming: Naming) -> dict[str, str]:
    """Return the keys of the listed items by their ids, in the order in which they were shown."""
    listed = look_up(data, naming.list_field)
    if not isinstance(listed, list):
        raise BadValue(f"expected the listed items in {naming.list_field}, found {short(listed)}")
    found: dict[str, str] = {}
    for item in listed:
        if not isinstance(item, dict):
            raise BadValue(f"expected an item with its id, found {short(item)}")
        identity = key_of(item.get("id"), "id")
        if identity in found:
            raise BadValue(f"lists {identity!r} twice")
        key = key_at(item, [naming.item_field or "id"])
        if key in found.values():
            raise BadValue(f"lists {key!r} twice")
        found[identity] = key
    return found


def _buckets(found: Mapping[str, Any], naming: Naming) -> tuple[str, ...]:
    """Return the buckets that rank, best first; what an annotator left where it was is in none of them."""
    filled = [name for name in found if name not in (UNSORTED, naming.unsorted)]
    if not filled:
        raise BadValue("puts nothing in order")
    if not naming.buckets:
        raise BadValue(f"has buckets ({', '.join(map(str, filled))}); --buckets says which is best")
    strange = sorted(set(filled) - set(naming.buckets))
    if strange:
        raise BadValue(f"has a bucket {strange[0]!r} that --buckets does not name")
    return tuple(name for name in naming.buckets if name != naming.unsorted)


def _keys(ids: Any, keys: Mapping[str, str]) -> list[str]:
    if not isinstance(ids, list):
        raise BadValue(f"expected a list of ids, found {short(ids)}")
    strange = [one for one in ids if key_of(one, "the ranked ids") not in keys]
    if strange:
        raise BadValue(f"ranks {short(strange[0])}, which is not among the listed items")
    return [keys[key_of(one, "the ranked ids")] for one in ids]


def _pairwise(
    data: Mapping[str, Any], value: Mapping[str, Any], naming: Naming
) -> tuple[Tiers, list[str], Any]:
    left, right = (key_at(data, [path]) for path in (naming.left_field, naming.right_field))
    selected = value.get("selected")
    if selected not in ("left", "right"):
        raise BadValue(f"expected left or right to be selected, found {short(selected)}")
    best, other = (left, right) if selected == "left" else (right, left)
    return [[best], [other]], [], (left, right)


_READERS = {"ranker": _ranker, "pairwise": _pairwise}
