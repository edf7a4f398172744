"""Orders that were collected with another tool become a closed session, or are refused by record."""

import json

import pytest
from django.core.management import CommandError, call_command

from feedback.exchange.peers import Naming
from feedback.models import FeedbackSession, Judgement, Preference
from feedback.services.exchanging import export_file
from feedback.services.importing import PLAIN, import_sessions
from feedback.services.importing_orders import OrdersRequest, import_orders
from feedback.services.learning import freeze_training_set
from ranking.errors import ImportRefused
from ranking.services.catalog import Options
from tests import exchange, factories
from tests.deployment import ROOT

FOLDER = ROOT / "fixtures" / "exchange"
ARGILLA = {"tool": "argilla", "item_field": "metadata.{option}"}
PREFLIB = {"tool": "preflib", "query": "M00"}


@pytest.fixture
def project(db):
    return factories.make_project()


def _import(project, path, tool, *, options=PLAIN, title="", random_order=False, **naming):
    request = OrdersRequest(FOLDER / path, tool, Naming(**naming), title, random_order)
    return import_orders(project, request, options)


def _orders():
    """Return (person, need, ranks of keys, keys below the line) of all judgements."""
    found = []
    for judgement in Judgement.objects.select_related("expert", "slate__query").order_by("id"):
        key = dict(judgement.slate.items.values_list("pk", "item_version__item__key"))
        ranks = [sorted(key[card] for card in tier) for tier in judgement.tiers]
        rest = [key[card] for card in judgement.rest]
        found.append((judgement.expert.username, judgement.slate.query.key, ranks, sorted(rest)))
    return found


# --- Argilla ------------------------------------------------------------------------------------------------
def test_argilla_ranks_are_read_with_ties_and_options_without_a_rank(project):
    people = {"3f0c-edda": "edda"}
    report = _import(project, "argilla.json", **ARGILLA, people=people)
    assert _orders() == [
        ("edda", "M00", [["101"], ["100", "102"]], []),
        ("argilla-9a1b-emil", "M00", [["102"], ["101"]], ["100"]),
        ("edda", "M01", [["104"], ["105"], ["103"]], []),
    ]
    assert report.of("judgements").new == 3
    assert "responses that were not submitted, left out: 1" in report.notes


def test_argilla_responses_by_question_are_read(project):
    report = _import(project, "argilla-by-question.jsonl", "argilla", question="fit")
    assert any("line 1: names options without their ranks" in note for note in report.notes)
    assert [order[1:3] for order in _orders()] == [("M03", [["103", "104"]])]
    report = _import(project, "argilla-by-question.jsonl", "argilla", question="fit", trust_order=True)
    assert (report.of("judgements").new, report.of("judgements").unchanged) == (1, 1)
    assert _orders()[1][1:3] == ("M02", [["101"], ["100"], ["102"]])


def test_orders_become_a_closed_session_whose_preferences_can_be_learned_from(project):
    _import(project, "argilla.json", **ARGILLA, title="Last year")
    session = FeedbackSession.objects.get()
    assert (session.title, session.state, session.origin) == (
        "Last year",
        "closed",
        {"source": "argilla: argilla.json"},
    )
    assert Preference.objects.count() == 3 + 1 + 3
    shared = session.slates.filter(query__key="M00")
    assert {slate.shared for slate in shared} == {True}
    assert all(slate.randomised for slate in session.slates.all())
    card = shared.first().items.first()
    native = factories.make_session(project, [factories.make_expert("zoe")], slates_per_expert=12)
    twin = next(
        (
            one
            for slate in native.slates.filter(query=shared.first().query)
            for one in slate.items.all()
            if one.item_version_id == card.item_version_id
        ),
        None,
    )
    names = set(native.slates.first().items.first().features)
    assert set(card.features) == names
    assert twin is None or twin.features == card.features
    assert freeze_training_set(project).summary


def test_orders_that_came_before_are_not_taken_twice(project):
    _import(project, "argilla.json", **ARGILLA)
    before = exchange.counts()
    report = _import(project, "argilla.json", **ARGILLA)
    assert (report.of("judgements").new, report.of("judgements").unchanged) == (0, 3)
    assert exchange.counts() == before


def test_a_dry_run_of_orders_writes_nothing(project):
    before = exchange.counts()
    report = _import(project, "argilla.json", **ARGILLA, options=Options(dry_run=True))
    assert (report.dry_run, report.of("judgements").new) == (True, 3)
    assert exchange.counts() == before


def test_a_session_of_imported_orders_goes_out_and_comes_back(project, tmp_path):
    _import(project, "ranker.json", "label-studio", item_field="crd")
    path = tmp_path / "orders.jsonl"
    path.write_bytes(export_file(project, "jsonl"))
    exchange.wipe()
    import_sessions(project, path)
    assert export_file(project, "jsonl") == path.read_bytes()


