"""Files of other tools as they really are: judged twice, emptied, skipped, sorted in part."""

import json

import pytest
from django.core.management import call_command

from feedback.exchange.peers import Naming
from feedback.models import Judgement, Preference
from feedback.services.importing_orders import OrdersRequest, import_orders
from ranking.errors import ImportRefused
from tests import factories

ITEMS = [{"id": key} for key in ("100", "101", "102")]
EARLY, LATE = "2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z"


@pytest.fixture
def project(db):
    return factories.make_project()


def annotation(number, *ids, by=7, **changes):
    result = {"from_name": "rank", "to_name": "items", "type": "ranker", "value": {"ranker": {"rank": ids}}}
    return {"id": number, "completed_by": by, "created_at": EARLY, "result": [result], **changes}


def buckets(number, columns, **changes):
    result = {"from_name": "rank", "to_name": "items", "type": "ranker", "value": {"ranker": columns}}
    return annotation(number, result=[result], **changes)


def task(number, *annotations, query="M00", **changes):
    return {"id": number, "data": {"query": query, "items": ITEMS}, "annotations": annotations, **changes}


@pytest.fixture
def take(project, tmp_path):
    def _take(records, tool="label-studio", **naming):
        path = tmp_path / "orders.json"
        path.write_text(records if isinstance(records, str) else json.dumps(records))
        return import_orders(project, OrdersRequest(path, tool, Naming(**naming)))

    return _take


def orders():
    """Return (person, ranks of keys, keys below the line) of all judgements."""
    found = []
    for judgement in Judgement.objects.select_related("expert").order_by("id"):
        key = dict(judgement.slate.items.values_list("pk", "item_version__item__key"))
        ranks = [sorted(key[card] for card in tier) for tier in judgement.tiers]
        found.append((judgement.expert.username, ranks, sorted(key[card] for card in judgement.rest)))
    return found


# --- judged twice -------------------------------------------------------------------------------------------
FIRST, SECOND = ("102", "100", "101"), ("101", "102", "100")


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"created_at": EARLY}, {"created_at": LATE}),
        (
            {"created_at": LATE, "updated_at": LATE},
            {"created_at": EARLY, "updated_at": "2026-03-02T11:00:00Z"},
        ),
        ({"created_at": EARLY, "updated_at": LATE}, {"created_at": LATE, "updated_at": LATE}),
        ({"created_at": "2026-03-02T09:30:00+02:00"}, {"created_at": "2026-03-02T08:00:00Z"}),
        ({"created_at": None}, {"created_at": None}),
    ],
    ids=["created", "updated", "updated together", "in other zones", "no moment: by number"],
)
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "later first"])
def test_of_two_annotations_of_a_task_by_one_person_the_latest_counts(take, earlier, later, turned):
    both = [annotation(11, *FIRST, **earlier), annotation(12, *SECOND, **later)]
    report = take([task(1, *(reversed(both) if turned else both))])
    assert orders() == [("label-studio-7", [[key] for key in SECOND], [])]
    assert report.of("judgements").new == 1
    assert "orders replaced by a later order of the same person for the same task: 1" in report.notes


def test_the_same_order_twice_is_replaced_too(take):
    report = take([task(1, annotation(11, *FIRST), annotation(12, *FIRST, created_at=LATE))])
    assert Preference.objects.count() == 3
    assert "orders replaced by a later order of the same person for the same task: 1" in report.notes


def test_tasks_without_an_id_are_told_apart_by_what_was_listed(take):
    both = task(None, annotation(None, *FIRST), annotation(None, *SECOND, created_at=LATE))
    report = take([both, task(None, annotation(None, *FIRST), query="M01")])
    assert [order[1] for order in orders()] == [[[key] for key in SECOND], [[key] for key in FIRST]]
    assert "orders replaced by a later order of the same person for the same task: 1" in report.notes


def test_two_people_on_one_task_stay_two(take):
    report = take([task(1, annotation(11, *FIRST), annotation(12, *SECOND, by=8))])
    assert report.of("judgements").new == 2
    assert not any("replaced" in note for note in report.notes)


