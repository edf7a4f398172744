"""Features are fitted when they are declared; later data add categories and move nothing."""

import numpy as np
import pytest

from ranking.errors import ImportRefused
from ranking.models import FeatureSet, Item, Project
from ranking.services.candidates import (
    candidates,
    current_feature_set,
    description_of,
    feature_definition,
    space_of,
)
from ranking.services.catalog import load_project
from ranking.services.versions import current_champion
from ranking.services.words import FeatureWords
from tests.ranking.folders import change, replace_in_description

pytestmark = pytest.mark.django_db


def test_fitted_features_stay_when_only_data_change_and_are_fitted_anew_when_declared_anew(folder):
    load_project(folder)
    first = FeatureSet.objects.get()
    change(folder, "advisers", "A0002", focus="Words never seen before")
    load_project(folder)
    assert FeatureSet.objects.get() == first
    replace_in_description(folder, 'label = "People"\nkind', 'label = "Staff"\nkind')
    report = load_project(folder)
    assert "23 features fitted" in report.notes
    project = Project.objects.get()
    assert current_feature_set(project) != first
    assert current_champion(project).feature_set == first, "an old version keeps its own features"
    replace_in_description(folder, 'label = "Staff"\nkind', 'label = "People"\nkind')
    load_project(folder)
    assert current_feature_set(Project.objects.get()).definition_sha256 == first.definition_sha256
    assert FeatureSet.objects.filter(definition_sha256=feature_definition(Project.objects.get())).exists()


def test_a_category_that_comes_up_later_is_named_and_known_to_later_versions(folder):
    load_project(folder)
    first = FeatureSet.objects.get()
    before = space_of(first).categories["ownership"]
    change(folder, "advisers", "A0002", ownership="a cooperative")
    report = load_project(folder)
    (note,) = report.notes
    assert note.startswith("Owned by: a cooperative came up since")
    project = Project.objects.get()
    later = current_feature_set(project)
    assert later != first
    assert space_of(later).categories["ownership"] == (*before, "a cooperative")
    assert current_champion(project).feature_set == first
    query = project.queries.first()
    tables = [candidates(query, features).features for features in (first, later)]
    place = [int(pk) for pk in candidates(query, later).version_ids].index(
        Item.objects.get(key="A0002").current_id
    )
    then, now = (table["ownership"].to_numpy() for table in tables)
    assert (np.isnan(then[place]), now[place]) == (True, len(before))
    others = np.arange(len(now)) != place
    assert np.array_equal(then[others], now[others], equal_nan=True), "codes keep their meaning"
    assert load_project(folder).notes == ()
    assert current_feature_set(project) == later
    dropped = FeatureWords.of(space_of(first), description_of(project))
    assert dropped.value("ownership", float("nan")) == "not reported, or new to this version"


def test_a_feature_that_the_version_in_service_needs_can_not_be_taken_away(folder):
    load_project(folder)
    text = (folder / "project.toml").read_text()
    start = text.index('[[features]]\nname = "growth"')
    end = text.index("[[features]]", start + 1)
    (folder / "project.toml").write_text(text[:start] + text[end:])
    with pytest.raises(ImportRefused, match=r"features: growth: version 0 is in service and needs it"):
        load_project(folder)
    assert "growth" in str(Project.objects.get().description["features"])
