"""The admin, two experts and the project of the pages for admins; nothing kept from test to test."""

from __future__ import annotations

import pytest
from django.test import Client

from ranking.services import orders, serving
from ranking.services.candidates import forget_catalogues
from tests import factories


@pytest.fixture(autouse=True)
def nothing_remembered():
    """Models and orders are kept per process by checksum and id; a test must not see another one's."""
    yield
    serving.forget_rankers()
    orders.forget_orders()
    forget_catalogues()


@pytest.fixture
def project(db):
    return factories.make_project()


@pytest.fixture
def admin(db):
    client = Client()
    client.force_login(factories.make_admin())
    return client


@pytest.fixture
def edda(db):
    return factories.make_expert("edda")


@pytest.fixture
def egon(db):
    return factories.make_expert("egon")
