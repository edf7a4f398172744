"""The admin, the project and a version to put in service; nothing kept from test to test."""

from __future__ import annotations

import pytest

from tests import factories, trainings
from tests.pages import logged_in


@pytest.fixture(autouse=True)
def _nothing_remembered(nothing_remembered):
    """Every test here serves lists."""


@pytest.fixture
def project(db):
    return factories.make_project()


@pytest.fixture
def admin(project):
    return logged_in(factories.make_admin())


@pytest.fixture
def challenger(project):
    """A version that is not in service: it sorts by the fee, cheapest first."""
    return trainings.make_version(project)
