"""What a person is shown of the records of one list."""

import pytest

from ranking.cards import card_of, cards_of
from ranking.description import ProjectDescription, from_dict
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def description() -> ProjectDescription:
    return from_dict(factories.make_project(items=1, queries=1).description)


def value_of(card, name):
    return next(fact for fact in (*card.facts, *card.more) if fact.name == name)


def test_amounts_of_a_list_keep_the_digits_that_tell_them_apart(description):
    cards = cards_of(description.item, [{"assets": 1_250}, {"assets": 1_249}, {"assets": 5e6}])
    assert [value_of(card, "assets").value for card in cards] == ["$1.25 k", "$1.249 k", "$5 m"]


def test_a_rounded_amount_has_all_its_digits_beside_it(description):
    (rounded, whole) = cards_of(description.item, [{"assets": 1_234_567}, {"assets": 950}])
    assert (value_of(rounded, "assets").value, value_of(rounded, "assets").exact) == ("$1.2 m", "$1,234,567")
    assert value_of(whole, "assets").exact == ""


def test_an_amount_of_zero_is_zero_and_one_that_nobody_reported_says_so(description):
    zero, absent = (value_of(card_of(description.item, {"assets": amount}), "assets") for amount in (0, None))
    assert (zero.value, zero.missing) == ("$0", False)
    assert (absent.value, absent.missing) == ("not reported", True)
