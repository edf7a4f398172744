"""Automatic promotion: only when the gate says promote, and never over somebody's head."""

from __future__ import annotations

from ranking.errors import PromotionRefused, StalePromotion
from ranking.models import Evaluation, ModelVersion, Promotion
from ranking.services.gates import gain_of
from ranking.services.versions import PromotionRequest, promote

AUTOMATIC_LEVEL = 0.0106
"""Most p of a gain that is promoted by itself: each retraining looks again, and the first to show one counts.
Ten looks at this level promote 5 % of versions that are no better (Pocock, Biometrika 64, 1977)."""


def promote_if_better(version: ModelVersion) -> Promotion | None:
    """Promote a version that the gate lets through, where its project wants that; else None."""
    evaluation = version.evaluations.select_related("champion").first()
    if not version.project.automatic_promotion or evaluation is None:
        return None
    if (
        evaluation.verdict != Evaluation.Verdict.PROMOTE
        or gain_of(evaluation).get("p", 1.0) > AUTOMATIC_LEVEL
    ):
        return None
    request = PromotionRequest(
        by="system",
        reason=f"Automatic: {evaluation.reason_with_fall}",
        expected_sha256=version.sha256,
        expected_champion=evaluation.champion.number,
        automatic=True,
    )
    try:
        return promote(version, request)
    except (StalePromotion, PromotionRefused):
        return None  # the champion it was compared with is gone: the comparison says nothing any more
