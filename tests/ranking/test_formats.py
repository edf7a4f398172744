"""Values as people read them."""

import datetime
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.formats import MISSING, for_people

CASES = [
    (1_234_000_000, "money", "USD", "$1.2 bn"),
    (412_000_000.0, "money", "USD", "$412 m"),
    (999_600_000, "money", "USD", "$1 bn"),
    (99_960_000, "money", "USD", "$100 m"),
    (10_246_596_045_633, "money", "USD", "$10.2 tn"),
    (950, "money", "EUR", "€950"),
    (8_000_000, "money", "CHF", "CHF 8 m"),
    (-2_500_000, "money", "USD", "−$2.5 m"),
    (0, "money", "USD", "$0"),
    (1284, "count", "", "1,284"),
    (23, "count", "people", "23 people"),
    (0.68, "percent", "", "68 %"),
    (0.004, "percent", "", "0.4 %"),
    (1.0, "percent", "", "100 %"),
    (1998, "year", "", "since 1998"),
    (1998.0, "year", "", "since 1998"),
    ("2025-09-02", "date", "", "2 Sep 2025"),
    (datetime.date(2024, 12, 31), "date", "", "31 Dec 2024"),
    (["CA", "OR"], "list", "", "CA, OR"),
    (3.14159, "number", "years", "3.14 years"),
    (-12345.6, "number", "", "−12,346"),
    (True, "yes_no", "", "yes"),
    (False, "yes_no", "", "no"),
    ("Portland, OR", "text", "", "Portland, OR"),
]


@pytest.mark.parametrize(("value", "format", "unit", "words"), CASES)
def test_a_value_is_written_for_people(value, format, unit, words):
    assert for_people(value, format, unit) == words


@pytest.mark.parametrize("value", [None, math.nan, "", [], ()])
@pytest.mark.parametrize("format", ["money", "count", "percent", "year", "date", "list", "text", "number"])
def test_a_missing_value_says_that_it_was_not_reported(value, format):
    assert for_people(value, format) == MISSING == "not reported"


def test_an_unknown_format_is_refused_by_name():
    with pytest.raises(ValueError, match="unknown format 'monney'"):
        for_people(1, "monney")


@given(st.floats(min_value=0, max_value=1e15))
def test_money_never_shows_four_digits_before_its_scale(amount):
    digits = for_people(amount, "money", "USD").removeprefix("$").split(" ")[0]
    assert float(digits) < 1000 or amount >= 999.5e12
