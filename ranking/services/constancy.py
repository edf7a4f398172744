"""Features that tell no candidate from another, named at load time: mostly a wrong field or file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ranking.description import ProjectDescription
from ranking.errors import ImportRefused
from ranking.importers.tables import Refusal
from ranking.ltr.features import FeatureSpec
from ranking.ltr.features.constancy import Range, constant_features
from ranking.models import GivenFeatures, Project
from ranking.services.candidates import description_of
from ranking.services.catalog_rows import CHUNK, chunks
from ranking.services.fitting import contents_of, declared_space, frames_of
from ranking.services.words import FeatureWords


def constant_notes(project: Project) -> list[str]:
    """Name the features that have one value for all pairs, with the value.

    Raises ImportRefused when every feature has: no order could follow from any of them.
    """
    description = description_of(project)
    items, queries = contents_of(project)
    space = declared_space(project, items, queries)
    if space is None or len(items) < 2:
        return []
    frame, _ = frames_of(description, items, queries)
    needs = [dict.fromkeys(description.query.names) | content for content in queries]
    given = _constant_given(project, description)
    found = constant_features(space, frame, needs) | given
    words = FeatureWords.of(space, description)
    said = {
        spec.name: _said(spec, found[spec.name], words, description)
        for spec in space.specs
        if spec.name in found
    }
    waiting = any(found[spec.name].is_missing for spec in space.specs if spec.name in given)
    if len(said) == len(space.specs) and not waiting and not any(map(_tells_apart, found.values())):
        raise ImportRefused([Refusal("project.toml", None, f"features: {n}", why) for n, why in said.items()])
    return [f"feature {name}: {why}" for name, why in said.items()]


def _tells_apart(seen: Range) -> bool:
    """Say whether there is at least a difference between a value and none."""
    return seen.lacks_some and not seen.is_missing


def _said(spec: FeatureSpec, seen: Range, words: FeatureWords, description: ProjectDescription) -> str:
    item, query = f"every {description.item.noun}", f"every {description.query.noun}"
    of = item if not spec.query_fields else query if not spec.item_fields else f"{item} and {query}"
    if spec.kind == "given":
        of = f"{item} and {query}"
        if seen.is_missing:
            return "has no value yet: name a file of given values in [files], or run import_given"
    if seen.is_missing:
        return f"is missing for {of}, so it tells none apart"
    value = words.value(spec.name, seen.low)
    if _tells_apart(seen):
        return f"is {value} for {of} that has a value, and missing for the others"
    return f"is {value} for {of}, so it tells none apart"


def _constant_given(project: Project, description: ProjectDescription) -> dict[str, Range]:
    """Return the given features with at most one value; only the rows that came are read, not all pairs."""
    ranges = {spec.name: Range() for spec in description.features if spec.kind == "given"}
    fields = {spec.name: spec.field for spec in description.features}
    rows = GivenFeatures.objects.filter(query__project=project).values_list("values", flat=True)
    for part in chunks(rows.iterator(chunk_size=CHUNK) if ranges else ()):
        for name in list(ranges):
            values = np.array([row.get(fields[name], np.nan) for row in part], dtype=np.float64)
            ranges[name] = ranges[name].over(values)
            if ranges[name].varies:
                del ranges[name]
        if not ranges:
            break
    everywhere = description.candidates == "given"  # no other pair is a candidate
    return {name: seen if everywhere else replace(seen, lacks_some=True) for name, seen in ranges.items()}