# --- Label Studio -------------------------------------------------------------------------------------------
def test_a_ranker_of_label_studio_is_read_with_its_list_as_shown(project):
    report = _import(project, "ranker.json", "label-studio", item_field="crd")
    assert _orders() == [("edda@example.org", "M00", [["102"], ["100"], ["101"]], [])]
    slate = FeedbackSession.objects.get().slates.get()
    assert list(slate.items.values_list("item_version__item__key", flat=True)) == ["100", "101", "102"]
    assert (slate.randomised, slate.judgement.seconds) == (False, 42)
    assert slate.judgement.created_at.isoformat() == "2026-03-02T10:00:00.500000+00:00"
    assert "annotations that were cancelled, left out: 1" in report.notes


def test_a_list_in_random_order_is_so_when_somebody_says_so(project):
    _import(project, "ranker.json", "label-studio", item_field="crd", random_order=True)
    assert FeedbackSession.objects.get().slates.get().randomised


def test_buckets_are_ranks_in_the_order_that_is_given(project):
    with pytest.raises(ImportRefused, match="--buckets says which is best"):
        _import(project, "buckets.json", "label-studio")
    _import(project, "buckets.json", "label-studio", buckets=("good", "fair", "poor"))
    assert _orders() == [("label-studio-10", "M01", [["103", "105"], ["104"]], ["106"])]


def test_a_pairwise_choice_is_an_order_of_two(project):
    _import(project, "pairwise.json", "label-studio")
    assert _orders() == [("label-studio-10", "M02", [["107"], ["100"]], [])]
    assert Preference.objects.get().weight == 1.0  # it came from the right: not kept, reordered


# --- PrefLib ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "ranks", "rest"),
    [
        ("soc", [["101"], ["100"], ["103"], ["102"]], []),
        ("soi", [["101"], ["100"]], ["102", "103"]),
        ("toc", [["101"], ["100", "103"], ["102"]], []),
        ("toi", [["100", "101"], ["103"]], ["102"]),
    ],
)
def test_orders_of_preflib_are_read_as_often_as_they_were_given(project, kind, ranks, rest):
    _import(project, f"advisers.{kind}", **PREFLIB)
    found = _orders()
    assert [(order[2], order[3]) for order in found[:3]] == [(ranks, rest)] * 3
    assert [order[0] for order in found] == [f"preflib-advisers.{kind}-voter-{n}" for n in (1, 2, 3, 4)]
    assert found[3][2][-1] == ["103"]


def test_the_command_imports_orders(project, capsys):
    call_command("import_orders", "advisers", str(FOLDER / "advisers.toc"), tool="preflib", query="M00")
    assert "judgements: 4 new" in capsys.readouterr().out
    with pytest.raises(CommandError, match="expected ID=NAME"):
        call_command(
            "import_orders", "advisers", str(FOLDER / "advisers.toc"), tool="preflib", person=["edda"]
        )


# --- what is left out, and what is refused ------------------------------------------------------------------
def _left_out(project, path, **how):
    """Import a file of which something can be used, and return what the report says of the rest."""
    notes = _import(project, path, **how).notes
    assert Judgement.objects.exists()
    start = next(i for i, note in enumerate(notes) if note.startswith("left out, because"))
    assert notes[start] == "left out, because they cannot be used: 1"
    return notes[start + 1]


def _refused(project, path, **how):
    before = exchange.counts()
    with pytest.raises(ImportRefused) as caught:
        _import(project, path, **how)
    assert exchange.counts() == before
    return [str(refusal) for refusal in caught.value.refusals]


def _set(path, value):
    """Return a function that sets what stands at a path of a record."""

    def change(records):
        *way, last = path
        found = records
        for step in way:
            found = found[step]
        if value is None:
            del found[last]
        else:
            found[last] = value

    return change


RANKS = (0, "responses", 0, "values", "fit", "value")
BROKEN_ARGILLA = {
    "an unknown need": (_set((1, "metadata", "query"), "M99"), "record 2: the project has no need 'M99'"),
    "no need": (_set((1, "metadata", "query"), None), "record 2: expected a key in metadata.query"),
    "an unknown item": (_set((0, "metadata", "third"), "999"), "record 1: the project has no item '999'"),
    "an option of no item": (_set((0, "metadata", "third"), None), "record 1: expected a key in"),
    "an item twice": (_set((0, "metadata", "third"), "100"), "record 1: '100' stands in the order twice"),
    "a rank that is a word": (_set((*RANKS, 0, "rank"), "best"), "record 1: expected a rank of 1 or more"),
    "a rank of 0": (_set((*RANKS, 0, "rank"), 0), "record 1: expected a rank of 1 or more"),
    "a rank of a half": (_set((*RANKS, 0, "rank"), 1.5), "record 1: expected a rank of 1 or more"),
    "a rank that is true": (_set((*RANKS, 0, "rank"), True), "record 1: expected a rank of 1 or more"),
    "an option that is a number": (_set((*RANKS, 0, "value"), 7), "record 1: expected a value with its rank"),
    "one item only": (_set(RANKS, [{"value": "first", "rank": 1}]), "record 1: expected 2 to 100 items"),
    "no rank at all": (_set(RANKS, [{"value": "first"}, {"value": "third"}]), "puts nothing in order"),
    "nobody": (_set((0, "responses", 0, "user_id"), None), "record 1: expected a key in the person"),
    "no responses": (_set((1, "responses"), None), "record 2: expected responses"),
    "no answers": (_set((1, "responses", 0, "values"), 3), "record 2: expected a response with values"),
    "no record": (_set((1,), 7), "record 2: expected an object, found 7"),
}


