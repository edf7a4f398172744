"""Whatever happens between a person and the database, what was done is there: once, and in order."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.page_model import START, Ledger
from tests.torture import FATES, Arena, Audit, audit_moves


@pytest.mark.services
@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_no_move_and_no_judgement_is_lost_doubled_or_reordered(deploy, database):
    arena = Arena(deploy(database=database), experts=4)
    for seed in (1, 2):
        arena.torture(seed, sittings=8, kills=1)
    audit = arena.audit()
    assert audit.clean, audit
    assert audit.judgements == audit.sittings == 16
    # A torture that hurts nobody would prove little.
    assert (audit.moves > 120, audit.given_up > 0, audit.met["no connection"] > 0) == (True, True, True), (
        audit
    )
    assert min(audit.met[fate] for fate in FATES) > 2, audit


@pytest.mark.parametrize(
    ("landed", "given_up", "by", "found"),
    [
        ("abc", "", "", None),
        ("ac", "b", "", None),
        ("ab", "", "", "lost"),
        ("abbc", "", "", "doubled"),
        ("acb", "", "", "reordered"),
        ("abc", "c", "", "haunting"),
        ("ac", "b", "c", None),
        ("abc", "b", "c", "haunting"),
        ("ab", "bc", "c", None),  # it came first, and what decided against it was given up then
    ],
)
def test_the_audit_sees_what_it_looks_for(landed, given_up, by, found):
    moments = {name: (START + timedelta(seconds=place)).isoformat() for place, name in enumerate("abc")}
    ledger = Ledger(made={"tab": list(moments.values())}, given_up={})
    ledger.given_up |= {moments[name]: moments.get(by) if name != by else None for name in given_up}
    audit = Audit()
    audit_moves(audit, ledger, [datetime.fromisoformat(moments[name]) for name in landed])
    seen = [name for name in ("lost", "doubled", "reordered", "haunting") if getattr(audit, name)]
    assert seen == ([found] if found else [])
    assert audit.clean is (found is None)
