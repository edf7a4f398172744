"""Why this match, why above that one, why did it move: scores taken apart, feature by feature. Reads only.

Every table of parts adds up: what is shown is rounded together with its sum, never part by part. Parts are
told against a typical candidate (the mean of the query's candidates, as in the reasons on the cards), because
a score by itself means nothing to anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
from django.core.cache import cache

from ranking.ltr import Ranker
from ranking.ltr.features import FeatureSpace
from ranking.models import ItemVersion, Match, ModelVersion, Project, Query, Ranking
from ranking.services import files
from ranking.services.candidates import candidates, description_of, features_of
from ranking.services.serving import order, ranker_of
from ranking.services.words import FeatureWords, Usual, reference_rows

BASE = "base"
TOGETHER = "Facts in combination"
"""Name of the line for what reads against its own sign (`Usual.contradicts`): a sum needs it all the same."""
DIGITS = 3
SAME = 1e-9  # two sums of the same parts in another order differ by less
CACHED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Part:
    """What one feature adds to a score or to a difference; `shown` is rounded together with its sum.

    Without a feature it is what some facts add together, against what the value of each leads one to expect.
    """

    feature: str
    label: str
    value: str
    amount: float
    shown: float
    other_value: str = ""


@dataclass(frozen=True)
class MatchReasons:
    """A score taken apart: `typical` plus all parts is `score`; so is `typical` plus all lessons.

    `lessons` are the shares of the versions that the model is a sum of. `same` is False when the score is no
    longer the one that was served, since the need has been changed in the meantime.
    """

    score: float
    typical: float
    parts: tuple[Part, ...]
    lessons: tuple[Part, ...]
    unused: tuple[str, ...]
    same: bool


@dataclass(frozen=True)
class PairReasons:
    """The difference of two scores taken apart: all parts add up to it."""

    difference: float
    parts: tuple[Part, ...]
    level: tuple[str, ...]


@dataclass(frozen=True)
class MoveReasons:
    """What changed between two rankings for one item.

    `lead_then` and `lead_now` are its distance from a typical candidate under each version, with today's
    data; the parts add up to their difference. `rank_by_old` is its rank if the earlier version ranked
    today's data.
    """

    rank_then: int | None
    rank_by_old: int | None
    rank_now: int
    data_changed: bool
    lead_then: float
    lead_now: float
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Passed:
    """Whom an item passed between two lists, and who passed it; both in the order of the list today."""

    overtook: tuple[Match, ...]
    overtaken_by: tuple[Match, ...]


@dataclass(frozen=True)
class _Model:
    """A version ready to explain: the model, its features and their words."""

    version: ModelVersion
    ranker: Ranker
    space: FeatureSpace
    words: FeatureWords

    def features(self, query: Query, versions: Sequence[ItemVersion]) -> pd.DataFrame:
        return features_of(self.space, query.content, versions, query)


def why(match: Match) -> MatchReasons:
    """Take the score of a match apart. Raises BrokenFile, CorruptModel when its version can't be loaded."""
    query, model = match.ranking.query, _model(match.ranking.version, match.ranking.query.project)
    features = model.features(query, [match.item_version])
    own = model.ranker.contributions(features).iloc[0]
    lessons = model.ranker.component_scores(features).iloc[0]
    typical, typical_lessons, usual = _typical(query, model)
    amounts = (own - typical).drop(BASE)
    used = [name for name in amounts.index if abs(amounts[name]) > SAME]
    score, start = float(own.sum()), float(typical.sum())
    values, item = features.iloc[0], match.item_version.content
    return MatchReasons(
        score=score,
        typical=start,
        parts=_parts(
            _readable(amounts[used], values, usual),
            score - start,
            model.words,
            lambda name: (model.words.value(name, values[name], item), ""),
            start=start,
        ),
        lessons=_lessons(lessons - typical_lessons, score - start, start=start),
        unused=tuple(model.words.label(name) for name in amounts.index if name not in used),
        same=abs(score - match.score) <= SAME * max(1.0, abs(score)),
    )


