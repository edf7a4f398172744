"""What a project.toml may say, and how it is told that it may not."""

import dataclasses
import json
from pathlib import Path

import pytest

from ranking.description import DescriptionError, from_dict, read_description
from ranking.description.project import FIELD_TYPES, FORMATS
from ranking.ltr.features import KINDS, MEASURES, TRANSFORMS
from ranking.rules import OPERATORS

TOML = """\
slug = "wines"
name = "Wines for dinners"
reference_year = 2025

[item]
noun = "wine"
plural = "wines"
key = "code"
title = "name"
text = ["notes"]
card = ["price", "grapes"]

[[item.fields]]
name = "code"
label = "Code"

[[item.fields]]
name = "name"
label = "Name"

[[item.fields]]
name = "price"
label = "Price"
type = "number"
format = "money"
unit = "EUR"

[[item.fields]]
name = "grapes"
label = "Grapes"
type = "set"

[[item.fields]]
name = "notes"
label = "Notes"

[[item.fields]]
name = "vintage"
label = "Vintage"
type = "year"

[query]
noun = "dinner"
plural = "dinners"
key = "code"
title = "title"
text = ["wish"]
organisation = "house"
card = ["budget"]

[[query.fields]]
name = "code"
label = "Code"

[[query.fields]]
name = "title"
label = "Title"

[[query.fields]]
name = "house"
label = "House"

[[query.fields]]
name = "budget"
label = "Budget"
type = "number"

[[query.fields]]
name = "grapes"
label = "Grapes wanted"
type = "set"

[[query.fields]]
name = "wish"
label = "Wish"

[[features]]
name = "price"
label = "Price"
kind = "numeric"
field = "price"
transform = "log1p"

[[features]]
name = "age"
label = "Age"
unit = "years"
kind = "numeric"
field = "vintage"
transform = "age"
monotone = 1

[[features]]
name = "budget_fit"
label = "Price against the budget"
kind = "log_ratio"
item_field = "price"
query_field = "budget"
absolute = true

[[features]]
name = "grapes"
label = "Grapes in common"
kind = "overlap"
item_field = "grapes"
query_field = "grapes"

[[features]]
name = "taste"
label = "Notes against the wish"
kind = "text_similarity"
item_field = "notes"
query_field = "wish"

[[rules]]
name = "budget"
words = "Costs at most {value}"
field = "price"
operator = "at_most"
query_field = "budget"

[[sort]]
feature = "price"
direction = "ascending"

[[segments]]
name = "spend"
label = "Size of the budget"
side = "query"
field = "budget"
edges = [20, 50]
bands = ["small", "middle", "large"]

[[reason_tags]]
name = "corked"
label = "Sounds corked"
key = "c"

[[signed_off]]
query = "D1"
winner = "W1"
loser = "W2"
"""


