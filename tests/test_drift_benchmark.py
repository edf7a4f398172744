"""What benchmarks measure with: worlds that hold what they say, and a yardstick that is not empty."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import drift


def test_an_unchanged_world_of_drift_differs_by_its_draws_alone():
    change = drift.Change("as it was", (20, 20), same_needs=True)
    then, now = drift.samples(change, 0)
    assert then.features["need 0"].equals(now.features["need 0"])
    moved = drift.samples(replace(change, shift=0.5), 0)[1]
    assert np.allclose(moved.features["need 0"] - now.features["need 0"], 0.5)
    assert moved.features.drop(columns="need 0").equals(now.features.drop(columns="need 0"))


def test_other_needs_and_items_have_other_keys():
    then, now = drift.samples(drift.Change("other", (10, 12), same_items=False), 0)
    assert not set(np.asarray(then.queries)) & set(np.asarray(now.queries))
    assert not set(np.asarray(then.items)) & set(np.asarray(now.items))


def test_rows_cry_wolf_where_units_do_not():
    found = drift.measured(drift.Change("other needs", (44, 30)), 3)
    assert found["fixed PSI of rows"].all()
    assert not found["drifts"].any()


def test_a_method_that_sees_nothing_fails_the_benchmark(monkeypatch):
    monkeypatch.setitem(drift.METHODS, "blind", lambda then, now: set())
    with pytest.raises(SystemExit, match="not seen by blind: the yardstick is empty"):
        drift.check_yardstick(1)
    with pytest.raises(SystemExit, match="nothing would be measured"):
        drift.check_yardstick(0)
