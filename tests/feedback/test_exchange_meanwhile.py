"""An export, and an import, while experts go on judging."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from feedback.exchange.checking import check_records
from feedback.models import Slate
from feedback.services import collecting, sessions
from feedback.services.exchanging import export_file
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


def _elsewhere(act, *args):
    """Do something on a connection of its own."""

    def work():
        try:
            act(*args)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(work).result(timeout=60)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_an_export_is_of_one_moment_and_nobody_waits_for_it(session, monkeypatch, act):
    before = export_file(session.project, "jsonl")
    own = session.slates.filter(expert__username="emil").values("query")
    slate = session.slates.filter(expert__username="edda", state=Slate.State.OPEN).exclude(query__in=own)[0]
    _between_slates_and_cards(monkeypatch, lambda: _elsewhere(act, slate))
    assert export_file(session.project, "jsonl") == before
    after = collecting.records_of(session.project)
    assert not check_records(after, session.project.slug)
    assert len(after) > before.count(b"\n")