@pytest.mark.parametrize("name", BROKEN_ARGILLA)
def test_a_broken_record_of_argilla_is_left_out_by_its_number(project, tmp_path, name):
    change, words = BROKEN_ARGILLA[name]
    records = json.loads((FOLDER / "argilla.json").read_text())
    del records[0]["responses"][1]  # who mapped another item, or none, in the same record
    change(records)
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(records))
    assert words in _left_out(project, path, **ARGILLA)
    assert Judgement.objects.count() == 1


def test_an_order_that_came_otherwise_before_stays_as_it_was(project, tmp_path):
    _import(project, "argilla.json", **ARGILLA)
    before = _orders()
    records = json.loads((FOLDER / "argilla.json").read_text())
    records[0]["responses"][0]["values"]["fit"]["value"][0]["rank"] = 9
    path = tmp_path / "argilla.json"
    path.write_text(json.dumps(records))
    words = _left_out(project, path, **ARGILLA)
    assert "record 1: argilla-3f0c-edda put 'r-1/fit' in another order before, which stays" in words
    assert _orders() == before


LISTED, RESULT = (0, "data", "items"), (0, "annotations", 0, "result", 0)
BROKEN_RANKER = {
    "an id of no item": (_set((*RESULT, "value", "ranker"), ["c", "z"]), "annotation 1: ranks 'z'"),
    "an id twice": (_set((*RESULT, "value", "ranker"), ["c", "c"]), "'102' stands in the order twice"),
    "ids that are no list": (_set((*RESULT, "value", "ranker"), "abc"), "expected a list of ids"),
    "no value": (_set((*RESULT, "value"), None), "expected a value of ranker"),
    "nothing ranked": (_set((*RESULT, "value", "ranker"), []), "puts nothing in order"),
    "no list": (_set(LISTED, None), "expected the listed items in items"),
    "an item without a key": (_set((*LISTED, 1, "crd"), None), "expected a key in crd"),
    "an id listed twice": (_set((*LISTED, 1, "id"), "a"), "lists 'a' twice"),
    "a key listed twice": (_set((*LISTED, 1, "crd"), "100"), "lists '100' twice"),
    "a wrong need": (_set((0, "data", "query"), "M99"), "the project has no need 'M99'"),
    "another control": (_set((*RESULT, "type"), "choices"), "has no result of a Ranker or a Pairwise"),
    "nobody": (_set((0, "annotations", 0, "completed_by"), None), "expected a key in the person"),
    "a strange time": (_set((0, "annotations", 0, "created_at"), "noon"), "expected a moment"),
    "a strange duration": (_set((0, "annotations", 0, "lead_time"), "long"), "expected a number"),
    "JSON-MIN": (_set((0, "annotations"), None), "record 1: expected a task with data and annotations"),
}


@pytest.mark.parametrize("name", BROKEN_RANKER)
def test_a_broken_task_of_label_studio_is_refused_by_its_number(project, tmp_path, name):
    change, words = BROKEN_RANKER[name]
    tasks = json.loads((FOLDER / "ranker.json").read_text())
    change(tasks)
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(tasks))
    found = _refused(project, path, tool="label-studio", item_field="crd")
    assert any("broken.json, record 1" in one and words in one for one in found), found


def test_a_pair_of_which_none_is_selected_is_refused(project, tmp_path):
    path = tmp_path / "none.json"
    path.write_text((FOLDER / "pairwise.json").read_text().replace('"right"}', '"none"}'))
    found = _refused(project, path, tool="label-studio")
    assert found == ["none.json, record 1, annotation 1: expected left or right to be selected, found 'none'"]


BROKEN_LINES = {
    "no such alternative": ("3: 2,{1,5},3", "there is no alternative 5"),
    "an alternative twice": ("3: 2,{1,2},3,4", "'101' stands in the order twice"),
    "an open brace": ("3: 2,{1,4,3", "expected a line like"),
    "an empty brace": ("3: 2,{},1,3,4", "expected a line like"),
    "a rank that is a word": ("3: two,{1,4},3", "expected a line like"),
    "no count": ("2,{1,4},3", "expected a line like"),
    "a count of nobody": ("0: 2,{1,4},3", "with a count of 1 or more"),
    "left out": ("3: 2,{1,4}", "leaves alternatives out"),
}


