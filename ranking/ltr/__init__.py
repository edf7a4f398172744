"""Learning to rank from preferences: the pure core, usable in a notebook without Django."""

from ranking.ltr.agreement import Agreement, Consistency, JudgePair, measure_agreement, repeat_consistency
from ranking.ltr.asking import Mix, ProposedSlate, ask
from ranking.ltr.boosting import BoostingParams, boost
from ranking.ltr.committee import committee, staged_committee
from ranking.ltr.comparison import Comparison, compare
from ranking.ltr.components import LinearComponent, RuleComponent, TreeComponent
from ranking.ltr.concordance import kendall_w, ordinal_alpha, pairs_kept, rbo, tau_b
from ranking.ltr.decision import Check, GateDecision
from ranking.ltr.drift import Drift, Sample, drifts, psi
from ranking.ltr.errors import CorruptModel, InvalidFeatures, InvalidPreferences, LtrError, TrainingCancelled
from ranking.ltr.explain import pair_reasons, reasons
from ranking.ltr.figures import PairedResults
from ranking.ltr.gate import gate
from ranking.ltr.guardrails import GateLimits
from ranking.ltr.intervals import Estimate
from ranking.ltr.lines import judged_lines
from ranking.ltr.metrics import kendall_tau, ndcg, pair_accuracy
from ranking.ltr.model import Ranker, Scorer, checksum, load_ranker
from ranking.ltr.paired import paired_results
from ranking.ltr.preferences import Preferences
from ranking.ltr.provenance import Provenance, load_provenance, moved
from ranking.ltr.refined import Refined
from ranking.ltr.refining import refine
from ranking.ltr.separation import separation_reliability
from ranking.ltr.splits import held_out_mask, is_held_out
from ranking.ltr.tables import FeatureColumn, Pairs, Rows, read_pairs, read_rows
from ranking.ltr.training import TrainingResult, TrainingTask, train

__all__ = [
    "Agreement",
    "BoostingParams",
    "Check",
    "Comparison",
    "Consistency",
    "CorruptModel",
    "Drift",
    "Estimate",
    "FeatureColumn",
    "GateDecision",
    "GateLimits",
    "InvalidFeatures",
    "InvalidPreferences",
    "JudgePair",
    "LinearComponent",
    "LtrError",
    "Mix",
    "PairedResults",
    "Pairs",
    "Preferences",
    "ProposedSlate",
    "Provenance",
    "Ranker",
    "Refined",
    "Rows",
    "RuleComponent",
    "Sample",
    "Scorer",
    "TrainingCancelled",
    "TrainingResult",
    "TrainingTask",
    "TreeComponent",
    "ask",
    "boost",
    "checksum",
    "committee",
    "compare",
    "drifts",
    "gate",
    "held_out_mask",
    "is_held_out",
    "judged_lines",
    "kendall_tau",
    "kendall_w",
    "load_provenance",
    "load_ranker",
    "measure_agreement",
    "moved",
    "ndcg",
    "ordinal_alpha",
    "pair_accuracy",
    "pair_reasons",
    "paired_results",
    "pairs_kept",
    "psi",
    "rbo",
    "read_pairs",
    "read_rows",
    "reasons",
    "refine",
    "repeat_consistency",
    "separation_reliability",
    "staged_committee",
    "tau_b",
    "train",
]