@pytest.fixture
def write(tmp_path):
    def _write(text):
        (tmp_path / "project.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return _write


def refusal(write, text):
    with pytest.raises(DescriptionError) as caught:
        read_description(write(text))
    return caught.value


def line_of(text, part, occurrence=1):
    position = -1
    for _ in range(occurrence):
        position = text.index(part, position + 1)
    return text.count("\n", 0, position) + 1


def test_a_description_is_read_from_its_folder_or_its_file(write):
    folder = write(TOML)
    description = read_description(folder)
    assert description == read_description(folder / "project.toml")
    assert (description.slug, description.item.noun, description.query.plural) == ("wines", "wine", "dinners")
    assert [field.name for field in description.item.card] == ["price", "grapes"]
    assert description.item.field("price").unit == "EUR"
    assert description.sort == (("price", "ascending"),)
    assert description.feature("age").reference_year == 2025
    assert description.feature("budget_fit").absolute
    assert description.query.organisation == "house"
    assert description.labels_guard


def test_a_description_survives_json_whatever_the_order_of_the_keys(write):
    description = read_description(write(TOML.replace('m = "age"\n', 'm = "age"\nreference_year = 2020\n')))
    assert (description.feature("age").reference_year, description.reference_year) == (2020, 2025)
    stored = json.loads(json.dumps(description.to_dict(), sort_keys=True))
    assert from_dict(stored) == description


def test_a_description_can_not_be_changed(write):
    with pytest.raises(dataclasses.FrozenInstanceError):
        read_description(write(TOML)).slug = "other"


OVERLAP = 'kind = "overlap"\nitem_field = "notes"\nquery_field = "wish"'


@pytest.mark.parametrize(
    ("declared", "compares_words", "stored"),
    [("", True, None), ("\nwords = false", False, False), ("\nwords = true", True, None)],
)
def test_an_overlap_of_two_texts_compares_words_unless_it_says_otherwise(
    write, declared, compares_words, stored
):
    text = TOML.replace(
        'kind = "text_similarity"\nitem_field = "notes"\nquery_field = "wish"', OVERLAP + declared
    )
    description = read_description(write(text))
    assert description.feature("taste").words is compares_words
    assert description.to_dict()["features"][4].get("words") is stored
    assert from_dict(description.to_dict()) == description
    assert not description.feature("grapes").words, "sets are compared as they are"


def test_stop_words_are_none_unless_declared_and_survive_json(write):
    assert read_description(write(TOML)).feature("taste").stop_words == "none"
    text = TOML.replace('query_field = "wish"', 'query_field = "wish"\nstop_words = "english"')
    description = read_description(write(text))
    assert description.feature("taste").stop_words == "english"
    assert from_dict(description.to_dict()) == description


# what is replaced, by what, the key that is named, words of the message; the line is that of the new text
MISTAKES = [
    ('label = "Price"\nkind', 'lable = "Price"\nkind', "features[1].label", "was 'lable' meant"),
    (
        'transform = "age"',
        'transform = "age"\nreference_year = 25',
        "features[2].reference_year",
        "from 1900",
    ),
    ('transform = "log1p"', 'transform = "log1p"\nreference_year = 2025', "features[1].reference_year", ""),
    ("monotone = 1", "monotonic = 1", "features[2].monotonic", "did you mean 'monotone'"),
    ("monotone = 1", "monotone = 2", "features[2].monotone", "expected 1, -1 or 0"),
    ("monotone = 1", "monotone = true", "features[2].monotone", "expected a whole number"),
    ('transform = "log1p"', 'transform = "log"', "features[1].transform", "did you mean 'log1p'"),
    ('transform = "log1p"', 'transform = "age"', "features[1].transform", "needs a year or a date"),
    ('field = "vintage"', 'field = "vintaje"', "features[2].field", "did you mean 'vintage'"),
    ('item_field = "notes"', 'item_field = "price"', "features[5].item_field", "is of type number"),
    ('query_field = "wish"', 'query_field = "wishes"', "features[5].query_field", "did you mean 'wish'"),
    (
        'query_field = "wish"',
        'query_field = "wish"\nstop_words = "engl"',
        "features[5].stop_words",
        "did you mean 'english'",
    ),
    ('kind = "overlap"', 'kind = "overlap"\nwords = true', "features[4].words", "both fields are sets"),
    ('kind = "overlap"', 'kind = "overlaps"', "features[4].kind", "did you mean 'overlap'"),
    ('name = "taste"', 'name = "grapes"', "features[5].name", "declared twice"),
    ('name = "taste"', 'name = "Taste!"', "features[5].name", "expected small letters"),
    ('feature = "price"', 'feature = "prize"', "sort[1].feature", "did you mean 'price'"),
    ('direction = "ascending"', 'direction = "up"', "sort[1].direction", "expected one of"),
    ('operator = "at_most"', 'operator = "has_all"', "rules[1].operator", "needs a set"),
    (
        'query_field = "budget"\n\n[[sort]]',
        'query_field = "wish"\n\n[[sort]]',
        "rules[1].query_field",
        "is of type",
    ),
    ('card = ["price", "grapes"]', 'card = ["price", "grape"]', "item.card", "did you mean 'grapes'"),
    ('key = "code"\ntitle = "name"', 'key = "cod"\ntitle = "name"', "item.key", "did you mean 'code'"),
    ('title = "name"', 'title = "price"', "item.title", "expected a text field"),
    ('organisation = "house"', 'organisation = "home"', "query.organisation", "there is no field 'home'"),
    ('format = "money"', 'format = "list"', "item.fields[3].format", "can't show a field of type number"),
    ("edges = [20, 50]", "edges = [50, 20]", "segments[1].edges", "rising order"),
    ('"middle", ', "", "segments[1].bands", "expected 3 names for 2 edges, found 2"),
    ('field = "budget"\nedges', 'field = "budgets"\nedges', "segments[1].field", "did you mean 'budget'"),
    ('key = "c"', 'key = "ctrl"', "reason_tags[1].key", "expected one letter or digit"),
    ('loser = "W2"', 'loser = "W1"', "signed_off[1].loser", "can't be below itself"),
    (
        'loser = "W2"',
        'loser = "W2"\n[[signed_off]]\nquery = "D1"\nloser = "W1"\nwinner = "W2"',
        "signed_off[2].winner",
        "in both orders",
    ),
    ("reference_year = 2025", "reference_year = 25", "reference_year", "expected a year from 1900"),
    ('slug = "wines"', 'slug = "Fine wines"', "slug", "is not a slug"),
]


@pytest.mark.parametrize(
    ("old", "new", "key", "words"), MISTAKES, ids=[row[2] + "|" + row[3] for row in MISTAKES]
)
def test_a_mistake_is_named_by_file_line_and_key(write, old, new, key, words):
    assert TOML.count(old) >= 1
    position = TOML.index(old)
    text = TOML[:position] + new + TOML[position + len(old) :]
    error = refusal(write, text)
    assert (error.file, error.key) == ("project.toml", key)
    assert words in error.message
    last = key.split(".")[-1].split("[")[0]
    named = text.splitlines()[error.line - 1]
    assert named.startswith((last, "[[")), "the line of the key, or of its table when the key is not there"
    assert position <= sum(len(line) + 1 for line in text.splitlines()[: error.line]) + 200


def keys_of(write, text):
    return [mistake.key for mistake in refusal(write, text).mistakes]


def changed(*pairs):
    text = TOML
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_all_mistakes_of_a_description_are_told_at_once_in_the_order_of_their_lines(write):
    text = changed(
        ('slug = "wines"', 'slug = "Fine wines"'),
        ("reference_year = 2025", 'reference_year = "now"\ncolour = "red"'),
        ('format = "money"', 'format = "list"'),
        ('label = "Grapes"\ntype', 'lable = "Grapes"\ntype'),
        ('organisation = "house"', 'organisation = "home"'),
        ('transform = "log1p"', 'transform = "log"\nmonotone = 2\nunits = "EUR"'),
        ('kind = "overlap"', 'kind = "overlaps"'),
        ('operator = "at_most"', 'operator = "has_all"'),
        ('direction = "ascending"', 'direction = "up"'),
        ("edges = [20, 50]", "edges = [50, 20]"),
        ('key = "c"', 'key = "ctrl"'),
        ('loser = "W2"', 'loser = "W1"'),
    )
    error = refusal(write, text)
    assert [mistake.key for mistake in error.mistakes] == [
        "slug",
        "reference_year",
        "colour",
        "item.fields[3].format",
        "item.fields[4].label",
        "query.organisation",
        "features[1].transform",
        "features[1].monotone",
        "features[1].units",
        "features[4].kind",
        "rules[1].operator",
        "sort[1].direction",
        "segments[1].edges",
        "reason_tags[1].key",
        "signed_off[1].loser",
    ]
    assert all(mistake.line is not None for mistake in error.mistakes)
    assert str(error).splitlines() == [str(mistake) for mistake in error.mistakes]
    assert str(error.mistakes[4]).endswith("(was 'lable' meant to be it?)")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('type = "number"\nformat', 'type = "numbr"\nformat', ["item.fields[3].type"]),
        ('name = "price"\nlabel', 'nme = "price"\nlabel', ["item.fields[3].name"]),
        ("[query]", "[querry]", ["querry", *(f"query.{key}" for key in ("noun", "plural", "key", "title"))]),
        ("[[item.fields]]", "[[item.feelds]]", ["item.feelds", "item.key"]),
        ("[[features]]", "[[feature]]", ["feature", "sort[1].feature"]),
        ('kind = "numeric"', 'kind = "numerical"', ["features[1].kind"]),
        ('side = "query"', 'side = "both"', ["segments[1].side"]),
    ],
)
def test_what_follows_from_a_mistake_is_no_mistake_of_its_own(write, old, new, expected):
    assert sorted(keys_of(write, changed((old, new)))) == sorted(expected)