def why_above(upper: Match, lower: Match) -> PairReasons:
    """Take the difference of two matches of one ranking apart. Raises BrokenFile, CorruptModel."""
    query, model = upper.ranking.query, _model(upper.ranking.version, upper.ranking.query.project)
    features = model.features(query, [upper.item_version, lower.item_version])
    own = model.ranker.contributions(features)
    amounts = (own.iloc[0] - own.iloc[1]).drop(BASE)
    differs = [name for name in amounts.index if abs(amounts[name]) > SAME]
    difference = float(own.iloc[0].sum() - own.iloc[1].sum())
    values, others = features.iloc[0], features.iloc[1]
    known = {str(name): float(value) for name, value in others.items()}
    usual = replace(_typical(query, model)[2], typical=known, mean=known)
    return PairReasons(
        difference=difference,
        parts=_parts(
            _readable(amounts[differs], values, usual),
            difference,
            model.words,
            lambda name: model.words.both(name, values[name], others[name]),
        ),
        level=tuple(model.words.label(name) for name in amounts.index if name not in differs),
    )


def why_moved(match: Match, before: Ranking) -> MoveReasons:
    """Take the move of an item since an earlier ranking apart. Raises BrokenFile, CorruptModel."""
    ranking = match.ranking
    query, project, item = ranking.query, ranking.query.project, match.item_version.content
    new, old = _model(ranking.version, project), _model(before.version, project)
    lead_now, values = _lead(query, match.item_version, new)
    lead_then, _ = _lead(query, match.item_version, old)
    changes = lead_now.sub(lead_then, fill_value=0.0)
    changes = changes[changes.abs() > SAME]
    change = float(lead_now.sum() - lead_then.sum())
    return MoveReasons(
        rank_then=before.matches.filter(item_version__item=match.item_version.item_id)
        .values_list("rank", flat=True)
        .first(),
        rank_by_old=_ranks_by(old, ranking).get(match.item_version_id),
        rank_now=match.rank,
        data_changed=(before.items_revision, before.query_hash)
        != (ranking.items_revision, ranking.query_hash),
        lead_then=float(lead_then.sum()),
        lead_now=float(lead_now.sum()),
        parts=_parts(
            changes, change, new.words, lambda name: (new.words.value(name, values.get(name), item), "")
        ),
    )


def passed(match: Match, before: Ranking) -> Passed:
    """Return whom a match passed since an earlier ranking, and who passed it; of the kept lines alone."""
    below_all = before.matches.count() + 1
    then = dict(before.matches.values_list("item_version__item", "rank"))
    own = then.get(match.item_version.item_id, below_all)
    others = [
        (other, then.get(other.item_version.item_id, below_all))
        for other in match.ranking.matches.select_related("item_version__item").exclude(pk=match.pk)
    ]
    return Passed(
        overtook=tuple(other for other, rank in others if rank < own and other.rank > match.rank),
        overtaken_by=tuple(other for other, rank in others if rank > own and other.rank < match.rank),
    )


def rounded_to_sum(values: Sequence[float], total: float, digits: int = DIGITS) -> list[float]:
    """Round values so that they still add up to the rounded total: the largest remainders give way.

    >>> rounded_to_sum([0.3333, 0.3333, 0.3334], 1.0)
    [0.333, 0.333, 0.334]
    >>> rounded_to_sum([0.26, 0.26, 0.26], 0.78, digits=1)
    [0.2, 0.3, 0.3]
    """
    unit = 10**digits
    exact = np.asarray(values, dtype=np.float64) * unit
    rounded = np.round(exact)
    left = round(round(total, digits) * unit - rounded.sum())
    step = 1 if left > 0 else -1
    for place in np.argsort(-step * (exact - rounded), kind="stable")[: abs(left)]:
        rounded[place] += step
    return [float(value) / unit + 0.0 for value in rounded]


def _model(version: ModelVersion, project: Project) -> _Model:
    feature_set = version.feature_set
    space = _space(feature_set.file, feature_set.sha256)
    return _Model(version, ranker_of(version), space, FeatureWords.of(space, description_of(project)))


