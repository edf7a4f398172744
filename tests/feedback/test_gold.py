"""Lists of known order: signed off, planted, and held against experts; nothing is learned from them."""

import json

import pytest
from django.db import DatabaseError, transaction

from feedback.errors import GoldRetired, InvalidGold, InvalidSession
from feedback.models import GoldList, Judgement, Preference, Slate, SlateItem
from feedback.selection import PlannedSlate
from feedback.services import (
    against_gold,
    agreeing,
    coverage,
    extending,
    gold_lists,
    learning,
    pace,
    planting,
    reliability,
    reviewing,
    sessions,
    signing,
)
from feedback.services.deriving import derive_preferences, shown_list
from feedback.services.exchanging import FORMATS, export_file
from feedback.services.importing import import_sessions
from feedback.services.signing import GoldRequest
from ranking.errors import ImportRefused
from ranking.models import Query
from tests import exchange, factories


@pytest.fixture
def project(db):
    return factories.make_project(items=16, queries=8)


def _session(project, experts, **asked):
    return factories.make_session(project, experts, **{"slates_per_expert": 6, **asked})


def _gold_slates(session):
    return session.slates.filter(arm=Slate.Arm.GOLD)


def _versions(slate):
    return set(slate.items.values_list("item_version_id", flat=True))


# --- signing off --------------------------------------------------------------------------------------------
def test_a_judged_list_of_a_closed_session_becomes_gold_and_its_expert_knows_it(project, edda):
    slate = factories.make_closed_session(project, [edda]).slates.first()
    request = GoldRequest(tiers=signing.order_of(slate), why="All agreed.", made_from=slate)
    gold = signing.sign_order(slate.query, request, by="ada")
    assert (gold.signed_by, gold.why, gold.query_content) == ("ada", "All agreed.", slate.query.content)
    assert set(gold.versions) == _versions(slate)
    assert list(gold.known_to.all()) == [edda]
    assert not _gold_slates(_session(project, [edda]))


def test_a_list_of_an_open_session_does_not_become_gold(project, edda):
    slate = factories.make_session(project, [edda]).slates.first()
    factories.judge(slate)
    with pytest.raises(InvalidGold, match="still open"):
        signing.order_of(Slate.objects.get(pk=slate.pk))


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        (lambda v: {"tiers": [[v[0]], [v[1]]]}, "tiers", "at least 3"),
        (lambda v: {"tiers": [v]}, "tiers", "level"),
        (lambda v: {"tiers": [v[:2], v[1:]]}, "tiers", "twice"),
        (lambda v: {"tiers": [v[:2], [], v[2:]]}, "tiers", "none"),
        (lambda v: {"tiers": [v, [10**9]]}, "tiers", "changed"),
        (lambda v: {"why": " "}, "why", "known"),
        (lambda v: {"why": "x" * 2001}, "why", "2000"),
    ],
)
def test_what_is_no_order_is_not_signed_off(project, wrong, field, words):
    versions = factories.make_gold(project, size=4).versions
    asked = {"tiers": [[version] for version in versions], "why": "x"} | wrong(versions)
    with pytest.raises(InvalidGold, match=words) as refused:
        signing.sign_order(project.queries.first(), GoldRequest(**asked), by="ada")
    assert refused.value.field == field


