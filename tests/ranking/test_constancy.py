"""A feature that is the same for every pair is named when a project is loaded."""

from io import StringIO

import numpy as np
import pandas as pd
import pytest
from django.core.management import call_command

from ranking.errors import ImportRefused
from ranking.ltr.features import FeatureSpace, FeatureSpec
from ranking.ltr.features.constancy import MOST_QUERIES, SAMPLED_ITEMS, constant_features
from ranking.models import Project
from ranking.services import catalog
from ranking.services.catalog import Options, load_project
from tests.ranking.folders import CARD_ROWS, replace_in_description, small

pytestmark = pytest.mark.django_db

WHOLE = (
    'name = "{}"\nlabel = "Wish"\nkind = "overlap"\nitem_field = "about"\nquery_field = "wish"\nwords = {}'
)
GIVEN = 'name = "bm25"\nlabel = "Search score"\nkind = "given"'


def notes(report):
    return [note for note in report.notes if note.startswith("feature ")]


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_constant_feature_is_named_with_its_value(tmp_path, dry_run):
    small(tmp_path, WHOLE.format("whole", "false"), WHOLE.format("words", "true"))
    report = load_project(tmp_path, Options(dry_run=dry_run))
    assert notes(report) == ["feature whole: is 0 % for every card and every need, so it tells none apart"]
    assert Project.objects.exists() is not dry_run


def test_the_command_tells_of_constant_features(tmp_path):
    small(tmp_path, 'name = "same"\nlabel = "Same"\nkind = "categorical"\nside = "query"\nfield = "wish"')
    (tmp_path / "needs.csv").write_text("key,title,wish\nq1,First,red\nq2,Second,red\n")
    out = StringIO()
    call_command("load_project", str(tmp_path), stdout=out)
    assert "feature same: is red for every need, so it tells none apart" in out.getvalue()


def test_a_field_that_is_missing_everywhere_or_has_one_value_at_most_is_named(tmp_path):
    about = 'name = "about"\nlabel = "About"\nkind = "categorical"\nfield = "about"'
    small(tmp_path, about)
    (tmp_path / "cards.csv").write_text("key,title,price,about\na,Blue,1,\nb,Red,2,\n")
    assert notes(load_project(tmp_path)) == [
        "feature about: is missing for every card, so it tells none apart"
    ]
    (tmp_path / "cards.csv").write_text("key,title,price,about\na,Blue,1,x\nb,Red,2,\n")
    assert notes(load_project(tmp_path)) == [
        "feature about: is x for every card that has a value, and missing for the others"
    ]


def test_where_all_features_are_constant_nothing_is_written_and_each_is_named(tmp_path):
    small(tmp_path, WHOLE.format("whole", "false"))
    (tmp_path / "cards.csv").write_text(CARD_ROWS.replace(",2,", ",1,"))
    with pytest.raises(ImportRefused) as caught:
        load_project(tmp_path)
    assert [str(refusal) for refusal in caught.value.refusals] == [
        "project.toml, features: price: is 1 for every card, so it tells none apart",
        "project.toml, features: whole: is 0 % for every card and every need, so it tells none apart",
    ]
    assert not Project.objects.exists()


def test_given_values_that_have_not_come_are_waited_for(tmp_path):
    small(tmp_path, GIVEN)
    replace_in_description(
        tmp_path, '[[features]]\nname = "price"\nlabel = "Price"\nkind = "numeric"\nfield = "price"\n', ""
    )
    replace_in_description(tmp_path, 'feature = "price"', 'feature = "bm25"')
    (waited,) = notes(load_project(tmp_path))
    assert waited.startswith("feature bm25: has no value yet")
    (tmp_path / "given.csv").write_text("query,item,bm25\nq1,a,2\nq1,b,2\n")
    (constant,) = notes(catalog.import_given(Project.objects.get(), tmp_path / "given.csv"))
    assert constant == (
        "feature bm25: is 2 for every card and every need that has a value, and missing for the others"
    )
    (tmp_path / "given.csv").write_text("query,item,bm25\nq1,a,2\nq1,b,3\n")
    assert notes(catalog.import_given(Project.objects.get(), tmp_path / "given.csv")) == []


def test_a_lone_card_varies_in_nothing_and_is_taken(tmp_path):
    small(tmp_path)
    (tmp_path / "cards.csv").write_text(CARD_ROWS.splitlines()[0] + "\na,Blue,1,x\n")
    assert notes(load_project(tmp_path)) == []


def test_what_varies_only_outside_the_sample_is_not_constant():
    n = 20 * SAMPLED_ITEMS
    prices = np.ones(n)
    prices[1] = 2.0
    items = pd.DataFrame({"price": prices, "place": "here"})
    queries = [{"place": "here"}] * (2 * MOST_QUERIES)
    specs = [
        FeatureSpec("price", "numeric", field="price"),
        FeatureSpec("place", "equal", item_field="place", query_field="place"),
    ]
    space = FeatureSpace.fit(specs, items, pd.DataFrame(queries))
    found = constant_features(space, items, queries)
    assert {name: (seen.low, seen.lacks_some) for name, seen in found.items()} == {"place": (1.0, False)}
