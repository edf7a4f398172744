"""Trainings and versions, made at once through the real services, and what a training reports of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from feedback.models import FeedbackSession
from feedback.services.learning import freeze_training_set
from ranking.ltr import Check, GateDecision, LinearComponent, Ranker, RuleComponent
from ranking.ltr.components import LinearTerm
from ranking.ltr.decision import NotMeasured
from ranking.ltr.judges import JudgeReport
from ranking.ltr.provenance import Provenance, Without
from ranking.ltr.refinement import RefinementComponent
from ranking.models import ModelVersion, Project, TrainingJob
from ranking.services import jobs, serving, training_sets, versions
from ranking.services.candidates import candidates, current_feature_set


def make_job(project: Project, *, by: str = "ada") -> TrainingJob:
    """Queue a training from the graded labels; nobody works on it."""
    return jobs.request_training(training_sets.freeze_labels(project), by=by)


def make_version(project: Project, *, verdict: str = "promote", sort: str = "fee") -> ModelVersion:
    """Finish a training at once, without a child process: the next version sorts by another feature.

    It is not in service. It has an evaluation with the given verdict.
    """
    job = jobs.claim(make_job(project).pk, owner="test")
    assert job is not None
    return finish(job, verdict=verdict, sort=sort)


def finish(
    job: TrainingJob,
    *,
    base: ModelVersion | None = None,
    verdict: str = "promote",
    sort: str = "fee",
    **results: Any,
) -> ModelVersion:
    """End a training that is running, on top of `base`: without one, of the version in service.

    `results` change what its evaluation says.
    """
    base = base or serving.champion(job.project).version
    evaluation = evaluation_results(verdict) | results
    result = {"params": {}, "report": training_report(), "evaluation": evaluation}
    return jobs.finish(job, base, sorting_model(job.project, sort), result)


def make_refinement(project: Project, report: Mapping[str, Any], **results: Any) -> ModelVersion:
    """Finish a training from the closed sessions at once; `results` change what its evaluation says."""
    job = jobs.claim(jobs.request_training(freeze_training_set(project), by="ada").pk, owner="test")
    assert job is not None
    result = {
        "params": {},
        "report": dict(report),
        "evaluation": evaluation_results() | {"experts": {}, **results},
    }
    return jobs.finish(job, serving.champion(project).version, sorting_model(project, "fee"), result)


def make_taught_version(
    project: Project, taught: Mapping[FeedbackSession, tuple[str, float]]
) -> ModelVersion:
    """Finish a training from the closed sessions at once: each teaches a weight (negative: less is better).

    The version is its parent plus the lesson of each session; without one of them, plus those of the others.
    """
    job = jobs.claim(jobs.request_training(freeze_training_set(project), by="ada").pk, owner="test")
    assert job is not None
    base = serving.champion(project)
    parts = {session.pk: _lesson(project, *lesson) for session, lesson in taught.items()}
    lesson = RefinementComponent(f"version {project.versions.count()}", 1.0, tuple(parts.values()), None)
    without = [
        Without(str(left), 3, 1.0, tuple(part for pk, part in parts.items() if pk != left)) for left in parts
    ]
    return jobs.finish(
        job,
        base.version,
        base.ranker.extended(lesson).to_bytes(),
        {"params": {}, "report": refinement_report(), "evaluation": evaluation_results()},
        provenance=Provenance(tuple(without), None).to_file()[0],
    )


def _lesson(project: Project, feature: str, weight: float) -> LinearComponent:
    sample = candidates(project.queries.first(), current_feature_set(project)).features[feature]
    scale = (float(sample.mean()),), (float(sample.std()),)
    return LinearComponent(feature, 1.0, (feature,), *scale, (LinearTerm((feature,), weight),))


def sorting_model(project: Project, feature: str, direction: str = "ascending") -> bytes:
    """Return the bytes of a model that sorts by one feature."""
    feature_set = current_feature_set(project)
    sample = pd.concat(
        [candidates(query, feature_set).features for query in project.queries.all()[:3]], ignore_index=True
    )
    rule = RuleComponent.fit(sample, sort=[(feature, direction)])
    return Ranker(columns=tuple(feature_set.columns), components=(rule,)).to_bytes()


def training_report() -> dict[str, Any]:
    """Return what training from labels reports of itself."""
    return {
        "mode": "labels",
        "component": "version 1",
        "params": {},
        "seed": 0,
        "n_rows_trained": 96,
        "n_queries_trained": 9,
        "kept_incumbent": False,
        "choice": "made up for a test",
        "candidates": [
            {**learner_entry("trees", rounds=20, leaves=31), "weight": 0.0},
            learner_entry("trees", rounds=40, leaves=31),
        ],
        "pairs": {"label": 400},
        "judges": {},
        "slope": None,
        "seconds": {"fit": 1.0},
    }


def refinement_report(**changed: Any) -> dict[str, Any]:
    """Return what training from experts' preferences reports of itself."""
    figures = {"loss": 0.5, "loss_error": 0.02, "accuracy": 0.74, "accuracy_error": 0.02}
    return training_report() | {
        "mode": "preferences",
        "choice": "made up for a test",
        "belief": 0.6,
        "t": 2.1,
        "candidates": [
            {**learner_entry("incumbent"), "weight": 0.5, "accuracy": 0.51},
            {**learner_entry("linear", ridge=16.0, products=4.0), "weight": 0.0},
            {**learner_entry("linear + trees", rounds=26, leaves=8), "weight": 1.5},
        ],
        "combined": {**figures, "gain": 0.1, "gain_error": 0.03},
        "units": 9,
        "coverage": {"gated": False, "open": 1.0, "columns": []},
        **changed,
    }


