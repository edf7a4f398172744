"""Which lines of a list are uncertain, because a fact that decides there is not reported. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from ranking.description import ProjectDescription
from ranking.formats import is_missing
from ranking.models import Match

IMPORTANT_SHARE = 0.1  # of all that speaks for or against anybody in the list


def important_fields(description: ProjectDescription, matches: Iterable[Match]) -> tuple[str, ...]:
    """Return the item fields that decide in a list, most important first.

    A field counts by what the features that read it weigh in the reasons of all lines: the weight of a
    feature in general says little about one need.
    """
    weights: dict[str, float] = defaultdict(float)
    for match in matches:
        for reason in match.reasons:
            weights[reason["feature"]] += abs(reason["contribution"])
    least = IMPORTANT_SHARE * sum(weights.values())
    read = {spec.name: spec.item_fields for spec in description.features}
    decisive = [name for name in sorted(weights, key=lambda name: -weights[name]) if weights[name] >= least]
    return tuple(dict.fromkeys(field for name in decisive for field in read.get(name, ())))


def missing_facts(description: ProjectDescription, match: Match, fields: Sequence[str]) -> tuple[str, ...]:
    """Return the labels of those fields that are not reported for a match."""
    labels = {field.name: field.label for field in description.item.fields}
    content = match.item_version.content
    return tuple(labels[name] for name in fields if name in labels and is_missing(content.get(name)))
