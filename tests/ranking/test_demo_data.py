"""The demo's data: made by its generator, described without a mistake, and as skewed as the real ones."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ranking.description import read_description

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "fixtures" / "advisers"
SEC = ROOT.parent / "shared" / "data" / "sec_form_adv" / "ia_sec_advisers.csv"
DATA = ("advisers.csv", "mandates.csv", "labels.csv")


@pytest.fixture(scope="module")
def advisers():
    return pd.read_csv(FOLDER / "advisers.csv", keep_default_na=False)


@pytest.fixture(scope="module")
def mandates():
    return pd.read_csv(FOLDER / "mandates.csv", keep_default_na=False)


@pytest.fixture(scope="module")
def labels():
    return pd.read_csv(FOLDER / "labels.csv")


def test_the_generator_rebuilds_the_committed_files_byte_for_byte(tmp_path):
    command = [sys.executable, str(ROOT / "fixtures" / "make_advisers.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    for name in DATA:
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


def test_the_committed_files_are_modest():
    assert all((FOLDER / name).stat().st_size < 2**20 for name in DATA)


def test_the_description_covers_every_column_of_the_files(advisers, mandates):
    description = read_description(FOLDER)
    assert set(description.item.names) == set(advisers.columns)
    assert set(description.query.names) == set(mandates.columns)
    assert len(description.features) >= 20
    assert [rule.name for rule in description.rules] == ["territory", "licence", "minimum_assets", "conflict"]
    assert description.sort == (("assets", "descending"),)


def test_there_are_2000_advisers_with_names_of_their_own(advisers):
    assert len(advisers) == 2000
    assert advisers["adviser_id"].is_unique
    assert advisers["name"].is_unique


def test_sixty_mandates_belong_to_six_organisations(mandates):
    assert mandates.groupby("organisation").size().tolist() == [10] * 6
    assert mandates["title"].is_unique


def test_assets_are_as_skewed_as_real_ones(advisers):
    assets = pd.to_numeric(advisers["assets"])
    known = assets[assets > 0]
    assert 0.3e9 < known.median() < 0.5e9
    assert 50e9 < known.quantile(0.99) < 300e9
    assert 0.01 < (assets == 0).mean() < 0.05
    assert 0.005 < assets.isna().mean() < 0.03
    employees = pd.to_numeric(advisers["employees"])[known.index]
    assert 0.6 < np.corrcoef(np.log(known), np.log(employees))[0, 1] < 0.85


def test_every_mandate_has_25_to_40_graded_advisers(labels):
    sizes = labels.groupby("mandate_id").size()
    assert len(sizes) == 60
    assert sizes.between(25, 40).all()
    assert set(labels["grade"]) == {0, 1, 2, 3, 4}
    assert not labels.duplicated(["mandate_id", "adviser_id"]).any()


def test_the_history_saw_and_favoured_the_large(advisers, labels):
    known = labels.merge(advisers, on="adviser_id")
    assets = np.log(pd.to_numeric(known["assets"]))
    assert assets.median() > np.log(pd.to_numeric(advisers["assets"]).median()) + 1
    within = pd.DataFrame({"grade": known["grade"], "assets": assets}).groupby(known["mandate_id"])
    assert within.corr(method="spearman").xs("grade", level=1)["assets"].mean() > 0.25


@pytest.mark.skipif(not SEC.exists(), reason="the SEC's file is not beside the repository")
def test_no_made_up_adviser_bears_the_name_of_a_real_one(advisers):
    real = pd.read_csv(SEC, dtype=str, keep_default_na=False)
    stems = (
        advisers["name"]
        .str.split()
        .map(lambda words: " ".join(words[: 3 if "&" in words else 1]))
        .str.upper()
    )
    taken = set()
    for column in ("Primary Business Name", "Legal Name"):
        words = real[column].str.upper().str.replace(r"[^A-Z& ]", "", regex=True).str.split()
        taken |= {word for parts in words for word in parts}
        taken |= {" ".join(parts[:3]) for parts in words}
    assert sorted(set(stems) & taken) == []
