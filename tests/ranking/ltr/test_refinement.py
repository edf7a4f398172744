"""One refinement as a part of a model: sums stay exact behind the gate, and the file is the same bytes."""

import numpy as np
import pandas as pd
import pytest

from ranking.ltr.components import LinearComponent, LinearTerm, RuleComponent, TreeComponent
from ranking.ltr.coverage import Coverage
from ranking.ltr.errors import CorruptModel
from ranking.ltr.members import grow
from ranking.ltr.model import Ranker, checksum, load_ranker
from ranking.ltr.refinement import RefinementComponent

GATE = Coverage(("need",), (0.0,), (1.0,), ((0,), (0, 0)), (6.0, -0.5), 0.0)
CLOSED = Coverage(("need",), (0.0,), (1.0,), ((0,),), (0.0,), -9.0)


@pytest.fixture(scope="module")
def made(make_problem):
    """(features, a rule, the parts of a refinement)."""
    problem = make_problem(queries=12)
    features = problem.features.mask(np.random.default_rng(0).random(problem.features.shape) < 0.1)
    text = grow(problem, problem.base, np.ones(len(problem.expert), bool), None, (6, 8)).model_text
    trees = TreeComponent("trees", 0.7, tuple(features), text)
    terms = (LinearTerm(("focus",), 1.5), LinearTerm(("age", "need"), -0.8))
    linear = LinearComponent("line", 0.3, ("focus", "age", "need"), (0.1, 0.0, 0.0), (1.0, 2.0, 1.0), terms)
    return features, RuleComponent.fit(features, [("age", "descending")], weight=2.0), (linear, trees)


@pytest.mark.parametrize("coverage", [None, GATE, CLOSED], ids=["no gate", "a gate", "a closed gate"])
def test_contributions_add_up_to_the_score(made, coverage):
    features, rule, parts = made
    alone = RefinementComponent("version 2", 1.3, parts, coverage)
    assert alone.contributions(features).sum(axis=1) == pytest.approx(alone.score(features), abs=1e-9)
    whole = Ranker(rule.columns, (rule,)).extended(alone)
    assert whole.contributions(features).sum(axis=1).to_numpy() == pytest.approx(
        whole.score(features), abs=1e-9
    )


def test_the_score_is_the_gate_times_the_weighted_parts(made):
    features, _, parts = made
    wanted = GATE.gate(features) * sum(part.weight * part.score(features) for part in parts)
    assert RefinementComponent("x", 1.0, parts, GATE).score(features) == pytest.approx(wanted, abs=1e-12)
    assert 0 < GATE.gate(features).mean() < 1


def test_a_closed_gate_leaves_every_score_as_it_was_to_the_bit(made):
    features, rule, parts = made
    before = Ranker(rule.columns, (rule,))
    after = before.extended(RefinementComponent("version 2", 1.0, parts, CLOSED))
    assert after.score(features).tolist() == before.score(features).tolist()


def test_it_reads_what_its_parts_and_its_gate_read(made):
    _, _, (linear, trees) = made
    assert RefinementComponent("x", 1.0, (linear, trees), GATE).columns == ("focus", "age", "need", "state")
    gate = Coverage(("elsewhere",), (0.0,), (1.0,), ((0,),), (1.0,), 0.0)
    assert RefinementComponent("x", 1.0, (linear,), gate).columns[-1] == "elsewhere"
    assert RefinementComponent("x", 1.0, (), None).columns == ()


@pytest.mark.parametrize("coverage", [None, GATE], ids=["no gate", "a gate"])
def test_the_file_is_read_back_to_the_same_bytes(made, coverage):
    features, rule, parts = made
    ranker = Ranker(rule.columns, (rule,)).extended(RefinementComponent("version 2", 0.9, parts, coverage))
    data = ranker.to_bytes()
    read = load_ranker(data, checksum(data))
    assert read == ranker
    assert read.to_bytes() == data
    assert read.score(features).tolist() == ranker.score(features).tolist()


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"kind":"linear"', b'"kind":"poetry"'), (b'"coverage":', b'"covering":'), (b'"powers":', b'"power":')],
)
def test_a_file_of_unknown_parts_is_refused(made, old, new):
    _, rule, parts = made
    data = Ranker(rule.columns, (rule,)).extended(RefinementComponent("x", 1.0, parts, GATE)).to_bytes()
    assert old in data
    wrong = data.replace(old, new)
    with pytest.raises(CorruptModel, match="not a model file"):
        load_ranker(wrong, checksum(wrong))


def test_no_rows_have_no_scores(made):
    features, _, parts = made
    empty = pd.DataFrame(columns=list(features), dtype=np.float64)
    component = RefinementComponent("x", 1.0, parts, GATE)
    assert component.score(empty).shape == (0,)
    assert component.contributions(empty).shape == (0, 5)
