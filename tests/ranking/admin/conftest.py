"""The admin, the project and a version to put in service; nothing kept from test to test."""

from __future__ import annotations

import pytest
from django.test import Client

from ranking.services import orders, serving
from ranking.services.candidates import forget_catalogues
from tests import factories, trainings


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
def admin(project):
    client = Client()
    client.force_login(factories.make_admin())
    return client


@pytest.fixture
def challenger(project):
    """A version that is not in service: it sorts by the fee, cheapest first."""
    return trainings.make_version(project)