def test_two_ids_that_are_one_person_here_count_as_one(take):
    both = task(1, annotation(11, *FIRST), annotation(12, *SECOND, by=8, created_at=LATE))
    take([both], people={"7": "edda", "8": "edda"})
    assert orders() == [("edda", [[key] for key in SECOND], [])]


def test_one_person_on_two_tasks_stays_two(take):
    report = take([task(1, annotation(11, *FIRST)), task(2, annotation(12, *SECOND))])
    assert report.of("judgements").new == 2


def test_a_task_that_stands_in_the_file_twice_alike_counts_once(take):
    report = take([task(1, annotation(11, *FIRST)), task(1, annotation(11, *FIRST))])
    assert report.of("judgements").new == 1
    assert "orders repeated in every value, counted once: 1" in report.notes
    assert not any("replaced" in note for note in report.notes)


def test_a_task_that_was_judged_anew_since_the_last_import_keeps_the_judgement_that_is_here(take):
    take([task(1, annotation(11, *FIRST))])
    both = task(1, annotation(11, *FIRST), annotation(12, *SECOND, created_at=LATE))
    report = take([both, task(2, annotation(13, *FIRST))])
    assert report.of("judgements").new == 1
    assert [order[1] for order in orders()] == [[[key] for key in FIRST]] * 2
    assert any("in another order before, which stays" in note for note in report.notes)


def argilla(*responses, number="r-1"):
    return {"id": number, "metadata": {"query": "M00"}, "responses": responses}


def response(*ids, user="edda", **changes):
    ranked = [{"value": key, "rank": rank} for rank, key in enumerate(ids, start=1)]
    values = {"fit": {"value": ranked}}
    return {"user_id": user, "status": "submitted", "values": values, **changes}


def test_of_two_responses_of_argilla_by_one_person_the_latest_counts(take):
    both = [
        response(*SECOND, inserted_at="2026-03-02T09:00:00.5", updated_at="2026-03-02T12:00:00"),
        response(*FIRST, inserted_at="2026-03-02T10:00:00"),
    ]
    report = take([argilla(*both)], tool="argilla")
    assert orders() == [("argilla-edda", [[key] for key in SECOND], [])]
    assert "orders replaced by a later order of the same person for the same task: 1" in report.notes


def test_without_a_moment_the_last_response_of_a_file_counts(take):
    take([argilla(response(*FIRST)), argilla(response(*SECOND))], tool="argilla")
    assert orders() == [("argilla-edda", [[key] for key in SECOND], [])]