def test_the_line_is_that_of_the_key_itself(write):
    text = TOML.replace("monotone = 1", "monotone = 7")
    assert refusal(write, text).line == line_of(text, "monotone = 7")
    assert str(refusal(write, text)).startswith(
        f"project.toml, line {line_of(text, 'monotone = 7')}: features[2]"
    )


def test_text_that_looks_like_a_key_does_not_move_the_lines(write):
    about = 'about = """\n[item]\nslug = 3\n"""\n'
    text = TOML.replace("reference_year = 2025\n", about + "reference_year = 2025\n").replace(
        "= 1\n", "= 5\n"
    )
    assert refusal(write, text).line == line_of(text, "monotone = 5")


def test_broken_toml_is_named_by_line(write):
    error = refusal(write, TOML.replace('noun = "wine"', "noun = wine"))
    assert error.line == line_of(TOML, 'noun = "wine"')
    assert "not valid TOML" in error.message


def test_a_file_that_is_not_there_is_named(write):
    text = TOML.replace("[item]", '[files]\nitems = "wines.csv"\n\n[item]')
    error = refusal(write, text)
    assert (error.key, error.line) == ("files.items", line_of(text, "items = "))
    assert "no file 'wines.csv'" in error.message


def test_a_missing_description_is_named(tmp_path):
    with pytest.raises(DescriptionError, match=r"project\.toml.*can't be read"):
        read_description(tmp_path)


