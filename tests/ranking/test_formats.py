"""Values as people read them."""

import datetime
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.formats import MISSING, exactly, for_people, told_apart

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
    (0.35, "money", "USD", "$0.35"),
    (0.0004, "money", "USD", "$0.0004"),
    (12.5, "money", "USD", "$12.5"),
    (0.00004, "percent", "", "0.004 %"),
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
    digits = for_people(amount, "money", "USD").removeprefix("$").split(" ")[0].replace(",", "")
    assert float(digits) < 1000 or amount >= 999.5e12


@given(st.floats(min_value=-1e15, max_value=1e15), st.sampled_from(["money", "percent", "number"]))
def test_what_is_not_zero_never_reads_as_zero(amount, format):
    digits = for_people(amount, format)
    assert any(digit in digits for digit in "123456789") == bool(amount)


@pytest.mark.parametrize(
    ("values", "format", "unit", "written"),
    [
        ([1_250, 1_249], "money", "USD", ["$1.25 k", "$1.249 k"]),
        ([1_000, 1_049, 1_021], "money", "USD", ["$1 k", "$1.05 k", "$1.02 k"]),
        ([1.2e9, 412.34e6, 412.36e6], "money", "USD", ["$1.2 bn", "$412.3 m", "$412.4 m"]),
        ([999.6e6, 1e9], "money", "USD", ["$999.6 m", "$1 bn"]),
        ([5e6, 5e6], "money", "USD", ["$5 m", "$5 m"]),
        ([0.682, 0.684, None], "percent", "", ["68.2 %", "68.4 %", MISSING]),
        ([3.14159, 3.14], "number", "years", ["3.142 years", "3.14 years"]),
        ([1_250.4, 1_250.1], "number", "", ["1,250.4", "1,250.1"]),
        (["CA", "CA"], "text", "", ["CA", "CA"]),
    ],
)
def test_values_of_a_list_keep_the_digits_that_tell_them_apart(values, format, unit, written):
    assert told_apart(values, format, unit) == written


@given(
    st.lists(st.floats(min_value=-1e15, max_value=1e15), max_size=12), st.sampled_from(["money", "percent"])
)
def test_different_amounts_never_read_the_same(amounts, format):
    # Beyond ten digits nobody compares amounts, and the last digits of a float are not the number's.
    amounts = [float(f"{amount:.10g}") + 0.0 for amount in amounts]
    assert len(set(told_apart(amounts, format))) == len(set(amounts))


@pytest.mark.parametrize(
    ("value", "format", "unit", "written"),
    [
        (1_250, "money", "USD", "$1,250"),
        (590e6, "money", "USD", "$590 m"),
        (-1_234_567.5, "money", "EUR", "−€1,234,567.5"),
        (0.07, "percent", "", "7 %"),
        (-0.12345, "percent", "", "−12.345 %"),
        (1.0, "number", "years", "1 year"),
        (None, "money", "USD", MISSING),
        ("2025-09-02", "date", "", "2 Sep 2025"),
    ],
)
def test_a_value_is_written_with_all_its_digits(value, format, unit, written):
    assert exactly(value, format, unit) == written
