"""The stairs hold: every import contract is kept, and catches what it is there to catch."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.deployment import ROOT

PACKAGES = ("config", "feedback", "ranking")
CONTRACTS = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
]
APPS, RANKING, FEEDBACK, PURE, LIGHTGBM, SERIALIZERS = CONTRACTS

PLANTED = [
    (APPS, "ranking/services/serving.py", "import feedback.models"),
    (APPS, "ranking/models/catalogue.py", "import feedback.errors"),
    (APPS, "feedback/services/sessions.py", "import config.settings"),
    (RANKING, "ranking/services/serving.py", "import ranking.tasks"),
    (RANKING, "ranking/models/serving.py", "import ranking.services.serving"),
    (RANKING, "ranking/ltr/metrics.py", "import ranking.formats"),
    (RANKING, "ranking/helpers.py", "x = 1"),
    (FEEDBACK, "feedback/services/judging.py", "import feedback.tasks"),
    (FEEDBACK, "feedback/models/sessions.py", "import feedback.services.sessions"),
    (FEEDBACK, "feedback/helpers.py", "x = 1"),
    (PURE, "ranking/ltr/metrics.py", "import django.db"),
    (PURE, "ranking/rules.py", "import rest_framework"),
    (PURE, "feedback/preferences.py", "import celery"),
    (LIGHTGBM, "ranking/services/serving.py", "import lightgbm"),
    (LIGHTGBM, "feedback/services/learning.py", "def load():\n    import lightgbm"),
    (SERIALIZERS, "ranking/serializers/base.py", "import ranking.services.serving"),
    (SERIALIZERS, "feedback/serializers/base.py", "import ranking.tasks"),
]


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts over a tree."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def copied_tree(tmp_path):
    """A copy of what the contracts look at, in which things may be planted."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            tmp_path / package,
            ignore=lambda folder, names: [
                name for name in names if not (Path(folder) / name).is_dir() and not name.endswith(".py")
            ],
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert f"{len(CONTRACTS)} kept, 0 broken" in done.stdout


@pytest.mark.parametrize(("contract", "file", "line"), PLANTED)
def test_a_planted_violation_is_caught(copied_tree, contract, file, line):
    with open(copied_tree / file, "a", encoding="utf-8") as module:
        module.write(f"\n{line}\n")
    done = lint(copied_tree)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout


def test_a_violation_of_each_contract_is_planted():
    assert {contract for contract, _, _ in PLANTED} == set(CONTRACTS)