def test_a_description_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "project.toml").write_bytes(TOML.encode().replace(b"Wines", b"W\xefnes"))
    with pytest.raises(DescriptionError, match="is not UTF-8"):
        read_description(tmp_path)


def test_a_rule_needs_a_value_or_a_field_of_the_query(write):
    error = refusal(
        write, TOML.replace('operator = "at_most"\nquery_field = "budget"\n', 'operator = "at_most"\n')
    )
    assert "either value or query_field" in error.message
    both = TOML.replace('operator = "at_most"\n', 'operator = "at_most"\nvalue = 3\n')
    assert "and not both" in refusal(write, both).message


@pytest.mark.parametrize(
    ("value", "words"),
    [('"cheap"', "can't be compared"), ("[1, 2]", "compares with one value"), ("true", "can't be compared")],
)
def test_a_rules_value_must_fit_its_field(write, value, words):
    text = TOML.replace(
        'operator = "at_most"\nquery_field = "budget"\n', f'operator = "at_most"\nvalue = {value}\n'
    )
    assert words in refusal(write, text).message


def test_a_project_without_a_sorting_rule_is_refused(write):
    text = TOML.replace('[[sort]]\nfeature = "price"\ndirection = "ascending"\n', "")
    assert "is empty; expected [[sort]]" in refusal(write, text).message


@pytest.mark.parametrize(
    ("budget", "band"),
    [(5, "small"), (20, "middle"), (49.9, "middle"), (50, "large"), (None, "not reported")],
)
def test_a_segment_has_bands_that_include_their_lower_edge(write, budget, band):
    segment = read_description(write(TOML)).segments[0]
    assert segment.value_of({"budget": budget}) == band


def test_every_cut_of_the_file_is_refused_without_a_crash(write):
    lines = TOML.splitlines(keepends=True)
    for n in range(0, lines.index("[[sort]]\n") + 2, 3):  # from there on, less is a valid description too
        with pytest.raises(DescriptionError):
            read_description(write("".join(lines[:n])))


def test_the_reference_names_every_word_that_a_description_may_use():
    reference = (Path(__file__).parents[2] / "docs" / "project-toml.md").read_text(encoding="utf-8")
    words = {*KINDS, *TRANSFORMS, *MEASURES, *OPERATORS, *FIELD_TYPES, *FORMATS}
    assert sorted(word for word in words if f"`{word}`" not in reference) == []