def learner_entry(family: str, **size: float) -> dict[str, Any]:
    """Return one way of learning as a training reports it."""
    return {
        "family": family,
        "size": size,
        "words": "made up for a test",
        "weight": 1.0,
        "loss": 0.5,
        "loss_error": 0.02,
        "accuracy": 0.73,
        "accuracy_error": 0.02,
        "gain": 0.1,
        "gain_error": 0.03,
    }


def judge_entry(**changed: Any) -> dict[str, Any]:
    """Return what a training reports of one judge."""
    found = JudgeReport(
        flip_rate=0.07, lists=9, pairs=54, own=True, flip_low=0.03, flip_high=0.14, verdict="reliable"
    )
    return replace(found, **changed).to_dict()


def evaluation_results(verdict: str = "promote") -> dict[str, Any]:
    """Return an evaluation as training reports it."""
    difference = {"promote": 0.05, "refuse": -0.05, "not_yet": 0.0}[verdict]
    metric = {
        "challenger": 0.7 + difference,
        "champion": 0.7,
        "difference": difference,
        "low": difference - 0.02,
        "high": difference + 0.02,
        "p_value": 0.01,
        "n_queries": 4,
    }
    return {
        "metrics": {"pair_accuracy": metric, "ndcg@10": metric},
        "segments": {"style": {"growth": {"ndcg@10": metric}}},
        "experts": {"edda": {"pair_accuracy": metric}},
        "per_query": [{"query": "M01", "challenger": 0.7 + difference, "champion": 0.7}],
        "gate": gate_decision(verdict),
        "verdict": verdict,
        "reason": f"made up for a test: {verdict}",
    }


def gate_decision(
    verdict: str = "promote",
    check: str = "superiority",
    *,
    slates_needed: int | None = None,
    p: float = 0.001,
    unmeasured: Mapping[str, NotMeasured] | None = None,
) -> dict[str, Any]:
    """Return what the gate says when one check has a verdict and all others, but the unmeasured, passed."""
    names = ("sound", "superiority", "base", "segments", "experts", "fairness", "calibration")
    without = unmeasured or {}
    checks = tuple(
        Check.without_measure(name, without[name])
        if name in without
        else Check(
            name=name,
            verdict=verdict if name == check else "promote",
            figures={"n_queries": 4, "queries_needed": 60, "gain_reckoned_with": 0.02, "p": p},
            words=f"made up for a test of {name}",
        )
        for name in names
    )
    return GateDecision(verdict, checks, slates_needed, dropped=3).to_dict()


def promote(version: ModelVersion, *, by: str = "ada", reason: str = "It is better.") -> None:
    """Put a version in service, whatever its verdict."""
    request = versions.PromotionRequest(
        by=by, reason=reason, expected_sha256=version.sha256, confirm=str(version)
    )
    versions.promote(version, request)
