"""Which sessions moved which match: its place without each session behind the version. Reads only, cached.

What a session did is counted by leaving it out: the list as the version ranks it, against the list of the
same training without that session, on top of the same version before. Two sessions that say the same each
move little, since the other one is there; so the places by session need not add up to those of all together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from django.core.cache import cache
from numpy.typing import NDArray

from ranking.charts import signed
from ranking.errors import NoProvenance
from ranking.ltr import Ranker
from ranking.ltr.provenance import Provenance, load_provenance, moved
from ranking.models import Match, ModelVersion, Project, Query, Ranking
from ranking.services import files
from ranking.services.candidates import candidates
from ranking.services.serving import ranker_of

CACHED_SECONDS = 24 * 3600
NAMED = 5  # sessions that a sentence names
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Source:
    """One session that a version was trained from; `lists` are the judged lists that it learned from.

    `session` is None when the training set does not name it.
    """

    key: str
    session: int | None
    title: str
    simulated: bool
    lists: int
    experts: int


@dataclass(frozen=True)
class Share:
    """What one session did to one match: places gained (negative for lost), and its place without it."""

    source: Source
    places: int
    rank_without: int


@dataclass(frozen=True)
class Trace:
    """Which sessions moved one match, the strongest first; all ranks are those of today's data.

    `rank_before` is its rank under the version before, None when there was none. `same` says that the rank is
    the one that was served.
    """

    version: ModelVersion
    before: ModelVersion | None
    rank: int
    rank_before: int | None
    same: bool
    shares: tuple[Share, ...]

    @property
    def together(self) -> int | None:
        """Places that all sessions together moved it up; None when no version came before."""
        return None if self.rank_before is None else self.rank_before - self.rank

    @property
    def words(self) -> str:
        """What moved it as a sentence, with titles of sessions and no names of people."""
        return in_words(self.together, [(share.source.title, share.places) for share in self.shares])


@dataclass(frozen=True)
class Places:
    """The candidates of one need, by the places that each session gained them (n, sessions).

    `together` are the places against the version before, None when there was none.
    """

    items: NDArray[np.int64]
    ranks: NDArray[np.int64]
    together: NDArray[np.int64] | None
    gained: pd.DataFrame


@dataclass(frozen=True)
class Taught:
    """A version ready to be asked what it would be without each session. Loads files when first asked.

    Raises NoProvenance for a version that no session taught, or of which nothing is kept.
    """

    version: ModelVersion

    def __post_init__(self) -> None:
        if not self.version.provenance_file:
            raise NoProvenance(_why_none(self.version))

    @cached_property
    def provenance(self) -> Provenance:
        """The model without each session. Raises BrokenFile or CorruptModel."""
        digest = self.version.provenance_sha256
        return load_provenance(files.read(self.version.provenance_file, digest), digest)

    @cached_property
    def rankers(self) -> tuple[Ranker, Ranker | None]:
        """The version's model and the one before it. Raises BrokenFile or CorruptModel."""
        before = self.version.parent
        return ranker_of(self.version), ranker_of(before) if before else None

    @property
    def lists(self) -> dict[str, int]:
        """How many judged lists it learned from, by session."""
        return {one.source: one.lists for one in self.provenance.sources}

    @property
    def stamp(self) -> str:
        """What an answer depends on besides the data: both models and the provenance itself."""
        own, before = self.version, self.version.parent
        parts = (own.provenance_sha256, own.sha256, before.sha256 if before else "")
        return sha256(":".join(parts).encode()).hexdigest()

    def places(self, query: Query) -> Places:
        """Rank the candidates of a need with and without each session. Raises BrokenFile or CorruptModel."""
        pool = candidates(query, self.version.feature_set)
        by_key = np.argsort(pool.keys.astype(str), kind="stable")  # of equal scores the first key, as served
        features = pool.features.iloc[by_key].reset_index(drop=True)
        ranker, before = self.rankers
        full = ranker.score(features)
        base = np.zeros(len(features)) if before is None else before.score(features)
        gained = moved(full, self.provenance.scores(features, base))
        return Places(
            items=pool.item_ids[by_key],
            ranks=pd.Series(-full).rank(method="first").to_numpy().astype(np.int64),
            together=None
            if before is None
            else moved(full, pd.DataFrame({"": base}))[""].to_numpy().astype(np.int64),
            gained=gained,
        )


