"""The two experts that tests of the upper app ask, of whom one hands over to the other."""

from __future__ import annotations

import pytest

from tests import factories


@pytest.fixture
def edda(db):
    return factories.make_expert("edda")


@pytest.fixture
def emil(db):
    return factories.make_expert("emil")
