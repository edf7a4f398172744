"""Features are fitted when they are declared; later data add categories and move nothing."""

import numpy as np
import pytest

from ranking.errors import ImportRefused
from ranking.ltr.features import FeatureSpace
from ranking.models import FeatureSet, Item, Project
from ranking.services.candidates import (
    candidates,
    current_feature_set,
    description_of,
    feature_definition,
    misread,
    space_of,
)
from ranking.services.catalog import load_project
from ranking.services.fitting import prepare
from ranking.services.training_sets import freeze_labels
from ranking.services.versions import current_champion
from ranking.services.words import FeatureWords
from tests import factories, trainings
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


def test_codes_and_words_stay_when_another_feature_is_declared_anew(folder):
    load_project(folder)
    first = space_of(FeatureSet.objects.get())
    change(folder, "advisers", "A0002", ownership="a cooperative", focus="Words never seen before")
    load_project(folder)
    replace_in_description(folder, 'label = "People"\nkind', 'label = "Staff"\nkind')
    change(folder, "advisers", "A0003", ownership="an alliance")
    load_project(folder)
    project = Project.objects.get()
    later = space_of(current_feature_set(project))
    assert later.categories["ownership"] == (
        *first.categories["ownership"],
        "a cooperative",
        "an alliance",
    )
    assert later.texts == first.texts
    assert misread(current_champion(project), later) == ()


def test_a_feature_that_the_version_in_service_reads_can_not_come_to_mean_something_else(folder):
    load_project(folder)
    replace_in_description(folder, 'field = "clients"\ntransform = "log1p"', 'field = "clients"')
    load_project(folder)  # the sorting rule does not look at clients
    replace_in_description(folder, 'field = "assets"\ntransform = "log1p"', 'field = "assets"')
    with pytest.raises(ImportRefused, match=r"features: assets: version 0 is in service and reads it as it"):
        load_project(folder)
    replace_in_description(folder, 'field = "assets"', 'field = "assets"\ntransform = "log1p"')
    project = Project.objects.get()
    trainings.promote(trainings.make_version(project, sort="assets"))
    replace_in_description(folder, 'field = "employees"\ntransform = "log1p"', 'field = "employees"')
    with pytest.raises(ImportRefused, match=r"features: employees: version 1 is in service and reads it"):
        load_project(folder)


def test_features_that_the_version_in_service_would_misread_are_fitted_anew_as_it_reads_them():
    project = factories.make_project()
    champion = trainings.make_version(project)
    trainings.promote(champion)
    own = space_of(champion.feature_set)
    moved = FeatureSpace(own.specs, {**own.categories, "style": own.categories["style"][::-1]}, own.texts)
    factories.store_features(project, moved)
    assert misread(champion, space_of(current_feature_set(project))) == ("style",)
    assert any("features fitted" in note for note in prepare(project, lambda *_: None))
    assert misread(champion, space_of(current_feature_set(project))) == ()


def test_the_same_rows_under_another_direction_of_a_feature_are_another_training_set():
    project = factories.make_project()
    first = freeze_labels(project)
    assert freeze_labels(project) == first
    project.description["features"][0]["monotone"] = 1
    project.save()
    prepare(project, lambda *_: None)
    again = freeze_labels(project)
    assert (again.rows_sha256, again != first) == (first.rows_sha256, True)
    assert space_of(again.feature_set).monotone["assets"] == 1