def trace(match: Match) -> Trace:
    """Say which sessions moved a match. Raises NoProvenance, BrokenFile or CorruptModel."""
    version = match.ranking.version
    lists, lines = _places_of_kept(Taught(version), match.ranking)
    if match.item_version.item_id not in lines:
        raise NoProvenance(
            "with the data of today it is no candidate any more, so it has no place to compare"
        )
    rank, together, gained = lines[match.item_version.item_id]
    shares = [
        Share(source, gained[source.key], rank + gained[source.key]) for source in sources_of(version, lists)
    ]
    return Trace(
        version=version,
        before=version.parent,
        rank=rank,
        rank_before=None if together is None else rank + together,
        same=rank == match.rank,
        shares=tuple(sorted(shares, key=lambda share: -abs(share.places))),
    )


def sources_of(version: ModelVersion, lists: Mapping[str, int]) -> tuple[Source, ...]:
    """Return the sessions of a training as its set names them; `lists` are those learned from by session."""
    kept = version.training_set
    told = {str(source["session"]): source for source in (kept.sources if kept else ())}
    return tuple(_source(key, count, told) for key, count in lists.items())


def in_words(together: int | None, shares: list[tuple[str, int]]) -> str:
    """Return which sessions moved a match as a sentence; `shares` are (title, places), strongest first.

    >>> in_words(4, [("Autumn round", 3), ("Spring round", 1)])
    'Two feedback sessions moved it up 4 places: Autumn round (+3), Spring round (+1).'
    >>> in_words(-1, [("Autumn round", -1), ("Spring round", 0)])
    'Two feedback sessions moved it down 1 place: Autumn round (−1), the other by itself none.'
    >>> in_words(2, [("Autumn round", 0), ("Spring round", 0)])
    'Two feedback sessions moved it up 2 places; without any single one of them it would stand the same.'
    >>> in_words(0, [("Autumn round", 0)])
    'One feedback session left it where it was.'
    """
    count = len(shares)
    if not count:
        return "No feedback session moved it."
    number = NUMBERS[count] if count < len(NUMBERS) else str(count)
    head = f"{number.capitalize()} feedback session{'' if count == 1 else 's'} {_moved(together)}"
    telling = [f"{title} ({signed(places, 0)})" for title, places in shares if places]
    if not telling:
        alone = count < 2 or not together
        return head + ("." if alone else "; without any single one of them it would stand the same.")
    if len(telling) > NAMED:
        telling[NAMED:] = [f"{len(telling) - NAMED} more"]
    silent = sum(not places for _, places in shares)
    if silent:
        telling.append(f"{'the other' if silent == 1 else f'the other {silent}'} by itself none")
    return f"{head}: {', '.join(telling)}."


def _moved(together: int | None) -> str:
    if together is None:
        return "taught this version"
    if not together:
        return "left it where it was"
    places = "1 place" if abs(together) == 1 else f"{abs(together)} places"
    return f"moved it {'up' if together > 0 else 'down'} {places}"


def _places_of_kept(taught: Taught, ranking: Ranking) -> tuple[dict[str, int], dict[int, Any]]:
    """Return (lists by session, lines by item id), kept for a day.

    A line is (rank, places together, places by session).
    """
    query = ranking.query
    revision = Project.objects.values_list("items_revision", flat=True).get(pk=query.project_id)
    key = f"provenance:{taught.stamp}:{query.pk}:{query.content_hash}:{revision}:{ranking.pk}"
    known: tuple[dict[str, int], dict[int, Any]] | None = cache.get(key)
    if known is None:
        items = set(ranking.matches.values_list("item_version__item", flat=True))
        known = (taught.lists, _kept(taught.places(query), items))
        cache.set(key, known, CACHED_SECONDS)
    return known


def _kept(places: Places, items: set[int]) -> dict[int, Any]:
    gained = places.gained.to_dict("index")
    return {
        int(item): (
            int(places.ranks[row]),
            None if places.together is None else int(places.together[row]),
            {str(source): int(count) for source, count in gained.get(row, {}).items()},
        )
        for row, item in enumerate(places.items)
        if int(item) in items
    }


def _source(key: str, lists: int, told: Mapping[str, Mapping[str, Any]]) -> Source:
    source = told.get(key, {})
    return Source(
        key=key,
        session=source.get("session"),
        title=str(source.get("title") or f"Session {key}"),
        simulated=bool(source.get("simulated")),
        lists=lists,
        experts=int(source.get("experts", 0)),
    )


def _why_none(version: ModelVersion) -> str:
    """Say why no session can be named."""
    kept = version.training_set
    if kept is None:
        return f"version {version.number} is the sorting rule: no session taught it"
    if kept.mode == "labels":
        return f"version {version.number} learned from graded labels, not from sessions"
    if version.report.get("kept_incumbent"):
        return f"version {version.number} ranks as the version before: no session moved anything"
    return f"version {version.number} was trained before it was kept which session moved what"
