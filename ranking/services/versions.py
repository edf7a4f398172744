"""Versions of the model: made once, promoted and rolled back by appending to a log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from django.db import IntegrityError, transaction
from django.db.models import Max

from ranking.errors import BrokenFile, ConfirmationNeeded, PromotionRefused, StalePromotion
from ranking.ltr import CorruptModel, Ranker, RuleComponent, load_ranker
from ranking.models import Evaluation, ModelVersion, Project, Promotion, TrainingJob
from ranking.services import files
from ranking.services.candidates import candidates, current_feature_set, description_of

SAMPLED_QUERIES = 20  # whose candidates set the scale of the sorting rule
SAMPLED_ROWS = 500


@dataclass(frozen=True)
class PromotionRequest:
    """Who promotes, why, and what was looked at: the checksum of the version and the champion it replaces.

    `confirm` is the version's name as somebody typed it, needed where the gate does not say promote.
    """

    by: str
    reason: str
    expected_sha256: str
    expected_champion: int | None = None
    confirm: str = ""
    automatic: bool = False
    rollback: bool = False


def create_rule_version(project: Project) -> ModelVersion:
    """Make version 0 from the sorting rule that was in use before any model, and put it in service."""
    feature_set = current_feature_set(project)
    sample = _sample(project)
    rule = RuleComponent.fit(sample, sort=description_of(project).sort)
    ranker = Ranker(columns=tuple(feature_set.columns), components=(rule,))
    file, digest = files.store("models", ".json", ranker.to_bytes())
    with transaction.atomic():
        version = ModelVersion.objects.create(
            project=project,
            number=0,
            kind=ModelVersion.Kind.RULE,
            feature_set=feature_set,
            file=file,
            sha256=digest,
            report={"rule": [list(key) for key in description_of(project).sort]},
        )
        promote(
            version,
            PromotionRequest(
                by="system", reason="The sorting rule in use before any model.", expected_sha256=digest
            ),
        )
    return version


def _sample(project: Project) -> pd.DataFrame:
    feature_set = current_feature_set(project)
    parts = []
    for query in project.queries.filter(active=True).order_by("key")[:SAMPLED_QUERIES]:
        features = candidates(query, feature_set).features
        parts.append(features.iloc[:: max(1, len(features) // SAMPLED_ROWS)])
    return pd.concat(parts, ignore_index=True)


def create_trained_version(
    job: TrainingJob,
    base: ModelVersion | None,
    data: bytes,
    result: Mapping[str, Any],
    *,
    provenance: bytes | None = None,
) -> ModelVersion:
    """Store a model trained on top of `base` as the next version of its project.

    Must run inside the transaction that finishes the job: a version without its job would be an orphan.
    """
    file, digest = files.store("models", ".json", data)
    sources = ("", "") if provenance is None else files.store("provenance", ".json.gz", provenance)
    latest = ModelVersion.objects.filter(project=job.project).aggregate(Max("number"))["number__max"]
    return ModelVersion.objects.create(
        project=job.project,
        number=0 if latest is None else latest + 1,
        kind=ModelVersion.Kind.TRAINED,
        parent=base,
        training_set=job.training_set,
        feature_set=job.training_set.feature_set,
        params=result["params"],
        seed=job.seed,
        report=result["report"],
        file=file,
        sha256=digest,
        provenance_file=sources[0],
        provenance_sha256=sources[1],
    )


def record_evaluation(
    challenger: ModelVersion, champion: ModelVersion, results: Mapping[str, Any]
) -> Evaluation:
    """Append an evaluation as the training child computed it."""
    return Evaluation.objects.create(
        challenger=challenger,
        champion=champion,
        training_set=challenger.training_set,
        results=results,
        verdict=results["verdict"],
        reason=results["reason"],
    )


def current_champion(project: Project) -> ModelVersion | None:
    """Return the latest promoted version, whether its file can be loaded or not."""
    latest = project.promotions.select_related("version").first()
    return latest.version if latest else None


def promote(version: ModelVersion, request: PromotionRequest) -> Promotion:
    """Put a version in service by one appended row: it happens as a whole or not at all.

    Raises StalePromotion when the version or the champion is not what was looked at, PromotionRefused when
    the version is in service already, can't be loaded, or has no stated reason, ConfirmationNeeded when the
    gate does not say promote and its name was not typed.
    """
    if not request.reason.strip():
        raise PromotionRefused("say why, in a few words: the log keeps it")
    if request.expected_sha256 != version.sha256:
        raise StalePromotion(f"version {version.number} is not the one that was looked at")
    _load_fresh(version)
    try:
        with transaction.atomic():
            Project.objects.select_for_update().get(pk=version.project_id)
            return _append(version, request)
    except IntegrityError as error:
        raise StalePromotion("somebody else promoted a version at the same moment") from error


def _append(version: ModelVersion, request: PromotionRequest) -> Promotion:
    latest = Promotion.objects.filter(project=version.project).select_related("version").first()
    if latest is not None and latest.version_id == version.pk:
        raise PromotionRefused(f"version {version.number} is in service already")
    if request.expected_champion is not None and (
        latest is None or latest.version.number != request.expected_champion
    ):
        raise StalePromotion(f"version {request.expected_champion} is no longer the one in service")
    if not request.rollback:
        _check_confirmed(version, latest and latest.version, request.confirm)
    return Promotion.objects.create(
        project=version.project,
        version=version,
        previous=latest,
        evaluation=_compared(version, latest.version) if latest and not request.rollback else None,
        sha256=request.expected_sha256,
        reason=request.reason.strip(),
        by=request.by,
        automatic=request.automatic,
        rollback=request.rollback,
    )


def _compared(version: ModelVersion, champion: ModelVersion) -> Evaluation | None:
    """Return the latest evaluation against the very version that is replaced: another one says nothing."""
    return version.evaluations.filter(champion=champion).first()


def objection_to(version: ModelVersion, champion: ModelVersion | None) -> str:
    """Say what speaks against putting a version in service in place of the champion; empty for nothing.

    A version that was never compared with this champion has no verdict that speaks for it: without this, a
    roll-back would be a way round a refusal.
    """
    if champion is None or champion == version:
        return ""
    evaluation = _compared(version, champion)
    if evaluation is None:
        return f"version {version.number} has not been evaluated against version {champion.number}"
    said = {Evaluation.Verdict.NOT_YET: "says not yet to", Evaluation.Verdict.REFUSE: "refuses"}
    words = said.get(Evaluation.Verdict(evaluation.verdict))
    return f"the gate {words} version {version.number}" if words else ""


def _check_confirmed(version: ModelVersion, champion: ModelVersion | None, typed: str) -> None:
    """Refuse what the gate does not let through, unless its name was typed: "version 3", or its number."""
    objection = objection_to(version, champion)
    name = " ".join(typed.split()).casefold()
    if not objection or name in (str(version), str(version.number)):
        return
    instead = f", not “{typed.strip()}”" if name else ""
    words = f"{objection}: to put it in service all the same, type “{version}”{instead}"
    raise ConfirmationNeeded(words, field="confirm")


def roll_back(project: Project, *, by: str, reason: str, expected_champion: int | None = None) -> Promotion:
    """Promote the version that was in service before the present one.

    Raises PromotionRefused without one, StalePromotion when the present one is not what was looked at.
    """
    latest = project.promotions.select_related("version", "previous__version").first()
    if latest is None or latest.previous is None:
        raise PromotionRefused("no version was in service before this one")
    if expected_champion is not None and latest.version.number != expected_champion:
        raise StalePromotion(f"version {expected_champion} is no longer the one in service")
    before = latest.previous.version
    return promote(
        before,
        PromotionRequest(
            by=by,
            reason=reason,
            expected_sha256=before.sha256,
            expected_champion=latest.version.number,
            rollback=True,
        ),
    )


def _load_fresh(version: ModelVersion) -> Ranker:
    """Read the file itself, not a cached copy: what is promoted must be loadable after a restart."""
    try:
        return load_ranker(files.read(version.file, version.sha256), version.sha256)
    except (BrokenFile, CorruptModel) as error:
        raise PromotionRefused(f"version {version.number} can't be loaded: {error}") from error
