"""What every benchmark writes with: a table that measured nothing ends the run."""

import pytest

from benchmarks import reporting

HEAD = "| world | ours | theirs |\n|---|---|---|\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD, "no rows"),
        (HEAD + "\nA sentence.", "no rows"),
        (HEAD + "| bends | 1.2 | nan |", "a figure is missing"),
        (HEAD + "| bends | inf | 2.0 (1.0 to 3.0) |", "a figure is missing"),
    ],
)
def test_a_table_that_measured_nothing_ends_the_run(text, problem):
    with pytest.raises(SystemExit, match=problem):
        reporting.check(text)


def test_a_table_with_figures_is_written():
    text = HEAD + "| bends | 1.2 | 2.0 (1.0 to 3.0) |\n\nA finance world, in fact."
    assert reporting.check(text) is None


@pytest.mark.parametrize("yardstick", [[], [0.0, 0.0], [float("nan")]])
def test_a_yardstick_that_measured_nothing_ends_the_run(yardstick):
    with pytest.raises(SystemExit, match="yardstick measured nothing"):
        reporting.times([1.0, 2.0], yardstick)


def test_a_ratio_is_that_of_the_medians():
    assert reporting.times([1.0, 2.0, 9.0], [1.0]) == 2.0