# --- what can't be used -------------------------------------------------------------------------------------
UNUSABLE = {
    "an empty result": task(2, annotation(13, result=[])),
    "no result": task(2, annotation(13, result=None)),
    "no annotation": task(2, 7),
    "a task of another shape": {"id": 2, "rank": "abc"},
    "no object": 7,
    "an unknown need": task(2, annotation(13, *FIRST), query="M99"),
    "an unknown item": task(2, annotation(13, "999")),
    "nobody": task(2, annotation(13, *FIRST, by=None)),
    "a moment that is none": task(2, annotation(13, *FIRST, created_at="noon")),
    "nothing sorted": task(2, buckets(13, {"_": ["100", "101", "102"]})),
    "an id that lost digits": task(2, annotation(13, 90071992547409930.0)),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_record_that_cannot_be_used_is_left_out_counted_and_named(take, name):
    report = take([task(1, annotation(11, *FIRST)), UNUSABLE[name], task(3, annotation(14, *SECOND))])
    assert [order[1] for order in orders()] == [[[key] for key in FIRST], [[key] for key in SECOND]]
    where = report.notes.index("left out, because they cannot be used: 1")
    assert "orders.json, record 2" in report.notes[where + 1]


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_file_without_a_record_that_can_be_used_is_refused(take, name):
    with pytest.raises(ImportRefused, match="record 1"):
        take([UNUSABLE[name]])
    assert not Judgement.objects.exists()


def test_one_of_two_people_who_left_a_task_empty_is_named_alone(take):
    report = take([task(1, annotation(11, *FIRST), annotation(13, result=[], by=8))])
    assert report.of("judgements").new == 1
    assert any("record 1, annotation 2: has no result" in note for note in report.notes)


def test_an_emptied_annotation_does_not_replace_the_one_before(take):
    take([task(1, annotation(11, *FIRST), annotation(12, result=[], created_at=LATE))])
    assert [order[1] for order in orders()] == [[[key] for key in FIRST]]


@pytest.mark.parametrize(
    "record",
    [task(1), task(1, annotation(11, *FIRST, was_cancelled=True)), task(1, drafts=[{"id": 5}])],
    ids=["nobody", "skipped", "a draft"],
)
def test_a_file_that_nobody_has_judged_is_refused(take, record):
    with pytest.raises(ImportRefused, match="no order that can be used"):
        take([record])


def test_drafts_and_skipped_annotations_are_counted(take):
    skipped = annotation(12, *SECOND, created_at=LATE, was_cancelled=True)
    report = take([task(1, annotation(11, *FIRST), skipped, drafts=[{"id": 5}, {"id": 6}])])
    assert orders() == [("label-studio-7", [[key] for key in FIRST], [])]
    assert {"annotations that were cancelled, left out: 1", "drafts, left out: 2"} <= set(report.notes)


@pytest.mark.parametrize("flag", [1, 1.0, "true"])
def test_a_cancelled_annotation_is_left_out_however_its_flag_is_written(take, flag):
    take([task(1, annotation(11, *FIRST, was_cancelled=0), annotation(12, *SECOND, was_cancelled=flag))])
    assert orders() == [("label-studio-7", [[key] for key in FIRST], [])]


def test_blanks_between_buckets_are_no_part_of_their_names(project, tmp_path):
    path = tmp_path / "orders.json"
    path.write_text(json.dumps([task(1, buckets(11, {"good": ["102"], "bad": ["100", "101"]}))]))
    call_command("import_orders", project.slug, path, "--from", "label-studio", "--buckets", "good, bad")
    assert orders() == [("label-studio-7", [["102"], ["100", "101"]], [])]


def test_a_hundred_records_are_named_and_all_are_counted(take):
    report = take([task(1, annotation(11, *FIRST)), *([UNUSABLE["an empty result"]] * 130)])
    where = report.notes.index("left out, because they cannot be used: 130")
    assert report.notes[where + 101] == "  and 30 more"


def test_a_refused_file_counts_the_records_that_it_does_not_name(take):
    with pytest.raises(ImportRefused) as caught:
        take([UNUSABLE["an empty result"]] * 130)
    assert sum(refusal.mistakes for refusal in caught.value.refusals) == 130
    assert str(caught.value.refusals[-1]) == "orders.json: and 30 more"


def test_one_task_may_be_written_over_several_lines(take):
    take(json.dumps(task(1, annotation(11, *FIRST)), indent=2))
    assert orders() == [("label-studio-7", [[key] for key in FIRST], [])]


def test_a_first_line_that_is_no_json_is_left_out_alone(take):
    report = take("{\n" + json.dumps(task(1, annotation(11, *FIRST))))
    assert report.of("judgements").new == 1
    assert any("orders.json, line 1: is not JSON" in note for note in report.notes)


def test_a_file_that_breaks_off_is_refused_whole(take, tmp_path, project):
    path = tmp_path / "cut.jsonl"
    path.write_bytes(json.dumps(task(1, annotation(11, *FIRST))).encode() + b"\n{\xff}\n")
    with pytest.raises(ImportRefused, match="line 2: is not UTF-8"):
        import_orders(project, OrdersRequest(path, "label-studio"))


# --- what was left unsorted ---------------------------------------------------------------------------------
def test_what_nobody_moved_into_a_bucket_is_in_no_pair(take):
    take([task(1, buckets(11, {"_": ["101", "102"], "good": ["100"]}))], buckets=("good", "bad"))
    assert orders() == [("label-studio-7", [["100"]], ["101", "102"])]
    assert not Preference.objects.exists()


def test_what_stayed_in_the_bucket_to_start_in_is_in_no_pair(take):
    columns = {"new": ["101"], "good": ["102"], "bad": ["100"]}
    take([task(1, buckets(11, columns))], buckets=("good", "new", "bad"), unsorted="new")
    assert orders() == [("label-studio-7", [["102"], ["100"]], ["101"])]
    assert Preference.objects.count() == 1


def test_the_column_of_the_unsorted_is_no_bucket(take):
    columns = {"_": ["101", "102"], "good": ["100"]}
    with pytest.raises(ImportRefused, match="bucket '_' holds what nobody sorted"):
        take([task(1, buckets(11, columns))], buckets=("good", "_"))


def test_a_single_bucket_is_not_taken_for_an_order(take):
    with pytest.raises(ImportRefused, match="--buckets says which is best"):
        take([task(1, buckets(11, {"good": ["102", "100"]}))])


def test_what_a_list_leaves_out_is_in_no_pair(take):
    take([task(1, annotation(11, "102", "100"))])
    assert orders() == [("label-studio-7", [["102"], ["100"]], ["101"])]
    assert Preference.objects.count() == 1


def test_an_option_of_argilla_without_a_rank_is_in_no_pair(take):
    ranked = [{"value": "102", "rank": 1}, {"value": "100", "rank": None}, {"value": "101"}]
    take([argilla(response(values={"fit": {"value": ranked}}))], tool="argilla")
    assert orders() == [("argilla-edda", [["102"]], ["100", "101"])]
    assert not Preference.objects.exists()


IMBUED = """\
# FILE NAME: imbued.toc
# DATA TYPE: toc
# MODIFICATION TYPE: imbued
# NUMBER ALTERNATIVES: 3
# NUMBER VOTERS: 3
# NUMBER UNIQUE ORDERS: 3
# ALTERNATIVE NAME 1: 100
# ALTERNATIVE NAME 2: 101
# ALTERNATIVE NAME 3: 102
1: 3,{1,2}
1: 2,1,3
1: {1,2,3}
"""


def test_what_preflib_tied_at_the_bottom_because_nobody_ranked_it_is_in_no_pair(take):
    report = take(IMBUED, tool="preflib", query="M00")
    assert [order[1:] for order in orders()] == [
        ([["102"]], ["100", "101"]),
        ([["101"], ["100"], ["102"]], []),
    ]
    assert Preference.objects.count() == 3
    assert any("what the voter did not rank" in note for note in report.notes)
    assert any("line 12: puts nothing in order" in note for note in report.notes)


def test_the_ties_of_an_original_file_are_ranks(take):
    take(IMBUED.replace("imbued\n", "original\n"), tool="preflib", query="M00")
    assert orders()[0][1:] == ([["102"], ["100", "101"]], [])


# --- a byte order mark --------------------------------------------------------------------------------------
@pytest.mark.parametrize("tool", ["label-studio", "argilla", "preflib"])
@pytest.mark.parametrize("lines", [False, True], ids=["array", "lines"])
def test_a_byte_order_mark_is_read_over(take, tool, lines):
    record = argilla(response(*FIRST)) if tool == "argilla" else task(1, annotation(11, *FIRST))
    text = IMBUED if tool == "preflib" else json.dumps(record if lines else [record])
    assert take(f"\ufeff{text}", tool=tool, query="M00").of("judgements").new > 0


# --- keys ---------------------------------------------------------------------------------------------------
def test_keys_that_json_holds_as_whole_floats_are_the_whole_numbers(take):
    record = task(1.0, annotation(11, 102.0, 100.0, "101", by=7.0))
    record["data"]["items"] = [{"id": 100.0}, {"id": 101}, {"id": "102"}]
    take([record])
    assert orders() == [("label-studio-7", [["102"], ["100"], ["101"]], [])]
