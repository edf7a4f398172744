"""The lock files hold what pyproject.toml asks for: an installation reads nothing else."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.deployment import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKED = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
EXTRAS = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}


def asked(extra: str) -> set[str]:
    return {Requirement(line).name.lower() for line in EXTRAS[extra]}


@pytest.mark.parametrize("extra", EXTRAS)
def test_uv_lock_installs_what_each_extra_asks_for(extra):
    (own,) = [package for package in LOCKED if package["name"] == PROJECT["name"]]
    listed = own["optional-dependencies"][extra] if extra else own["dependencies"]
    assert {package["name"] for package in listed} == asked(extra)


def test_requirements_lock_pins_the_versions_of_uv_lock():
    text = (ROOT / "requirements.lock").read_text()
    pinned = dict(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s;]+)", text, re.M))
    locked = {package["name"]: package["version"] for package in LOCKED}
    assert set().union(*map(asked, EXTRAS)) <= set(pinned)
    assert pinned == {name: locked[name] for name in pinned}
