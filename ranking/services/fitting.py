"""The features of a project as they are fitted: when they were declared, and what came up since."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pandas as pd
from django.utils import timezone

from ranking.description import NounDescription, ProjectDescription
from ranking.errors import ImportRefused
from ranking.formats import counted
from ranking.importers.tables import Refusal
from ranking.ltr.features import FeatureSpace, FeatureSpec
from ranking.models import FeatureSet, Project
from ranking.services import files
from ranking.services.candidates import (
    columns_of,
    current_feature_set,
    description_of,
    feature_definition,
    misread,
    space_of,
)
from ranking.services.catalog_rows import OnProgress
from ranking.services.versions import create_rule_version, current_champion


def prepare(project: Project, on_progress: OnProgress) -> list[str]:
    """Fit the features when they were declared anew, make version 0 when there is none; say what was done.

    Features that are fitted stay as they are when only data change: a category code or a word weight that
    moved would change what every older version means. A category that comes up gets a code of its own, which
    versions know that are trained from then on. What is declared as before keeps its codes and words when
    another feature is declared anew: the next version is refined from the one in service.
    """
    description = description_of(project)
    notes = []
    if _are_fitted(project):
        notes += _extend(project, description)
    else:
        items, queries = contents_of(project)
        if not items or not queries:
            return [f"no {description.item.plural if not items else description.query.plural} yet"]
        lacking = _lacking_of(description, items, queries)
        if lacking:  # the old features go on until the new fields are there
            return lacking
        on_progress("features", 0, 1)
        before = project.feature_sets.order_by("-created_at", "-id").first()
        fitted = _fit(project, description, items, queries)
        on_progress("features", 1, 1)
        if fitted != before:
            notes.append(f"{counted(len(description.features), 'feature')} fitted")
        notes += _cannot_train(project, fitted)
    if not project.versions.exists():
        create_rule_version(project)
        notes.append("version 0, the sorting rule, is in service")
    return notes


def declared_space(project: Project, items: list[Any], queries: list[Any]) -> FeatureSpace | None:
    """Return the space of the features as they are declared; None while the data for it are not there.

    Where they are not fitted yet, as in a dry run, they are fitted for the caller alone.
    """
    description = description_of(project)
    if not items or not queries or _lacking_of(description, items, queries):
        return None
    if _are_fitted(project):
        return space_of(current_feature_set(project))
    return _space(project, description, items, queries)


def _lacking_of(description: ProjectDescription, items: list[Any], queries: list[Any]) -> list[str]:
    return _lacking(description.item, items) + _lacking(description.query, queries)


def _lacking(noun: NounDescription, contents: list[Any]) -> list[str]:
    """Ask for the import of what has none of some field; what a few do not have is missing there."""
    lacking = sorted(set(noun.names).difference(*contents))
    return [f"import the {noun.plural} again: they have no {', '.join(lacking)} yet"] if lacking else []


def _fit(
    project: Project, description: ProjectDescription, items: list[Any], queries: list[Any]
) -> FeatureSet:
    return _store(project, _space(project, description, items, queries))


def _space(
    project: Project, description: ProjectDescription, items: list[Any], queries: list[Any]
) -> FeatureSpace:
    frames = frames_of(description, items, queries)
    return FeatureSpace.fit(description.features, *frames, like=_space_to_keep(project))


def _cannot_train(project: Project, fitted: FeatureSet) -> list[str]:
    """Tell where the version in service reads a feature as it is not declared any more."""
    champion = current_champion(project)
    wrong = misread(champion, space_of(fitted)) if champion else ()
    if not champion or not wrong:
        return []
    return [
        f"version {champion.number}, in service, reads {', '.join(wrong)} otherwise: no training goes "
        "through until that is declared as it was, or another version is promoted"
    ]


def _are_fitted(project: Project) -> bool:
    """Say whether features are fitted as they are declared, and as the champion reads them."""
    if not project.feature_sets.filter(definition_sha256=feature_definition(project)).exists():
        return False
    champion = current_champion(project)
    return champion is None or not misread(champion, space_of(current_feature_set(project)))


def _space_to_keep(project: Project) -> FeatureSpace | None:
    """Return the space whose codes and words stay: the latest, or the champion's where the two differ."""
    if not project.feature_sets.exists():
        return None
    latest, champion = space_of(current_feature_set(project)), current_champion(project)
    return space_of(champion.feature_set) if champion and misread(champion, latest) else latest


