"""Learning to rank from preferences: the pure core, usable in a notebook without Django."""

from ranking.ltr.boosting import BoostingParams, boost
from ranking.ltr.comparison import Comparison, compare
from ranking.ltr.components import LinearComponent, RuleComponent, TreeComponent
from ranking.ltr.drift import psi
from ranking.ltr.errors import CorruptModel, InvalidFeatures, InvalidPreferences, LtrError, TrainingCancelled
from ranking.ltr.explain import pair_reasons, reasons
from ranking.ltr.metrics import kendall_tau, ndcg, pair_accuracy
from ranking.ltr.model import Ranker, Scorer, load_ranker
from ranking.ltr.preferences import Preferences
from ranking.ltr.splits import held_out_mask, is_held_out
from ranking.ltr.training import TrainingResult, TrainingTask, train

__all__ = [
    "BoostingParams",
    "Comparison",
    "CorruptModel",
    "InvalidFeatures",
    "InvalidPreferences",
    "LinearComponent",
    "LtrError",
    "Preferences",
    "Ranker",
    "RuleComponent",
    "Scorer",
    "TrainingCancelled",
    "TrainingResult",
    "TrainingTask",
    "TreeComponent",
    "boost",
    "compare",
    "held_out_mask",
    "is_held_out",
    "kendall_tau",
    "load_ranker",
    "ndcg",
    "pair_accuracy",
    "pair_reasons",
    "psi",
    "reasons",
    "train",
]
