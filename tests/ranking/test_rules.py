"""Hard rules: who may be in the list at all."""

import pandas as pd
import pytest

from ranking.rules import Rule, broken_rules, eligible_mask, rule_in_words

ITEMS = pd.DataFrame(
    {
        "key": ["A1", "A2", "A3", "A4"],
        "assets": [50e6, 2e9, None, 300e6],
        "states": [["CA", "OR"], ["ca"], [], ["NY", "OR"]],
        "licence": ["SEC", "state", None, "sec"],
        "since": ["2001-05-01", "2019-01-01", None, "2010-06-30"],
        "insured": [True, False, None, True],
    }
)

CASES = [
    (Rule("r", "assets", "at_least", query_field="minimum"), {"minimum": 100e6}, [0, 1, 0, 1]),
    (Rule("r", "assets", "at_most", value=300e6), {}, [1, 0, 0, 1]),
    (Rule("r", "new", "at_least", value=1.0), {}, [0, 0, 0, 0]),  # no item has this field yet
    (Rule("r", "new", "not_equals", value=True), {}, [1, 1, 1, 1]),
    (Rule("r", "assets", "at_least", value=1.0, if_missing="keep"), {}, [1, 1, 1, 1]),
    (Rule("r", "since", "at_least", value="2010-06-30"), {}, [0, 1, 0, 1]),
    (Rule("r", "licence", "equals", value="Sec"), {}, [1, 0, 0, 1]),
    (Rule("r", "licence", "not_equals", value="state"), {}, [1, 0, 1, 1]),
    (Rule("r", "licence", "one_of", query_field="licences"), {"licences": ["State", "CFTC"]}, [0, 1, 0, 0]),
    (Rule("r", "key", "none_of", query_field="excluded"), {"excluded": ["A2", "A9"]}, [1, 0, 1, 1]),
    (Rule("r", "states", "has_all", query_field="states"), {"states": ["CA", "OR"]}, [1, 0, 0, 0]),
    (Rule("r", "states", "has_all", query_field="state"), {"state": "CA"}, [1, 1, 0, 0]),
    (Rule("r", "states", "has_any", query_field="states"), {"states": ["CA", "NY"]}, [1, 1, 0, 1]),
    (Rule("r", "states", "has_none", value=("OR",)), {}, [0, 1, 1, 0]),
    (Rule("r", "states", "has_none", value=("OR",), if_missing="remove"), {}, [0, 1, 0, 0]),
    (Rule("r", "insured", "equals", value=True), {}, [1, 0, 0, 1]),
    (Rule("r", "insured", "equals", value=False), {}, [0, 1, 0, 0]),
]


@pytest.mark.parametrize(
    ("rule", "query", "kept"), CASES, ids=lambda part: str(getattr(part, "operator", ""))
)
def test_a_rule_keeps_exactly_the_items_that_obey_it(rule, query, kept):
    mask, removed = eligible_mask([rule], ITEMS, query)
    assert mask.tolist() == [bool(flag) for flag in kept]
    assert removed == {"r": 4 - sum(kept)}


@pytest.mark.parametrize("absent", [None, [], "", float("nan")])
def test_a_rule_does_not_apply_to_a_query_that_asks_for_nothing(absent):
    rule = Rule("territory", "states", "has_all", query_field="states")
    mask, removed = eligible_mask([rule], ITEMS, {"states": absent})
    assert mask.all()
    assert removed == {}


def test_an_item_that_breaks_two_rules_is_counted_in_both_and_removed_once():
    rules = [
        Rule("size", "assets", "at_least", value=100e6),
        Rule("licence", "licence", "equals", value="state"),
    ]
    mask, removed = eligible_mask(rules, ITEMS, {})
    assert mask.tolist() == [False, True, False, False]
    assert removed == {"size": 2, "licence": 3}


def test_the_broken_rules_of_one_item_are_those_that_remove_it():
    rules = [
        Rule("size", "assets", "at_least", value=100e6),
        Rule("territory", "states", "has_all", query_field="states"),
        Rule("conflict", "key", "none_of", query_field="excluded"),
    ]
    query = {"states": ["OR"], "excluded": ["A1"]}
    item = {"key": "A1", "assets": 50e6, "states": ["CA", "OR"]}
    assert [rule.name for rule in broken_rules(rules, item, query)] == ["size", "conflict"]
    older = {"key": "A2", "assets": 200e6}
    assert [rule.name for rule in broken_rules(rules, older, query)] == ["territory"]


def test_no_rules_keep_every_item():
    assert eligible_mask([], ITEMS, {})[0].tolist() == [True] * 4


def test_a_rule_tells_what_this_query_demands():
    rule = Rule("size", "assets", "at_least", query_field="minimum", words="Manages at least {value}")
    words = rule_in_words(rule, {"minimum": 100e6}, format="money", unit="USD")
    assert words == "Manages at least $100 m"
