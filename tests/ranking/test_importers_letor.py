"""LETOR and SVMrank files: graded pairs with given features."""

from pathlib import Path

import pytest

from ranking.description import from_dict
from ranking.importers.letor import description_of, read_letor

SHARED = Path(__file__).parents[3] / "shared" / "data"
MQ2008 = SHARED / "mq2008_fold1_test" / "test.txt"
SVMRANK = SHARED / "lightgbm_lambdarank" / "rank.train"
TEXT = """\
# a comment of its own
2 qid:10 1:0.5 3:-1e-2 #docid = GX1 inc = 1
0 qid:10 1:0.1 2:7 # docid=GX2

1 qid:7 2:3
"""


@pytest.fixture
def write(tmp_path):
    def _write(text, name="test.txt"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return _write


def test_pairs_have_query_item_grade_and_features(write):
    table = read_letor(write(TEXT))
    assert table.refusals == ()
    assert [(p.query, p.item, p.grade, p.line) for p in table.pairs] == [
        ("10", "GX1", 2.0, 2),
        ("10", "GX2", 0.0, 3),
        ("7", "7-1", 1.0, 5),
    ]
    assert table.feature_names() == ("f1", "f2", "f3")
    assert table.values(table.pairs[0]) == {"f1": 0.5, "f2": 0.0, "f3": -0.01}


def test_a_byte_order_mark_is_no_word_and_the_letters_of_a_docid_are_kept(write):
    table = read_letor(write("\ufeff2 qid:1 1:0.5 # docid = Zoë\n1 qid:1 1:0.1\n"))
    assert (table.refusals, [pair.item for pair in table.pairs]) == ((), ["Zoë", "1-2"])
    table = read_letor(write("\ufeff1 1:1\n0 1:2\n", "rank.train"), write("\ufeff2\n", "rank.train.query"))
    assert (table.refusals, [pair.query for pair in table.pairs]) == ((), ["1", "1"])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_named_once_instead_of_a_complaint_about_each_line(tmp_path, encoding):
    path = tmp_path / "test.txt"
    path.write_bytes(("\ufeff" + TEXT).encode(encoding))
    (refusal,) = read_letor(path).refusals
    assert refusal.message == "is UTF-16; save it as UTF-8 and try again"


def test_queries_may_stand_in_a_file_of_their_own(write):
    rows = write("1 1:1\n0 1:2\n2 1:3\n", "rank.train")
    table = read_letor(rows, write("2\n1\n", "rank.train.query"))
    assert [(pair.query, pair.item) for pair in table.pairs] == [("1", "1-1"), ("1", "1-2"), ("2", "2-1")]


MISTAKES = [
    ("good qid:1 1:2\n", 1, "as a label"),
    ("-1 qid:1 1:2\n", 1, "label of 0 or more"),
    ("nan qid:1 1:2\n", 1, "as a label"),
    ("1 1:2\n", 1, "expected `qid:N`"),
    ("1 qid: 1:2\n", 1, "expected `qid:N`"),
    ("1 qid:1 1:2\n1 qid:1 2:1 1:2\n", 2, "rising numbers, found '1:2'"),
    ("1 qid:1 1:2 1:3\n", 1, "rising numbers"),
    (
        "1 qid:1 0:2 1:3\n0 qid:1 0:3 1:3\n",
        1,
        "feature numbers start at 1; this file starts at 0: found '0:2'",
    ),
    ("1 qid:1 1:2 0:3\n", 1, "rising numbers"),
    ("1 qid:1 1:\n", 1, "value of feature 1"),
    ("1 qid:1 1:inf\n", 1, "value of feature 1"),
    ("1 qid:1 one\n", 1, "`number:value`"),
    ("1 qid:1 99999999:1\n", 1, "`number:value`"),
    (f"1 qid:1 {'9' * 5000}:1\n", 1, "`number:value`"),
    ("1 qid:1 \u0661:1\n", 1, "`number:value`"),
    ("1 qid:1 1:2 # docid = A\0B\n", 1, "can't be stored"),
    ("1 qid:1\0 1:2\n", 1, "can't be stored"),
    ("1 qid:1 1:2 # docid = A\n2 qid:1 1:2 # docid = A\n", 2, "stood on line 1 with other values"),
]


@pytest.mark.parametrize(("text", "line", "words"), MISTAKES)
def test_a_malformed_line_is_named(write, text, line, words):
    (refusal,) = read_letor(write(text)).refusals
    assert (refusal.file, refusal.line) == ("test.txt", line)
    assert words in refusal.message


@pytest.mark.parametrize(
    ("rows", "sizes", "words"),
    [
        ("1 1:1\n", "2\n", "counts 2 rows, but rank.train has 1"),
        ("1 1:1\n", "-1\n", "expected a number of rows"),
        ("1 1:1\n", "one\n", "expected a number of rows"),
        ("1 1:1\n", "99999999999\n", "expected a number of rows"),
        ("1 1:1\n", "9" * 5000, "expected a number of rows"),
        ("1 1:1\n", "\u0661\n", "expected a number of rows"),
        ("1 qid:1 1:1\n", "1\n", "has a qid although"),
    ],
)
def test_group_sizes_must_fit_the_rows(write, rows, sizes, words):
    (refusal,) = read_letor(write(rows, "rank.train"), write(sizes, "rank.train.query")).refusals
    assert words in refusal.message


def test_a_line_that_repeats_a_pair_exactly_is_counted_and_taken_once(write):
    table = read_letor(write("1 qid:1 1:2 # docid = A\n1 qid:1 1:2 # docid = A\n"))
    assert (len(table.pairs), table.duplicates, table.refusals) == (1, 1, ())


def test_an_empty_file_and_a_missing_one_are_refused(write, tmp_path):
    assert "is empty" in read_letor(write("# nothing\n")).refusals[0].message
    assert "can't be read" in read_letor(tmp_path / "none.txt").refusals[0].message


def test_a_letor_file_describes_its_own_project():
    table = description_of("mq", "MQ", reference_year=2025, feature_names=("f1", "f2"), sort_by="f2")
    description = from_dict(table)
    assert [spec.kind for spec in description.features] == ["given", "given"]
    assert description.sort == (("f2", "descending"),)


@pytest.mark.skipif(not MQ2008.exists(), reason="MQ2008 is not beside the repository")
def test_the_real_letor_file_is_read_whole():
    table = read_letor(MQ2008)
    assert table.refusals == ()
    assert len(table.pairs) + table.duplicates == 2_874
    assert len({pair.query for pair in table.pairs}) == 156
    assert table.n_features == 46
    assert {pair.grade for pair in table.pairs} == {0.0, 1.0, 2.0}


@pytest.mark.skipif(not SVMRANK.exists(), reason="LightGBM's example is not beside the repository")
def test_the_real_svmrank_file_is_read_with_its_groups():
    sizes = [int(line) for line in Path(f"{SVMRANK}.query").read_text().split()]
    table = read_letor(SVMRANK, Path(f"{SVMRANK}.query"))
    assert table.refusals == ()
    assert len(table.pairs) == sum(sizes)
    assert len({pair.query for pair in table.pairs}) == len(sizes)
