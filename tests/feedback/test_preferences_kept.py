"""Preferences are derived from judgements: nobody changes or deletes one by hand, and deriving goes on."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from feedback.models import Preference
from feedback.services.deriving import derive_preferences
from tests import factories

pytestmark = pytest.mark.django_db
SAID = ("judgement_id", "winner_id", "loser_id", "weight", "target", "origin", "shown_gap")


@pytest.fixture
def session():
    return factories.make_closed_session(
        factories.make_project(), [factories.make_expert()], slates_per_expert=4
    )


@pytest.mark.parametrize(
    "act",
    [
        lambda row: row.delete(),
        lambda row: Preference.objects.all().delete(),
        lambda row: Preference.objects.filter(pk=row.pk).update(weight=9),
        lambda row: connection.cursor().execute("DELETE FROM feedback_preference"),
        lambda row: connection.cursor().execute("UPDATE feedback_preference SET origin = 'kept'"),
        lambda row: connection.cursor().execute(
            "UPDATE feedback_preference SET replaced = replaced, weight = 2"
        ),
    ],
    ids=["one", "all", "weight", "delete in SQL", "update in SQL", "update beside the mark"],
)
def test_no_preference_is_changed_or_deleted_by_hand(session, act):
    before = list(Preference.objects.values())
    assert before
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        act(Preference.objects.first())
    assert list(Preference.objects.values()) == before


def test_the_back_door_of_operators_deletes_none(session, admin_user):
    client = Client()
    client.force_login(admin_user)
    row = Preference.objects.first()
    assert (
        client.post(reverse("admin:feedback_preference_delete", args=[row.pk]), {"post": "yes"}).status_code
        == 403
    )
    assert Preference.objects.filter(pk=row.pk).exists()


def test_a_session_is_derived_again_with_the_same_result(session):
    before = list(Preference.objects.values(*SAID))
    assert derive_preferences(session) == len(before)
    assert list(Preference.objects.values(*SAID)) == before
    assert not Preference.objects.filter(replaced=True).exists()
