"""Features of a (query, item) pair: declared as specs, fitted into a space, built column-wise for a query."""

from ranking.ltr.features.space import FeatureSpace, PreparedItems
from ranking.ltr.features.spec import CROSSES, KINDS, MEASURES, ONE_SIDED, STOP_WORDS, TRANSFORMS, FeatureSpec

__all__ = [
    "CROSSES",
    "KINDS",
    "MEASURES",
    "ONE_SIDED",
    "STOP_WORDS",
    "TRANSFORMS",
    "FeatureSpace",
    "FeatureSpec",
    "PreparedItems",
]
