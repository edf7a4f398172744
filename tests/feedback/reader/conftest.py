"""A small project with a reader, a foreign need and a list that moved; nothing kept from test to test."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from ranking.models import Project, Query, Ranking
from ranking.services import serving
from tests import factories, trainings
from tests.pages import logged_in


@pytest.fixture(autouse=True)
def _fresh_caches() -> None:
    """Rows get the same ids anew in each test: nothing kept by id may outlive one."""
    cache.clear()
    serving.forget_rankers()


@pytest.fixture
def project() -> Project:
    return factories.make_project(items=40, queries=6)


@pytest.fixture
def query(project: Project) -> Query:
    """A need of Harbour, the reader's organisation."""
    return factories.queries_of(project, "Harbour")[0]


@pytest.fixture
def foreign(project: Project) -> Query:
    return factories.queries_of(project, "Meadow")[0]


@pytest.fixture
def reader(project: Project) -> Client:
    return logged_in(factories.make_reader())


@pytest.fixture
def admin(project: Project) -> Client:
    return logged_in(factories.make_admin())


@pytest.fixture
def moved(project: Project, query: Query) -> tuple[Ranking, Ranking]:
    """The list of version 0, and that of version 1."""
    before = serving.serve(query)
    trainings.promote(trainings.make_version(project))
    return before, serving.serve(query)
