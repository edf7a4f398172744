"""PrefLib's files of orders: .soc, .soi, .toc and .toi.

A header of lines `# NAME: value` (DATA TYPE, NUMBER ALTERNATIVES, NUMBER VOTERS, NUMBER UNIQUE ORDERS, and
ALTERNATIVE NAME 1, 2, ...), then lines `count: 1,{2,3},4`: how many voters gave that order, ties in braces.
The names of the alternatives are keys of items. Each voter becomes a person; what an incomplete order leaves
out stands below the line. So does the tie at the end of a complete order where the file says that it is
`imbued`: PrefLib makes such files from incomplete ones "by adding the unranked alternatives at the bottom".

Source: FORMAT_SPECIFICATION.md of https://github.com/PrefLib/PrefLib-Data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from feedback.exchange.peers import MOST_ITEMS, Naming, PeerComplaints, PeerOrder, PeerRead, check_order
from feedback.exchange.reading import LARGEST_FILE, read_lines
from feedback.exchange.values import BadValue, short
from ranking.importers.tables import Refusals

TOOL = "preflib"
TYPES = ("soc", "soi", "toc", "toi")
MOST_VOTERS = 500  # each becomes a person, and agreement looks at every pair of them
_HEADER = re.compile(r"#\s*([A-Z][A-Z0-9 ]*?)\s*:(.*)")
_NAME = re.compile(r"ALTERNATIVE NAME (\d{1,9})", re.ASCII)
_PART = r"\s*(?:\d+|\{\s*\d+(?:\s*,\s*\d+)*\s*\})\s*"
_ORDER = re.compile(rf"\s*(\d+)\s*:({_PART}(?:,{_PART})*)", re.ASCII)
_TIER = re.compile(r"\d+|\{[^}]*\}", re.ASCII)


@dataclass(frozen=True)
class _Header:
    values: Mapping[str, str]
    names: Mapping[int, str]

    @property
    def type(self) -> str:
        return self.values.get("DATA TYPE", "")

    @property
    def imbued(self) -> bool:
        return self.values.get("MODIFICATION TYPE", "").casefold() == "imbued"

    def number(self, name: str) -> int:
        """Return a number of the header; -1 where there is none."""
        text = self.values.get(name, "")
        return int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else -1


def read_preflib(path: Path, naming: Naming) -> PeerRead:
    """Read a file of orders, about the need that `naming.query` names."""
    complaints = PeerComplaints(path.name)
    lines = _lines(path, complaints)
    header, body = _split(lines, complaints)
    if not naming.query:
        complaints.add("", "say which need the orders are about (--query)")
    if not complaints.count:
        _check_header(header, path, complaints)
    if complaints.count:
        return PeerRead((), complaints)
    voted = _counted(body, header, complaints)
    problem = _wrong_count(header, voted)
    if problem:
        complaints.add(*problem)
        return PeerRead((), complaints)
    note = "the tie at the end of an order is what the voter did not rank: the file is imbued"
    orders = tuple(_orders(voted, header, path, naming))
    return PeerRead(orders, complaints, (note,) if header.imbued else ())


def _lines(path: Path, complaints: PeerComplaints) -> list[tuple[int, str]]:
    refusals = Refusals(path.name)
    try:
        if path.stat().st_size > LARGEST_FILE:
            complaints.add("", f"is larger than {LARGEST_FILE // 2**20} MB")
            return []
        lines = read_lines(path, refusals)
    except OSError as error:
        complaints.add("", f"can't be read: {error.strerror or error}")
        return []
    for refusal in refusals.found:
        complaints.add(f"line {refusal.line}", refusal.message)
    return lines


def _split(
    lines: Sequence[tuple[int, str]], complaints: PeerComplaints
) -> tuple[_Header, list[tuple[int, str]]]:
    values: dict[str, str] = {}
    names: dict[int, str] = {}
    body: list[tuple[int, str]] = []
    for number, text in lines:
        if not text.startswith("#"):
            body.append((number, text))
        elif body:
            complaints.add(f"line {number}", "a line of the header stands after the orders")
        else:
            _head_line(text, number, values, names, complaints)
    return _Header(values, names), body


def _head_line(
    text: str, line: int, values: dict[str, str], names: dict[int, str], complaints: PeerComplaints
) -> None:
    match = _HEADER.fullmatch(text)
    if match is None:
        complaints.add(f"line {line}", f"expected a line like `# TITLE: ...`, found {short(text)}")
        return
    name, value = match[1], match[2].strip()
    alternative = _NAME.fullmatch(name)
    if name in values or (alternative and int(alternative[1]) in names):
        complaints.add(f"line {line}", f"{name} stands in the header already")
    elif alternative is None:
        values[name] = value
    elif not value or value in names.values():
        complaints.add(f"line {line}", f"expected a name that no other alternative has, found {short(value)}")
    else:
        names[int(alternative[1])] = value


def _check_header(header: _Header, path: Path, complaints: PeerComplaints) -> None:
    if header.type not in TYPES:
        expected = f"expected one of {', '.join(TYPES)}"
        complaints.add("header, DATA TYPE", f"{expected}; found {short(header.type)}")
    elif path.suffix[1:].lower() in TYPES and path.suffix[1:].lower() != header.type:
        complaints.add("header, DATA TYPE", f"says {header.type}, but the file is called {path.suffix}")
    count = header.number("NUMBER ALTERNATIVES")
    if count != len(header.names) or sorted(header.names) != list(range(1, count + 1)):
        complaints.add(
            "header, NUMBER ALTERNATIVES",
            f"expected the names of alternatives 1 to n, found {len(header.names)}",
        )
    if count > MOST_ITEMS:
        complaints.add("header, NUMBER ALTERNATIVES", f"expected at most {MOST_ITEMS}, found {count}")


@dataclass(frozen=True)
class _Line:
    """One line: `count` is None where it can't be read, and there are no `tiers` where it can't be used."""

    number: int
    count: int | None = None
    tiers: tuple[tuple[int, ...], ...] = ()


def _counted(body: Sequence[tuple[int, str]], header: _Header, complaints: PeerComplaints) -> list[_Line]:
    lines: list[_Line] = []
    seen: dict[str, int] = {}
    for number, text in body:
        count = None
        try:
            count, tiers = _parse(text)
            _check_tiers(tiers, header)
            first = seen.setdefault(str([sorted(tier) for tier in tiers]), number)
            if first != number:
                raise BadValue(f"this order stands on line {first} already")
            if header.imbued and len(tiers[-1]) > 1:
                tiers = tiers[:-1]
            if not tiers:
                raise BadValue("puts nothing in order")
            lines.append(_Line(number, count, tiers))
        except BadValue as error:
            complaints.add(f"line {number}", str(error))
            lines.append(_Line(number, count))
    return lines


def _parse(text: str) -> tuple[int, tuple[tuple[int, ...], ...]]:
    match = _ORDER.fullmatch(text)
    count = int(match[1][:9]) if match else 0
    if match is None or count < 1:
        raise BadValue(
            f"expected a line like `3: 1,{{2,4}},5`, with a count of 1 or more, found {short(text)}"
        )
    return count, tuple(
        tuple(int(one[:9]) for one in re.findall(r"\d+", tier)) for tier in _TIER.findall(match[2])
    )


def _check_tiers(tiers: Sequence[Sequence[int]], header: _Header) -> None:
    placed = [one for tier in tiers for one in tier]
    unknown = [one for one in placed if one not in header.names]
    if unknown:
        raise BadValue(f"there is no alternative {unknown[0]}")
    if header.type in ("soc", "soi") and len(tiers) != len(placed):
        raise BadValue(f"has a tie, which a file of type {header.type} has not")
    if header.type in ("soc", "toc") and len(set(placed)) < len(header.names):
        raise BadValue(f"leaves alternatives out, which a file of type {header.type} does not")
    named = [[header.names[one] for one in tier] for tier in tiers]
    check_order(named, [name for number, name in header.names.items() if number not in placed])


def _wrong_count(header: _Header, lines: Sequence[_Line]) -> tuple[str, str] | None:
    """Return what of the header the lines contradict: the file may have been cut off."""
    counts = [line.count for line in lines]
    voters = sum(count or 0 for count in counts)
    if not lines:
        return "", "holds no order"
    if voters > MOST_VOTERS:
        return "header, NUMBER VOTERS", f"expected at most {MOST_VOTERS}, found {voters:,}"
    for name, found in (("NUMBER VOTERS", voters), ("NUMBER UNIQUE ORDERS", len(lines))):
        known = name != "NUMBER VOTERS" or None not in counts
        if known and header.number(name) != found:
            return f"header, {name}", f"says {short(header.values.get(name))}, but there are {found}"
    return None


def _orders(lines: Sequence[_Line], header: _Header, path: Path, naming: Naming) -> list[PeerOrder]:
    file = header.values.get("FILE NAME") or path.name
    about = re.sub(r"[^\w.+-]+", "-", file)[:120]
    voters = ((line, tiers) for line in lines for tiers in [line.tiers] * (line.count or 1))
    found: list[PeerOrder] = []
    # Voters of a line that can't be used are counted as well: the others keep their names when it is mended.
    for number, (line, tiers) in enumerate(voters, start=1):
        if not tiers:
            continue
        placed = {one for tier in tiers for one in tier}
        voter = f"voter-{number}"
        found.append(
            PeerOrder(
                place=f"line {line.number}",
                name=f"{file}/{voter}",
                query=naming.query,
                person=naming.people.get(voter) or f"{TOOL}-{about}-{voter}",
                tiers=tuple(tuple(header.names[one] for one in tier) for tier in tiers),
                rest=tuple(name for one, name in header.names.items() if one not in placed),
            )
        )
    return found
