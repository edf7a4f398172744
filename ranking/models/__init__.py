"""Rows of the lower app, in the order of the loop: catalogue, serving, training, versions."""

from ranking.models.catalogue import (
    FeatureSet,
    GivenFeatures,
    Item,
    ItemVersion,
    Label,
    Organisation,
    Project,
    Query,
)
from ranking.models.serving import Match, Ranking
from ranking.models.training import TrainingJob, TrainingSet
from ranking.models.versions import DriftCheck, Evaluation, ModelVersion, Promotion

__all__ = [
    "DriftCheck",
    "Evaluation",
    "FeatureSet",
    "GivenFeatures",
    "Item",
    "ItemVersion",
    "Label",
    "Match",
    "ModelVersion",
    "Organisation",
    "Project",
    "Promotion",
    "Query",
    "Ranking",
    "TrainingJob",
    "TrainingSet",
]
