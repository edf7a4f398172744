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
from ranking.services.catalog import import_queries, load_project
from ranking.services.fitting import prepare
from ranking.services.training_sets import freeze_labels
from ranking.services.versions import current_champion
from ranking.services.words import FeatureWords
from tests import factories, trainings
from tests.ranking.folders import change, replace_in_description, rows_of, write_rows

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
    assert any(note.startswith("Owned by: a cooperative came up since") for note in report.notes)
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
    with pytest.raises(ImportRefused, match=r"features: growth: version 0 is in service and has it"):
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


def test_stop_words_that_the_version_in_service_leaves_out_are_to_be_declared(folder):
    load_project(folder)
    trainings.promote(trainings.make_version(Project.objects.get(), sort="assets"))
    replace_in_description(folder, 'stop_words = "english"', 'stop_words = "none"')
    with pytest.raises(
        ImportRefused, match=r"focus.*: version 1 is .* stop_words = \"english\": declare that"
    ):
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


def test_the_year_of_an_age_that_is_in_service_stays_and_another_one_is_added(folder):
    load_project(folder)
    project = Project.objects.get()
    trainings.promote(trainings.make_version(project, sort="assets"))
    replace_in_description(folder, "reference_year = 2025", "reference_year = 2026")
    with pytest.raises(ImportRefused, match=r"features: age: version 1 .* give it reference_year = 2025"):
        load_project(folder)
    text = (folder / "project.toml").read_text()
    ages = [part for part in text.split("[[features]]") if 'transform = "age"' in part]
    for age in ages:
        kept = age.replace('transform = "age"', 'transform = "age"\nreference_year = 2025', 1)
        added = age.replace('name = "', 'name = "new_', 1)
        replace_in_description(folder, age, f"{kept}[[features]]{added}")
    load_project(folder)
    project = Project.objects.get()
    table = candidates(project.queries.first(), current_feature_set(project)).features
    assert (table["new_age"] - table["age"]).dropna().unique().tolist() == [1.0]
    assert misread(current_champion(project), space_of(current_feature_set(project))) == ()
    assert description_of(project).feature("age").reference_year == 2025


def _add_a_field_of_needs(folder):
    """Declare a field of mandates and a feature that reads it, and give no file of mandates."""
    field = '[[query.fields]]\nname = "horizon"\nlabel = "Horizon"\ntype = "number"\n\n'
    feature = '[[features]]\nname = "horizon"\nlabel = "Horizon"\nkind = "numeric"\nside = "query"\n'
    replace_in_description(folder, "[[query.fields]]", f"{field}[[query.fields]]")
    replace_in_description(folder, "[[features]]", f'{feature}field = "horizon"\n\n[[features]]')
    text = (folder / "project.toml").read_text().splitlines()
    kept = [line for line in text if not line.startswith(("queries = ", "labels = "))]
    (folder / "project.toml").write_text("\n".join(kept))


def test_features_of_needs_wait_for_the_needs_and_are_missing_where_one_has_none(folder):
    load_project(folder)
    first = FeatureSet.objects.get()
    _add_a_field_of_needs(folder)
    assert load_project(folder).notes[-1] == "import the mandates again: they have no horizon yet"
    project = Project.objects.get()
    assert current_feature_set(project) == first
    rows = rows_of(folder / "mandates.csv")
    write_rows(folder / "mandates.csv", [{**row, "horizon": "5"} for row in rows[:-1]])
    import_queries(project, folder / "mandates.csv")
    fitted = current_feature_set(project)
    assert "horizon" in fitted.columns
    old, new = (project.queries.get(key=rows[at]["mandate_id"]) for at in (-1, 0))
    assert candidates(old, fitted).features["horizon"].isna().all()
    assert (candidates(new, fitted).features["horizon"] == 5).all()


def test_a_description_of_before_keeps_the_codes_that_came_up_since(folder):
    load_project(folder)
    replace_in_description(folder, 'label = "People"\nkind', 'label = "Staff"\nkind')
    change(folder, "advisers", "A0002", ownership="zebra")
    load_project(folder)
    trainings.promote(trainings.make_version(Project.objects.get(), sort="assets"))
    known = space_of(current_feature_set(Project.objects.get())).categories["ownership"]
    replace_in_description(folder, 'label = "Staff"\nkind', 'label = "People"\nkind')
    change(folder, "advisers", "A0003", ownership="apple")
    (note,) = [note for note in load_project(folder).notes if "came up" in note]
    assert note.startswith("Owned by: apple came up since")
    later = space_of(current_feature_set(Project.objects.get()))
    assert later.categories["ownership"] == (*known, "apple")


def test_a_load_says_that_the_version_in_service_reads_a_feature_otherwise(folder):
    load_project(folder)
    project = Project.objects.get()
    before = trainings.make_version(project, sort="clients")
    replace_in_description(folder, 'field = "clients"\ntransform = "log1p"', 'field = "clients"')
    assert "23 features fitted" in load_project(folder).notes
    trainings.promote(before)
    for _ in range(2):
        (note,) = load_project(folder).notes
        assert note.startswith("version 1, in service, reads clients otherwise: no training goes through")
    replace_in_description(folder, 'field = "clients"', 'field = "clients"\ntransform = "log1p"')
    assert not any("otherwise" in note for note in load_project(folder).notes)