@pytest.mark.parametrize("name", BROKEN_LINES)
def test_a_broken_line_of_preflib_is_left_out_by_its_number(project, tmp_path, name):
    new, words = BROKEN_LINES[name]
    path = tmp_path / "broken.txt"
    path.write_text((FOLDER / "advisers.toc").read_text().replace("3: 2,{1,4},3", new))
    note = _left_out(project, path, **PREFLIB)
    assert "broken.txt, line 17: " in note
    assert words in note
    voter = 4 if new.startswith("3: ") and "expected" not in words else 2  # 1 for a count that can't be read
    assert [order[0] for order in _orders()] == [f"preflib-advisers.toc-voter-{voter}"]


def test_an_order_that_preflib_counts_on_two_lines_is_taken_from_the_first(project, tmp_path):
    path = tmp_path / "twice.txt"
    text = (FOLDER / "advisers.toc").read_text()
    path.write_text(text.replace("1: {1, 2}, 3, 4", "1: 2,{4,1},3"))
    assert "line 18: this order stands on line 17 already" in _left_out(project, path, **PREFLIB)
    assert Judgement.objects.count() == 3


BROKEN_PREFLIB = {
    "an unknown item": ("NAME 4: 103", "NAME 4: Zoë", "the project has no item 'Zoë'"),
    "a tie in every line": ("TYPE: toc", "TYPE: soc", "line 17: has a tie"),
    "another type": ("TYPE: toc", "TYPE: cat", "header, DATA TYPE: expected one of soc, soi, toc, toi"),
    "too few voters": ("VOTERS: 4", "VOTERS: 5", "header, NUMBER VOTERS: says '5', but there are 4"),
    "too few orders": ("ORDERS: 2", "ORDERS: 3", "header, NUMBER UNIQUE ORDERS: says '3'"),
    "too few names": ("ALTERNATIVES: 4", "ALTERNATIVES: 5", "header, NUMBER ALTERNATIVES: expected the"),
    "a name twice": ("NAME 4: 103", "NAME 4: 102", "line 16: expected a name that no other"),
    "a number of thousands of digits": ("NAME 4: 103", f"NAME {'4' * 5000}: 103", "expected the names"),
    "a number twice": ("NAME 4: 103", "NAME 3: 103", "line 16: ALTERNATIVE NAME 3 stands in the header"),
    "no header line": ("# TITLE: Advisers", "# Advisers", "line 2: expected a line like `# TITLE"),
    "a header below": ("1: {1, 2}, 3, 4", "# NOTE: x", "line 18: a line of the header stands after"),
    "too many voters": ("3: 2,{1,4},3", "900: 2,{1,4},3", "expected at most 500, found 901"),
}


@pytest.mark.parametrize("name", BROKEN_PREFLIB)
def test_a_broken_file_of_preflib_is_refused_by_its_line(project, tmp_path, name):
    old, new, words = BROKEN_PREFLIB[name]
    text = (FOLDER / "advisers.toc").read_text()
    assert old in text
    path = tmp_path / "broken.txt"
    path.write_text(text.replace(old, new))
    found = _refused(project, path, **PREFLIB)
    assert any(words in one for one in found), found


def test_a_type_that_the_ending_belies_is_refused(project, tmp_path):
    path = tmp_path / "orders.soi"
    path.write_bytes((FOLDER / "advisers.toc").read_bytes())
    assert "says toc, but the file is called .soi" in _refused(project, path, **PREFLIB)[0]


def test_orders_of_preflib_need_to_be_told_their_need(project):
    assert "say which need" in _refused(project, FOLDER / "advisers.toc", tool="preflib")[0]
    assert "no need 'M99'" in _refused(project, FOLDER / "advisers.toc", tool="preflib", query="M99")[0]


def test_a_name_that_nobody_can_have_leaves_its_orders_out(project):
    words = _left_out(project, "argilla.json", **ARGILLA, people={"9a1b-emil": "Emil E."})
    assert words == "  argilla.json, record 1: 'Emil E.': letters, digits and @ . + - _ only"
    assert {order[0] for order in _orders()} == {"argilla-3f0c-edda"}


@pytest.mark.parametrize("content", ["", "[]", "[", '{"a": 1', "\ufeff[{]"])
@pytest.mark.parametrize("tool", ["argilla", "label-studio", "preflib"])
def test_a_file_without_records_is_refused(project, tmp_path, tool, content):
    path = tmp_path / "empty"
    path.write_text(content)
    assert _refused(project, path, tool=tool, query="M00")
