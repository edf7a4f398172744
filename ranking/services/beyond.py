"""Where an item is that the kept lines of a list do not show: further down, or taken out by a rule."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ranking.models import Item, Ranking
from ranking.rules import Rule, broken_rules, rule_in_words
from ranking.services.candidates import candidates, description_of
from ranking.services.serving import order, ranker_of

MOST_FOUND = 5
#: What a rule says only together with its value: ": {value}" and a bracket around it.
_VALUE_ALONE = re.compile(r":\s*\{value\}|\s*\([^()]*\{value\}[^()]*\)")


@dataclass(frozen=True)
class Elsewhere:
    """An item outside the kept lines: its rank among all candidates, or the rules that it breaks."""

    title: str
    rank: int | None
    rules: tuple[str, ...]


@dataclass(frozen=True)
class RuleCount:
    """One hard rule in the words of a need, and how many items break it; None where it does not apply."""

    words: str
    removed: int | None


def elsewhere(ranking: Ranking, text: str) -> list[Elsewhere]:
    """Return the items whose title holds the text and that are not among the kept lines, a few at most.

    Raises BrokenFile, CorruptModel when the version of the ranking can't be loaded.
    """
    kept = ranking.matches.values("item_version__item")
    found = list(
        Item.objects.filter(project=ranking.query.project_id, active=True, current__isnull=False)
        .filter(title__icontains=text)
        .exclude(pk__in=kept)
        .select_related("current")
        .order_by("title")[:MOST_FOUND]
    )
    ranks = _ranks(ranking) if found else {}
    return [
        Elsewhere(item.title, ranks.get(item.current_id or 0), _rules_broken(ranking, item)) for item in found
    ]


def rule_counts(ranking: Ranking) -> list[RuleCount]:
    """Return every hard rule of the project in the words of this need, with how many items it took out."""
    description = description_of(ranking.query.project)
    return [
        RuleCount(_in_words(ranking, rule), ranking.removed_by_rule.get(rule.name))
        for rule in description.rules
    ]


def words_without_value(words: str) -> str:
    """Return a rule's words for a need that names no value.

    >>> words_without_value("Holds these licences: {value}")
    'Holds these licences'
    """
    return _VALUE_ALONE.sub("", words).replace("{value}", "…")


def _ranks(ranking: Ranking) -> dict[int, int]:
    pool = candidates(ranking.query, ranking.version.feature_set)
    best_first, _ = order(ranker_of(ranking.version), pool)
    return {int(pool.version_ids[row]): rank for rank, row in enumerate(best_first, start=1)}


def _rules_broken(ranking: Ranking, item: Item) -> tuple[str, ...]:
    assert item.current is not None
    rules = description_of(ranking.query.project).rules
    broken = broken_rules(rules, item.current.content, ranking.query.content)
    return tuple(_in_words(ranking, rule) for rule in broken)


def _in_words(ranking: Ranking, rule: Rule) -> str:
    if not rule.applies(ranking.query.content):
        return words_without_value(rule.words or rule.name)
    field = description_of(ranking.query.project).item.field(rule.field)
    return rule_in_words(rule, ranking.query.content, format=field.format, unit=field.unit)