def _extend(project: Project, description: ProjectDescription) -> list[str]:
    """Give new categories a code; name them."""
    space = space_of(current_feature_set(project))
    if not space.categorical:
        return []
    frames = frames_of(description, *contents_of(project))
    extended, champion = space.extended(*frames), current_champion(project)
    if champion and misread(champion, extended):
        # Declared as it once was; the version in service has met other new ones since: they come first.
        space = space_of(champion.feature_set)
        extended = FeatureSpace.fit(description.features, *frames, like=space)
    if extended is space:
        return []
    _store(project, extended)
    return [
        f"{space.labels[name]}: {', '.join(new)} came up since the features were fitted; "
        "the next training learns about it, earlier versions take it for missing"
        for name, known in space.categories.items()
        if (new := extended.categories[name][len(known) :])
    ]


def frames_of(
    description: ProjectDescription, items: list[Any], queries: list[Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the declared fields of items and of queries as tables; what one does not have is missing."""
    return (
        pd.DataFrame(items, columns=pd.Index(description.item.names)),
        pd.DataFrame(queries, columns=pd.Index(description.query.names)),
    )


def _store(project: Project, space: FeatureSpace) -> FeatureSet:
    file, digest = files.store("features", ".json", space.to_bytes())
    return FeatureSet.objects.update_or_create(
        project=project,
        sha256=digest,
        defaults={
            "definition_sha256": feature_definition(project),
            "file": file,
            "columns": list(space.columns),
            "created_at": timezone.now(),  # one that was there before others is the present one again
        },
    )[0]


def contents_of(project: Project) -> tuple[list[Any], list[Any]]:
    """Return what is known of all active items and of all active queries."""
    items = project.items.filter(active=True).values_list("current__content", flat=True)
    queries = project.queries.filter(active=True).values_list("content", flat=True)
    return [content for content in items if content is not None], list(queries)


def refuse_lost_features(project: Project, description: ProjectDescription) -> None:
    """The version in service reads its features, and the next one is refined from it: they may be added to,
    not taken away, and none may come to mean something else.
    """
    champion = current_champion(project)
    if champion is None:
        return
    declared = {spec.name: spec.reading for spec in description.features}
    own = {spec.name: spec.reading for spec in space_of(champion.feature_set).specs}
    lost = [name for name in champion.feature_set.columns if name not in declared]
    changed = [name for name in columns_of(champion) if name in declared and declared[name] != own[name]]
    in_service = f"version {champion.number} is in service and"
    refusals = dict.fromkeys(lost, f"{in_service} has it: features are added to, not taken away")
    refusals |= {name: f"{in_service} {_reads(own[name], declared[name])}" for name in changed}
    if refusals:
        raise ImportRefused(
            [Refusal("project.toml", None, f"features: {name}", why) for name, why in refusals.items()]
        )


def _reads(own: FeatureSpec, declared: FeatureSpec) -> str:
    """Say how a version reads a feature, and what is to be done to have it otherwise."""
    for key in ("stop_words", "words"):  # what nobody declared meant something else in earlier releases
        value = getattr(own, key)
        if value != getattr(declared, key) and replace(declared, **{key: value}) == own:
            return (
                f"reads it with {key} = {json.dumps(value)}: declare that, and add one that reads otherwise"
            )
    year = own.reference_year
    if year and replace(declared, reference_year=year) == own:
        return (
            f"counts to the end of {year}: give it reference_year = {year}, and add one that counts otherwise"
        )
    return "reads it as it was; give what changed another name, and keep this one"
