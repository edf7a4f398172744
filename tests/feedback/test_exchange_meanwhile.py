"""An export, and an import, while experts go on judging."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from feedback.exchange.checking import check_records
from feedback.models import Slate
from feedback.services import collecting, judging, sessions
from feedback.services.exchanging import export_file
from feedback.services.importing import import_sessions
from tests import factories

ACTS = {
    "judge": lambda slate: factories.judge(slate),
    "offer": lambda slate: factories.judge(slate, kind="outside_knowledge"),
    "close": lambda slate: sessions.close_session(slate.session),
}


@pytest.fixture
def session():
    """An open session of two experts, in which something was judged."""
    experts = [factories.make_expert(name) for name in ("edda", "emil")]
    session = factories.make_session(factories.make_project(), experts, overlap_share=0.0)
    factories.judge(session.slates.first())
    return session


def _between_slates_and_cards(monkeypatch, act):
    """Do something when an export has read the slates, and nothing after them yet."""
    read = collecting.Collection._slate_records

    def and_then(self):
        found = read(self)
        monkeypatch.undo()
        act()
        return found

    monkeypatch.setattr(collecting.Collection, "_slate_records", and_then)


def _on_its_own_connection(act, *args):
    try:
        return act(*args)
    finally:
        connections.close_all()


def _elsewhere(act, *args):
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_on_its_own_connection, act, *args).result(timeout=60)


def _only_of_edda(session):
    own = session.slates.filter(expert__username="emil").values("query")
    return session.slates.filter(expert__username="edda", state=Slate.State.OPEN).exclude(query__in=own)[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_an_export_is_of_one_moment_and_nobody_waits_for_it(session, monkeypatch, act):
    before = export_file(session.project, "jsonl")
    slate = _only_of_edda(session)
    _between_slates_and_cards(monkeypatch, lambda: _elsewhere(act, slate))
    assert export_file(session.project, "jsonl") == before
    after = collecting.records_of(session.project)
    assert not check_records(after, session.project.slug)
    assert len(after) > before.count(b"\n")


@pytest.mark.django_db
def test_an_import_does_not_look_at_other_sessions_which_go_on(session, monkeypatch, tmp_path):
    project, path = session.project, tmp_path / "earlier.jsonl"
    earlier = factories.make_closed_session(project, [factories.make_expert("elli")], title="Earlier")
    path.write_bytes(export_file(project, "jsonl", [earlier]))
    slate = _only_of_edda(session)
    # On the import's own connection: as if it were committed elsewhere, of which every read sees the latest.
    _between_slates_and_cards(monkeypatch, lambda: factories.judge(slate, kind="outside_knowledge"))
    report = import_sessions(project, path)
    assert [counts.new for counts in report.counts] == [0, 0, 0, 0]


@pytest.mark.django_db
def test_a_list_may_be_looked_at_while_its_session_is_read_in(session, monkeypatch, tmp_path):
    path = tmp_path / "open.jsonl"
    path.write_bytes(export_file(session.project, "jsonl"))
    slate = _only_of_edda(session)
    # On the import's own connection, as above: a list that is only opened waits for no import.
    _between_slates_and_cards(monkeypatch, lambda: judging.note_seen(slate))
    report = import_sessions(session.project, path)
    assert [counts.new for counts in report.counts] == [0, 0, 0, 0]
    slate.refresh_from_db()
    assert slate.first_seen_at is not None


@pytest.mark.django_db(transaction=True)
def test_who_judges_in_a_session_that_is_read_in_waits_for_it(session, monkeypatch, tmp_path):
    path = tmp_path / "open.jsonl"
    path.write_bytes(export_file(session.project, "jsonl"))
    slate = _only_of_edda(session)
    with ThreadPoolExecutor(1) as thread:
        waiting = []

        def judge():
            waiting.append(thread.submit(_on_its_own_connection, factories.judge, slate))
            with pytest.raises(TimeoutError):
                waiting[0].result(timeout=1)

        _between_slates_and_cards(monkeypatch, judge)
        import_sessions(session.project, path)
        waiting[0].result(timeout=60)
    assert slate.session.slates.get(pk=slate.pk).state == Slate.State.SUBMITTED
