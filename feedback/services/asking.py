"""What a session may ask about, and what a committee thinks of it. Reads only.

No trees are grown here: a web request must not train. The committee is the champion with linear residuals,
each fitted in milliseconds to what experts have said so far and pulled towards a draw of its own from the
prior; its members disagree where nobody has judged anything alike. That holds before the first session too,
when the champion is a sorting rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from feedback.models import FeedbackSession, Judgement, Preference, Slate, SlateItem
from feedback.selection import WINDOW, CandidateRows
from ranking.ltr import Preferences, committee
from ranking.models import Project, Query
from ranking.services import serving
from ranking.services.candidates import Candidates, candidates, catalogue
from ranking.services.training_sets import held_out

LEAST_ITEMS = 2  # a list of one says nothing
MOST_LISTS = 300  # judged lists, the latest, that the committee is fitted to: opening a session takes seconds


@dataclass(frozen=True)
class Pool:
    """The candidates of one query in the order of the version, best first."""

    query: Query
    found: Candidates
    order: np.ndarray


def pools_of(project: Project, champion: serving.Champion) -> dict[int, Pool]:
    """Return the candidates of each active query that has two of them, by the query's id."""
    pools = {}
    for query in project.queries.filter(active=True).select_related("project"):
        found = candidates(query, champion.version.feature_set)
        if len(found) >= LEAST_ITEMS:
            pools[query.pk] = Pool(query, found, serving.order(champion.ranker, found)[0])
    return pools


def candidate_rows(
    project: Project, champion: serving.Champion, pools: Mapping[int, Pool], *, seed: int
) -> CandidateRows:
    """Return the best candidates of each query with the scores that a committee gives them."""
    shown = {key: pool.order[:WINDOW] for key, pool in pools.items()}
    sizes = [len(rows) for rows in shown.values()]
    features = pd.concat(
        [pools[key].found.features.iloc[rows] for key, rows in shown.items()], ignore_index=True
    )
    queries = np.repeat(list(shown), sizes)
    return CandidateRows(
        scores=_committee_scores(project, champion, features, queries, seed),
        queries=queries,
        items=np.concatenate([pools[key].found.item_ids[rows] for key, rows in shown.items()]),
        ranks=np.concatenate([np.arange(1, size + 1) for size in sizes]),
        held_out=np.repeat([held_out(pool.query) for pool in pools.values()], sizes),
        features=features,
    )


def _committee_scores(
    project: Project, champion: serving.Champion, features: pd.DataFrame, queries: np.ndarray, seed: int
) -> np.ndarray:
    """Return (m, n) scores; the judged rows stand below the candidates while the members are fitted."""
    cards, pairs = _judged(project, first_row=len(features))
    judged = pd.DataFrame([card for _, card in cards], columns=features.columns).astype(np.float64)
    scores = committee(
        pd.concat([features.astype(np.float64), judged], ignore_index=True),
        pairs,
        queries=np.concatenate([queries, [-slate for slate, _ in cards]]).astype(np.int64),
        incumbent=champion.ranker,
        categorical=catalogue(project, champion.version.feature_set).space.categorical,
        trees=False,
        seed=seed,
    )
    return scores[:, : len(features)]


def _judged(project: Project, *, first_row: int) -> tuple[list[tuple[int, dict[str, float]]], Preferences]:
    """Return the cards of the latest judged lists as (slate, features), and the pairs of their rows.

    Lists of held-out queries are left out: what a version is judged on must not choose what it learns from.
    """
    slates = _latest_slates(project)
    cards = list(
        SlateItem.objects.filter(slate__in=slates)
        .order_by("slate", "pk")
        .values_list("pk", "slate", "features")
    )
    row = {pk: first_row + place for place, (pk, _, _) in enumerate(cards)}
    pairs = list(
        Preference.objects.filter(judgement__slate__in=slates).values_list(
            "winner", "loser", "weight", "target", "judgement"
        )
    )
    return [(slate, features) for _, slate, features in cards], Preferences.from_pairs(
        winner=[row[pair[0]] for pair in pairs],
        loser=[row[pair[1]] for pair in pairs],
        judge="experts",
        weight=[pair[2] for pair in pairs],
        target=[pair[3] for pair in pairs],
        list_id=[pair[4] for pair in pairs],
    )


def _latest_slates(project: Project) -> list[int]:
    judged = (
        Judgement.objects.filter(
            slate__session__project=project,
            slate__session__state=FeedbackSession.State.CLOSED,
            kind__in=Judgement.ANSWERS,
        )
        .exclude(slate__arm=Slate.Arm.GOLD)
        .select_related("slate__query__project")
        .order_by("-id")
    )
    return [judgement.slate_id for judgement in judged[:MOST_LISTS] if not held_out(judgement.slate.query)]
