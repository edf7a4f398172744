"""Two sessions, the version they taught and a list it ranked; nothing kept from test to test."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from ranking.services import serving
from ranking.services.candidates import forget_catalogues
from ranking.services.orders import forget_orders
from tests import factories, trainings
from tests.pages import logged_in


@pytest.fixture(autouse=True)
def _nothing_remembered():
    """Rows get the same ids anew in each test: nothing kept by id may outlive one."""
    cache.clear()
    serving.forget_rankers()
    forget_orders()
    forget_catalogues()


@pytest.fixture
def project():
    return factories.make_project()


@pytest.fixture
def sessions(project):
    experts = [factories.make_expert(name) for name in ("edda-secret", "emil-secret")]
    autumn = factories.make_closed_session(project, experts, title="Autumn round", slates_per_expert=6)
    spring = factories.make_closed_session(project, experts[:1], title="Spring round", simulated=True)
    return autumn, spring


@pytest.fixture
def query(project):
    """A need of Harbour, the reader's organisation."""
    return factories.queries_of(project, "Harbour")[0]


@pytest.fixture
def version(project, sessions, query):
    """Version 1, in service: Autumn wants cheap ones, Spring wants old ones a little."""
    serving.serve(query)
    autumn, spring = sessions
    made = trainings.make_taught_version(project, {autumn: ("fee", -2.0), spring: ("age", 0.4)})
    trainings.promote(made)
    return made


@pytest.fixture
def ranking(version, query):
    return serving.serve(query)


@pytest.fixture
def admin(project):
    return logged_in(factories.make_admin())


@pytest.fixture
def reader(project):
    return logged_in(factories.make_reader())