def test_a_gold_list_is_never_changed_and_retired_once(project):
    gold = factories.make_gold(project)
    with pytest.raises(InvalidGold):
        signing.retire(gold, by="ada", reason=" ")
    signing.retire(gold, by="ada", reason="The market has moved.")
    with pytest.raises(GoldRetired):
        signing.retire(GoldList.objects.get(), by="ada", reason="again")
    for change in (
        lambda: GoldList.objects.update(why="y"),
        lambda: GoldList.objects.get().retirement.delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert GoldList.objects.get().retired.reason == "The market has moved."


# --- planting -----------------------------------------------------------------------------------------------
def test_a_session_plants_one_unless_asked_otherwise_and_none_without_gold(project, edda):
    assert _session(project, [edda]).gold_per_expert == 0
    factories.make_gold_lists(project, 3)
    session = _session(project, [edda])
    assert (session.gold_per_expert, _gold_slates(session).count(), session.slates.count()) == (1, 1, 6)
    slate = _gold_slates(session).get()
    assert (slate.randomised, slate.selection_probability) == (True, pytest.approx(1 / 3))
    assert slate.items.count() == session.items_per_slate
    assert _versions(slate) < set(slate.gold.versions)  # a longer list is cut
    assert _session(project, [edda], gold_per_expert=0).slates.filter(gold__isnull=False).count() == 0
    assert factories.make_session(project, [edda], slates_per_expert=5).gold_per_expert == 0  # too short
    twelve = _session(project, [edda], slates_per_expert=12, gold_per_expert=3)
    assert (twelve.gold_per_expert, _gold_slates(twelve).count()) == (2, 2)


def test_an_expert_is_not_asked_the_same_gold_list_twice(project, edda):
    factories.make_gold_lists(project, 2)
    asked = [
        gold
        for _ in range(3)
        for gold in _gold_slates(_session(project, [edda])).values_list("gold", flat=True)
    ]
    assert sorted(asked) == sorted(GoldList.objects.values_list("pk", flat=True))


def test_who_knows_it_signed_it_or_has_an_interest_is_not_asked(project, edda):
    emil, ada = factories.make_expert("emil"), factories.make_expert("ada")
    gold = factories.make_gold(project, known_to=[emil], size=4)
    session = _session(project, [emil, ada])
    assert not _gold_slates(session)
    interested = _session(project, [edda], gold_per_expert=0)
    slate = interested.slates.first()
    card = slate.items.get(shown_position=1)
    Slate.objects.filter(pk=slate.pk).update(query=gold.query)
    SlateItem.objects.filter(pk=card.pk).update(item_version=_other_version(gold, slate))
    factories.judge(slate, kind="conflict_of_interest", items=[card.pk])
    assert not _gold_slates(_session(project, [edda]))


def _other_version(gold, slate):
    """Return an item of the gold list for the first card of a slate, where it does not stand already."""
    others = slate.items.exclude(shown_position=1).values_list("item_version_id", flat=True)
    return next(version for version in gold.versions if version not in set(others))


def test_what_has_changed_since_or_is_too_short_is_not_planted(project, edda):
    short, changed, retired = factories.make_gold_lists(project, 3)
    signing.retire(retired, by="ada", reason="x")
    item = project.items.get(versions=changed.versions[0])
    factories.revise_item(item, {**item.current.content, "fee": 99.0})
    rows = {row.gold.pk: row for row in gold_lists.overview_of(project)}
    assert (rows[changed.pk].changed, rows[retired.pk].planted) == (True, False)
    session = _session(project, [edda], items_per_slate=7)
    assert not _gold_slates(session)
    Query.objects.filter(pk=short.query_id).update(content={**short.query_content, "title": "other"})
    assert not _gold_slates(_session(project, [edda]))


def test_two_sessions_at_once_do_not_ask_the_same_list(project, edda):
    gold = factories.make_gold(project)
    session = _session(project, [edda])
    planned = [
        PlannedSlate(expert=edda.pk, position=1, drawn=None, randomised=True, gold=gold.pk)  # type: ignore[arg-type]
    ]
    assert _gold_slates(session).count() == 1
    with transaction.atomic(), pytest.raises(InvalidSession, match="try again"):
        planting.check_planted(project, planned)


def test_more_lists_plant_no_more_than_the_session_has_for_each(project, edda):
    emil = factories.make_expert("emil")
    factories.make_gold_lists(project, 4)
    session = _session(project, [edda])
    extending.add_lists(session, edda, 6)
    extending.add_lists(session, emil, 6)
    assert sorted(_gold_slates(session).values_list("expert__username", flat=True)) == ["edda", "emil"]


def test_lists_of_known_order_do_not_go_over_to_another_and_do_not_stay_alone(project, edda):
    emil = factories.make_expert("emil")
    factories.make_gold(project)
    session = _session(project, [edda])
    assert (
        extending.hand_over(session, edda, emil) == 4
    )  # the fifth is a repeat, of which nothing is left to repeat
    assert not _gold_slates(session)
    assert not session.slates.filter(expert=edda)


def test_a_list_of_known_order_outside_what_one_knows_is_offered_to_nobody(project, edda):
    factories.make_gold(project, known_to=[factories.make_expert("emil")])
    session = _session(project, [edda, factories.User.objects.get(username="emil")])
    before = session.slates.count()
    factories.judge(_gold_slates(session).get(), kind="outside_knowledge")
    assert session.slates.count() == before


# --- nothing is learned from them ---------------------------------------------------------------------------
def test_gold_judgements_are_no_preferences_no_training_and_no_evaluation(project, edda):
    factories.make_gold(project)
    session = _session(project, [edda])
    factories.judge_all(session.slates.all())
    sessions.close_session(session)
    slate = _gold_slates(session).get()
    assert not Preference.objects.filter(judgement__slate=slate)
    assert Preference.objects.filter(judgement__slate__session=session).exists()
    derive_preferences(session)
    assert not Preference.objects.filter(judgement__slate=slate)
    frozen = learning.freeze_training_set(project)
    assert frozen.sources[0]["slates"] == 5
    assert [j.slate_id for j in learning._judgements([session])] == [
        pk for pk in session.slates.order_by("judgement__id").values_list("pk", flat=True) if pk != slate.pk
    ]


def test_none_suitable_on_a_gold_list_grades_nobody(project, edda):
    factories.make_gold(project)
    judgement = factories.judge(_gold_slates(_session(project, [edda])).get(), kind="none_suitable")
    assert learning.judged_list(Judgement.objects.get(pk=judgement.pk)).negative == []


def test_gold_counts_for_the_pace_alone_and_not_for_agreement_or_coverage(project, edda):
    emil = factories.make_expert("emil")
    gold = factories.make_gold(project, size=4)
    session = _session(project, [edda, emil], overlap_share=0.0)
    for slate in _gold_slates(session):
        factories.judge(slate, kind="reorder", tiers=[[c] for c in factories.true_order(slate)], seconds=60)
    assert agreeing.agreement_of(session).lists == 0
    covered = {need.query.pk: need for need in coverage.needs_covered(session)}
    assert (covered[gold.query_id].done, covered[gold.query_id].slates) == (0, 0)
    summary = coverage.summary_of(session, coverage.judgements_of(session), list(covered.values()))
    assert (summary.done, summary.gold, summary.slates) == (2, 2, 12)
    assert pace.minutes_left(session, edda, 5) == 5
    assert pace.pairs_said(session, edda) == 6  # as of any other list: the sum must not tell


def test_a_session_does_not_promise_a_gold_list_that_is_shorter_than_its_lists(project, edda):
    gold = factories.make_gold(project, size=4)
    fit = planting.fit_of(project, 5)
    assert (fit.fitting, fit.too_short) == ((), (gold,))
    assert _session(project, [edda], items_per_slate=5).gold_per_expert == 0
    with pytest.raises(
        InvalidSession, match="5 items, and the longest gold list has 4; show 4 or fewer"
    ) as error:
        _session(project, [edda], items_per_slate=5, gold_per_expert=1)
    assert error.value.field == "gold_per_expert"
    four = _session(project, [edda], items_per_slate=4, gold_per_expert=1)
    assert (four.gold_per_expert, _gold_slates(four).count()) == (1, 1)


def test_a_session_that_asks_for_gold_without_any_is_told_so(project, edda):
    with pytest.raises(InvalidSession, match="no gold list is in use"):
        _session(project, [edda], gold_per_expert=1)


def test_a_session_promises_no_more_gold_than_fits(project, edda):
    _, long = factories.make_gold_lists(project, 2, size=6)
    factories.make_gold(project, query=long.query, size=6)
    assert planting.fit_of(project, 6).needs == 2
    session = _session(project, [edda], slates_per_expert=24, items_per_slate=6, gold_per_expert=3)
    assert (session.gold_per_expert, _gold_slates(session).count()) == (2, 2)


def test_what_a_session_would_ask_names_the_gold_lists_that_are_too_short(project, edda):
    gold = factories.make_gold(project, size=4)
    client = factories.api_client(factories.make_admin())
    body = {"project": project.slug, "experts": [edda.username], "slates_per_expert": 6, "items_per_slate": 5}
    told = client.post("/api/v1/sessions/preview/", body, format="json").json()
    assert told["gold_fitting"] == 0
    assert told["gold_too_short"] == [{"id": gold.pk, "need": gold.query.title, "items": 4}]
    refused = client.post("/api/v1/sessions/preview/", body | {"gold_per_expert": 1}, format="json")
    assert refused.status_code == 400
    assert "gold_per_expert" in refused.json()["error"]["fields"]


# --- what they say of an expert -----------------------------------------------------------------------------
def _hold(project, expert, order, lists=4):
    """Let an expert judge so many lists of known order, one a session, and close the sessions."""
    for _ in range(lists):
        session = _session(project, [expert])
        slate = _gold_slates(session).get()
        factories.judge(slate, kind="reorder", tiers=[[card] for card in order(factories.true_order(slate))])
        sessions.close_session(session)
    return session


@pytest.mark.parametrize(
    ("order", "kept", "verdict"),
    [(lambda cards: cards, 1.0, "reliable"), (lambda cards: cards[::-1], 0.0, "inverted")],
)
def test_who_puts_them_as_known_is_reliable_and_who_turns_them_round_is_named(
    project, edda, order, kept, verdict
):
    factories.make_gold_lists(project, 4)
    session = _hold(project, edda, order)
    found = against_gold.agreement_with_gold(project)["edda"]
    assert (found.lists, found.kept.value, found.verdict) == (4, kept, verdict)
    row = against_gold.rows_of(session)[0]
    assert (row.planted, row.judged, row.here.lists, row.overall.lists) == (1, 1, 1, 4)
    assert reliability.expert_rows(project)[0].gold.verdict == verdict


def test_who_answers_at_random_is_named(project, edda):
    factories.make_gold_lists(project, 6)
    turns = iter([[1, 3, 0, 2], [2, 0, 3, 1]] * 3)
    _hold(project, edda, lambda cards: [cards[i] for i in next(turns)], lists=6)
    found = against_gold.agreement_with_gold(project)["edda"]
    assert (found.kept.value, found.verdict) == (0.5, "random")


def test_a_non_answer_says_nothing_about_an_expert(project, edda):
    factories.make_gold(project)
    session = _session(project, [edda])
    factories.judge(_gold_slates(session).get(), kind="about_equal")
    assert against_gold.agreement_with_gold(project) == {}
    row = against_gold.rows_of(session)[0]
    assert (row.judged, row.here, row.overall) == (1, None, None)


def test_where_nobody_puts_it_as_known_the_list_needs_a_look(project):
    gold = factories.make_gold(project)
    for name in ("edda", "emil", "ezra", "enya"):
        _hold(project, factories.make_expert(name), lambda cards: cards[::-1], lists=1)
    found = against_gold.by_list(project)[gold.pk]
    assert (found.lists, found.verdict) == (4, "inverted")


def test_the_review_of_a_gold_list_shows_the_known_places(project, edda):
    factories.make_gold(project)
    slate = _gold_slates(_session(project, [edda])).get()
    factories.judge(slate)
    review = reviewing.review_of(Slate.objects.select_related("judgement", "gold").get(pk=slate.pk))
    assert [line.known for line in review.lines] == [1, 2, 3, 4]
    assert (review.origins, "tests the expert" in review.use) == ([], True)
    assert shown_list(Judgement.objects.select_related("slate").get()).known


# --- taking them out and bringing them in -------------------------------------------------------------------
def _rich(project, edda):
    factories.make_gold_lists(project, 2, known_to=[factories.make_expert("emil")])
    session = _session(project, [edda], slates_per_expert=12, gold_per_expert=2)
    factories.judge_all(session.slates.all()[:11])
    return session


@pytest.mark.parametrize("name", ["jsonl", "csv", "parquet"])
def test_export_wipe_import_gives_the_same_bytes_with_gold_lists(project, edda, tmp_path, name):
    sessions.close_session(_rich(project, edda))
    signing.retire(GoldList.objects.first(), by="ada", reason="x")
    before = {one: export_file(project, one) for one in FORMATS}
    path = tmp_path / "sessions.any"
    path.write_bytes(before[name])
    exchange.wipe()
    assert not GoldList.objects.exists()
    import_sessions(project, path)
    assert {one: export_file(project, one) for one in FORMATS} == before
    assert import_sessions(project, path).of("slates").writes == 0


def test_a_gold_list_that_was_retired_elsewhere_is_retired_here(project, edda, tmp_path):
    _rich(project, edda)
    before, after = tmp_path / "before", tmp_path / "after"
    before.write_bytes(export_file(project, "jsonl"))
    gold = GoldList.objects.first()
    signing.retire(gold, by="ada", reason="x")
    after.write_bytes(export_file(project, "jsonl"))
    exchange.wipe()
    import_sessions(project, before)
    import_sessions(project, after)
    assert export_file(project, "jsonl") == after.read_bytes()
    assert [one.retired is not None for one in GoldList.objects.all()].count(True) == 1


def test_a_card_that_the_planted_list_does_not_hold_is_refused(project, edda, tmp_path):
    lines = [json.loads(line) for line in export_file(_rich(project, edda).project, "jsonl").splitlines()]
    place = next(one["position"] for one in lines if one["type"] == "slate" and one["gold"])
    cards = [one for one in lines if one["type"] == "card" and one["position"] == place]
    there = {one["item"] for one in (*cards, *(one for one in lines if one["type"] == "gold_item"))}
    other = next(one for one in lines if one["type"] == "item" and one["item"] not in there)
    cards[0] |= {name: other[name] for name in ("item", "content_hash")}
    path = tmp_path / "sessions.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    exchange.wipe()
    with pytest.raises(ImportRefused, match="item: is not in the list of known order") as caught:
        import_sessions(project, path)
    assert [one.line for one in caught.value.refusals] == [lines.index(cards[0]) + 1]


def test_no_gold_list_is_in_the_files_for_other_trainers(project, edda):
    session = _rich(project, edda)
    sessions.close_session(session)
    ordered = session.slates.filter(judgement__kind="reorder")
    lines = export_file(project, "svmrank").decode().splitlines()
    lists = {line.split()[1] for line in lines if "qid:" in line}
    assert ordered.filter(arm=Slate.Arm.GOLD).exists()
    assert len(lists) == ordered.exclude(arm=Slate.Arm.GOLD).count()


def test_a_gold_slate_without_its_list_is_refused_by_the_database(project, edda):
    slate = _session(project, [edda]).slates.first()
    with pytest.raises(DatabaseError), transaction.atomic():
        Slate.objects.filter(pk=slate.pk).update(arm="gold")
