"""The SEC's Form ADV file: its headings, numbers, dates and flags, and every adviser of the real one."""

from pathlib import Path

import pytest

from ranking.importers.form_adv import COLUMNS, FIELDS, amount, day, flag, read_form_adv

SEC = Path(__file__).parents[3] / "shared" / "data" / "sec_form_adv" / "ia_sec_advisers.csv"
HEADINGS = [heading for heading, _ in COLUMNS.values()]
ROW = {
    "Organization CRD#": "38",
    "Primary Business Name": "AMERICAN  INVESTORS CO",
    "Legal Name": "L.S.Y., INC",
    "Main Office City": "SAN RAMON",
    "Main Office State": "CA",
    "Website Address": "HTTPS://EXAMPLE.COM",
    "SEC Current Status": "Approved",
    "SEC Status Effective Date": "08/22/2000",
    "Latest ADV Filing Date": "06/26/2025",
    "2A(1)": "Y",
    "2A(2)": "N",
    "5A": "30.0",
    "5C(1)": " 16",
    "5F(2)(a)": "           576,373,248.00",
    "5F(2)(b)": "                      .00",
    "5F(2)(c)": "           576,373,248.00",
}


@pytest.fixture
def sec_file(tmp_path):
    def _write(*rows, headings=HEADINGS, encoding="utf-8"):
        lines = [",".join(f'"{name}"' for name in headings)]
        lines += [",".join(f'"{row.get(name, "")}"' for name in headings) for row in rows]
        path = tmp_path / "ia.csv"
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    return _write


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("           576,373,248.00", 576373248.0),
        ("                      .00", 0.0),
        (" 16", 16.0),
        ("30.0", 30.0),
        (" 11-25", 18.0),
        ("", None),
        ("   ", None),
        ("10,246,596,045,633.00", 10246596045633.0),
    ],
)
def test_a_number_is_read_as_the_sec_writes_it(text, value):
    assert amount(text) == value


@pytest.mark.parametrize("text", ["5,76,373", "-4", "1e9", "$12", ".", "25-11", "twelve", "1,2345.00", "١٢"])
def test_another_number_is_refused(text):
    with pytest.raises(ValueError, match="expected a number"):
        amount(text)


def test_dates_and_flags_are_read_and_others_refused():
    assert day("06/26/2025") == "2025-06-26"
    assert day(" ") is None
    assert (flag("Y"), flag("n"), flag("")) == (True, False, None)
    with pytest.raises(ValueError, match="expected a date like 06/26/2025"):
        day("2025-06-26")
    with pytest.raises(ValueError, match="expected Y or N"):
        flag("X")


def test_a_row_becomes_a_record_with_what_follows_from_it(sec_file):
    (record,) = read_form_adv(sec_file(ROW)).records
    assert set(record) == set(FIELDS)
    assert record["name"] == "AMERICAN INVESTORS CO"
    assert (record["place"], record["region"]) == ("San Ramon, CA", "West")
    assert (record["registered"], record["large"], record["middle"]) == ("2000-08-22", True, False)
    assert (record["assets"], record["discretionary_share"]) == (576373248.0, 1.0)
    assert record["assets_per_person"] == pytest.approx(576373248 / 30, abs=0.01)


def test_an_adviser_abroad_without_assets_or_people_has_no_shares(sec_file):
    nothing = {"Main Office State": "", "5A": "", "5F(2)(c)": ".00", "5F(2)(a)": ".00"}
    (record,) = read_form_adv(sec_file(ROW | nothing)).records
    assert (record["place"], record["region"]) == ("San Ramon", "Outside the US")
    assert record["discretionary_share"] is None
    assert record["assets_per_person"] is None


MISTAKES = [
    ({"5F(2)(c)": "much"}, "5F(2)(c)", "expected a number"),
    ({"Organization CRD#": "38"}, "Organization CRD#", "stands on line 2 already"),
    ({"Organization CRD#": ""}, "Organization CRD#", "expected a CRD number"),
    ({"Organization CRD#": "38a"}, "Organization CRD#", "expected a CRD number"),
    ({"Primary Business Name": ""}, "Primary Business Name", "expected a name"),
    ({"2A(1)": "yes"}, "2A(1)", "expected Y or N"),
    ({"Latest ADV Filing Date": "26/06/2025"}, "Latest ADV Filing Date", "expected a date"),
    ({"Legal Name": "a\x00b"}, "Legal Name", "can't be stored"),
]


@pytest.mark.parametrize(("change", "column", "words"), MISTAKES)
def test_a_bad_row_is_named_by_line_and_heading(sec_file, change, column, words):
    rows = [ROW, ROW | {"Organization CRD#": "39"}, ROW | {"Organization CRD#": "40"} | change]
    (refusal,) = read_form_adv(sec_file(*rows)).refusals
    assert (refusal.line, refusal.column) == (4, column)
    assert words in refusal.message


def test_a_missing_heading_is_named(sec_file):
    table = read_form_adv(sec_file(ROW, headings=[name for name in HEADINGS if name != "5A"]))
    assert [refusal.column for refusal in table.refusals] == ["5A"]
    assert table.records == ()


def test_other_columns_are_ignored_and_an_older_encoding_is_read(sec_file):
    path = sec_file(ROW | {"Main Office City": "ZÜRICH"}, headings=[*HEADINGS, "9A"], encoding="cp1252")
    table = read_form_adv(path)
    assert table.ignored == ("9A",)
    assert table.records[0]["city"] == "Zürich"


@pytest.mark.skipif(not SEC.exists(), reason="the SEC's file is not beside the repository")
def test_every_adviser_of_the_real_file_is_read():
    table = read_form_adv(SEC)
    assert table.refusals == ()
    assert len(table.records) == 16_475
    assert len({record["crd"] for record in table.records}) == 16_475
    assets = [record["assets"] for record in table.records]
    assert None not in assets
    assert sum(value == 0 for value in assets) == 661
    assert max(assets) > 1e13
    assert sum(record["state"] is None for record in table.records) == 2_151
