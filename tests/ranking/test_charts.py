"""Charts: where things are drawn, and that every number on them can be read without seeing them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.template import Context, Template

from ranking import charts

INTERVALS = [
    {"label": "All lists", "n": 168, "low": 0.012, "point": 0.031, "high": 0.05},
    {"label": "Small <ones>", "n": 41, "low": -0.03, "point": -0.02, "high": -0.01},
    {"label": "No interval yet", "n": 1, "low": None, "point": 0.2, "high": None},
]
RANKS = [
    {"label": "Northgate", "old": 1, "new": 3},
    {"label": "Juniper", "old": 7, "new": 1},
    {"label": "Gone", "old": 2, "new": None},
    {"label": "Newcomer", "old": None, "new": 2},
]


def _render(tag: str, **context: object) -> str:
    return Template("{% load tiebreak_charts %}{% " + tag + " %}").render(Context(context))


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (-1.2, 5.1), (0.0001, 0.0004), (-3e9, 2e9), (-0.05, -0.01), (7, 7.3)]
)
def test_ticks_cover_the_range_in_few_even_steps(low, high):
    marks = charts.ticks(low, high)
    steps = [later - earlier for earlier, later in pairwise(marks)]
    assert marks[0] <= low
    assert marks[-1] >= high
    assert 2 <= len(marks) <= 8
    assert max(steps) == pytest.approx(min(steps))


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1), (0, float("inf")), (float("nan"), 1)])
def test_ticks_refuse_a_range_that_is_none(low, high):
    with pytest.raises(ValueError, match="finite range"):
        charts.ticks(low, high)


def test_zero_and_the_limit_are_always_on_the_axis_of_intervals():
    chart = charts.interval_chart(INTERVALS[:1], limit=-1.0, factor=100)
    assert chart.limit < chart.zero < chart.rows[0].x_low < chart.rows[0].x_point < chart.rows[0].x_high


def test_an_interval_is_good_or_bad_only_when_all_of_it_is():
    rows = [
        {"label": str(low), "low": low, "point": 0, "high": high} for low, high in [(1, 2), (-1, 1), (-2, -1)]
    ]
    assert [row.tone for row in charts.interval_chart(rows).rows] == ["good", "", "bad"]


def test_intervals_can_be_read_as_a_table_and_escape_their_labels():
    html = _render('interval_chart rows title="Difference" factor=100 unit="points"', rows=INTERVALS)
    for text in ("Difference, in points", "168", "+3.1", "+1.2 to +5.0", "−2.0", "Small &lt;ones&gt;"):
        assert text in html
    assert "No interval yet" not in html
    assert "style=" not in html


def test_no_interval_at_all_is_said():
    assert "Nothing to compare yet" in _render('interval_chart rows title="Difference"', rows=[])


def test_a_slope_joins_what_is_in_both_lists_and_names_what_is_not():
    chart = charts.slope_chart(RANKS)
    assert [line.label for line in chart.left] == ["Northgate", "Gone", "Juniper"]
    assert [line.label for line in chart.right] == ["Juniper", "Newcomer", "Northgate"]
    assert {line.label for line in chart.lines if line.path} == {"Northgate", "Juniper"}
    html = _render('slope_chart rows title="Ranks" old_label="Version 1" new_label="Version 2"', rows=RANKS)
    for text in ("up 6", "down 2", "new in this list", "left this list", "Version 1"):
        assert text in html


def test_a_line_in_neither_list_is_refused_by_name():
    with pytest.raises(ValueError, match="Nobody"):
        charts.slope_chart([{"label": "Nobody", "old": None, "new": None}])


def test_bars_start_at_zero_on_a_fixed_scale():
    chart = charts.bar_chart([{"label": "a", "value": 0.25}, {"label": "b", "value": None}], highest=1.0)
    assert [(bar.x, bar.width, bar.minus) for bar in chart.rows] == [(0.0, 25.0, False)]


def test_a_sparkline_says_its_numbers_and_nothing_without_any():
    html = _render('sparkline values label="Accuracy from .71 to .75"', values=[0.71, None, 0.75])
    assert 'aria-label="Accuracy from .71 to .75"' in html
    assert 'points="0,22 100,2"' in html
    assert _render('sparkline values label="x"', values=[None]).strip() == ""