@lru_cache(maxsize=8)
def _space(file: str, sha256: str) -> FeatureSpace:
    return FeatureSpace.from_bytes(files.read(file, sha256), sha256)


def _lead(query: Query, version: ItemVersion, model: _Model) -> tuple[pd.Series, pd.Series]:
    """Return (contributions less those of a typical candidate, feature values) of one item."""
    features = model.features(query, [version])
    typical = _typical(query, model)[0]
    return (model.ranker.contributions(features).iloc[0] - typical).drop(BASE), features.iloc[0]


def _typical(query: Query, model: _Model) -> tuple[pd.Series, pd.Series, Usual]:
    """Return the mean contributions and component scores of the query's candidates, and what is usual there.

    Kept for a day.
    """
    key = f"typical:{query.pk}:{query.content_hash}:{_revision(query)}:{model.version.sha256}"
    known = cache.get(key)
    if known is None:
        pool = candidates(query, model.version.feature_set).features
        sample = pool.iloc[reference_rows(len(pool))]
        parts, lessons = model.ranker.contributions(sample), model.ranker.component_scores(sample)
        means = [table.mean().fillna(0.0).to_dict() for table in (parts, lessons)]
        known = (*means, asdict(Usual.of(sample, parts, model.words)))
        cache.set(key, known, CACHED_SECONDS)
    return pd.Series(known[0], dtype=np.float64), pd.Series(known[1], dtype=np.float64), Usual(**known[2])


def _readable(amounts: pd.Series, values: pd.Series, usual: Usual) -> pd.Series:
    """Return the amounts with those that read against their own sign summed up as `TOGETHER`."""
    odd = [name for name in amounts.index if usual.contradicts(name, values[name], amounts[name])]
    together = float(amounts[odd].sum())
    kept = amounts.drop(odd)
    return pd.concat([kept, pd.Series({TOGETHER: together})]) if abs(together) > SAME else kept


def _ranks_by(model: _Model, ranking: Ranking) -> Mapping[int, int]:
    """Return by item version the ranks that a version gives today to the kept lines of a ranking."""
    key = f"ranks:{ranking.pk}:{ranking.query.content_hash}:{_revision(ranking.query)}:{model.version.sha256}"
    known: dict[int, int] | None = cache.get(key)
    if known is None:
        pool = candidates(ranking.query, model.version.feature_set)
        best_first, _ = order(model.ranker, pool)
        ranks = {int(pool.version_ids[row]): rank for rank, row in enumerate(best_first, start=1)}
        kept = ranking.matches.values_list("item_version_id", flat=True)
        known = {version: ranks[version] for version in kept if version in ranks}
        cache.set(key, known, CACHED_SECONDS)
    return known


def _revision(query: Query) -> int:
    return Project.objects.values_list("items_revision", flat=True).get(pk=query.project_id)


def _parts(
    amounts: pd.Series,
    total: float,
    words: FeatureWords,
    both_values: Callable[[str], tuple[str, str]],
    *,
    start: float = 0.0,
) -> tuple[Part, ...]:
    """Return the parts of a total, largest first. `start` is shown before them, rounded as they are."""
    amounts = amounts.reindex(amounts.abs().sort_values(ascending=False, kind="stable").index)
    shown = rounded_to_sum(list(amounts), round(start + total, DIGITS) - round(start, DIGITS))
    parts = []
    for (column, amount), figure in zip(amounts.items(), shown, strict=True):
        name = str(column)
        value, other = ("", "") if name == TOGETHER else both_values(name)
        parts.append(
            Part(
                feature="" if name == TOGETHER else name,
                label=words.label(name),
                value=value,
                amount=float(amount),
                shown=figure,
                other_value=other,
            )
        )
    return tuple(parts)


def _lessons(amounts: pd.Series, total: float, *, start: float) -> tuple[Part, ...]:
    shown = rounded_to_sum(list(amounts), round(start + total, DIGITS) - round(start, DIGITS))
    return tuple(
        Part(feature="", label=str(name), value="", amount=float(amount), shown=figure)
        for (name, amount), figure in zip(amounts.items(), shown, strict=True)
    )
