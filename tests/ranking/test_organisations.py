"""Whose a need is: a name is one organisation, however it is written, and never another one's."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ranking.models import Organisation, Query
from ranking.services import catalog
from ranking.services.catalog_rows import organisation_slug
from tests import factories
from tests.ranking.folders import write_rows

pytestmark = pytest.mark.django_db

give_whole_slugs = import_module("ranking.migrations.0006_whole_slugs").give_whole_slugs

LONG = "International Brotherhood of Electrical Workers Local {} Pension Fund"


@pytest.fixture
def project():
    return factories.make_project()


def import_needs(project, folder, *clients):
    """Import a need of each client, and return them."""
    rest = {"size": "1000", "least_assets": "", "states": "CA", "style": "growth", "brief": "b"}
    rows = [{"id": f"N{n}", "title": f"Need {n}", "client": name, **rest} for n, name in enumerate(clients)]
    write_rows(folder / "needs.csv", rows)
    catalog.import_queries(project, folder / "needs.csv")
    return list(Query.objects.filter(key__startswith="N").select_related("organisation").order_by("key"))


def test_needs_that_have_not_changed_are_compared_in_one_read(project, tmp_path):
    names = [f"Client {n}" for n in range(20)]
    import_needs(project, tmp_path, *names)
    with CaptureQueriesContext(connection) as asked:
        assert catalog.import_queries(project, tmp_path / "needs.csv").of("queries").unchanged == 20
    reads = [query["sql"] for query in asked if 'FROM "ranking_organisation"' in query["sql"]]
    assert len(reads) == 1


SAME = [
    ("Tallgrass & Tide", "tallgrass  tide"),
    ("Foo, Inc.", "FOO INC"),
    ("O\u2019Neil", "O'Neil"),
    ("Банк 1", "БАНК  1."),
    ("Société Générale", "SOCIE\u0301TE\u0301 GE\u0301NE\u0301RALE"),
    (LONG.format(103), LONG.format("103,").upper()),
]


@pytest.mark.parametrize(("name", "other"), SAME)
def test_case_punctuation_and_white_space_tell_no_organisations_apart(project, tmp_path, name, other):
    one, two = import_needs(project, tmp_path, name, other)
    assert one.organisation == two.organisation


DIFFERENT = [
    (LONG.format(103), LONG.format(134)),
    ("Банк 1", "Фонд 1"),
    ("草原基金", "草原"),
    ("कि", "का"),
    ("Bär", "Bar"),
    ("C++ Capital", "C Capital"),
    ("🏦", "💰"),
]


@pytest.mark.parametrize(("name", "other"), DIFFERENT)
def test_a_reader_sees_no_need_of_an_organisation_with_a_name_much_alike(project, tmp_path, name, other):
    mine, theirs = import_needs(project, tmp_path, name, other)
    reader = factories.make_reader()
    reader.member.organisation = mine.organisation
    reader.member.save()
    client = factories.api_client(reader)
    assert client.get(f"/api/v1/queries/{mine.pk}/").status_code == 200
    assert client.get(f"/api/v1/queries/{theirs.pk}/").status_code == 404
    assert client.get(f"/api/v1/queries/{theirs.pk}/ranking/").status_code == 404
    assert (mine.organisation.name, theirs.organisation.name) == (name, other)


def test_a_slug_has_a_hash_only_where_it_would_lose_something():
    assert organisation_slug("Tallgrass & Tide") == "tallgrass-tide"
    assert organisation_slug("草原基金").startswith("organisation-")
    assert organisation_slug("C++ Capital").startswith("c-capital-")
    assert len(organisation_slug(LONG)) == 50


@pytest.mark.parametrize(
    ("slug", "name", "other"),
    [
        ("international-brotherhood-of-electrical-workers-lo", LONG.format(103), LONG.format(134)),
        ("1", "Банк 1", "1"),
        ("organisation-dee7345cd41d", "Банк", "Фонд"),
    ],
)
def test_an_organisation_of_before_is_found_by_its_whole_name_and_by_no_other(
    project, tmp_path, slug, name, other
):
    """Its slug had less than its name in it: others were taken for it, and are parted on coming again."""
    before = Organisation.objects.create(slug=slug, name=name)
    give_whole_slugs(apps, None)
    for _ in range(2):
        mine, theirs, again = import_needs(project, tmp_path, name, other, name.upper())
        assert (mine.organisation, again.organisation) == (before, before)
        assert theirs.organisation.name == other
        assert Organisation.objects.count() == 3 + 2  # those of the project, and these


@pytest.mark.parametrize("name", ["Harbour & Sons", "Hárbour", "Harbour +", "Harbour 草原"])
def test_an_organisation_that_was_named_anew_is_found_by_its_slug(project, tmp_path, name):
    harbour = Organisation.objects.get(slug="harbour")
    harbour.name = name
    harbour.save()
    (need,) = import_needs(project, tmp_path, "Harbour")
    assert need.organisation == harbour
