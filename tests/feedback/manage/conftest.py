"""The admin, another expert and the project of the pages for admins; nothing kept from test to test."""

from __future__ import annotations

import pytest

from tests import factories
from tests.pages import logged_in


@pytest.fixture(autouse=True)
def _nothing_remembered(nothing_remembered):
    """Every test here serves lists."""


@pytest.fixture
def project(db):
    return factories.make_project()


@pytest.fixture
def admin(db):
    return logged_in(factories.make_admin())


@pytest.fixture
def egon(db):
    return factories.make_expert("egon")
