"""A title that is longer than a page shows is cut for display, and kept whole."""

import csv
import io
import unicodedata

import pytest
from django.urls import reverse

from ranking.cards import card_of
from ranking.errors import ImportRefused
from ranking.formats import LONGEST_SHOWN, shortened
from ranking.importers.tables import LONGEST_TITLE
from ranking.models import Item, Project, Query
from ranking.services import serving
from ranking.services.candidates import description_of
from ranking.services.catalog import load_project
from tests import factories
from tests.ranking.folders import small

pytestmark = pytest.mark.django_db

WORD = "Pneumonoultramicroscopic" * 17


@pytest.fixture
def titled(tmp_path):
    small(tmp_path)
    (tmp_path / "cards.csv").write_text(f"key,title,price,about\na,{WORD},1,x\nb,Red card,2,y\n")
    (tmp_path / "needs.csv").write_text(f"key,title,wish\nq1,{WORD},a card\nq2,Second,a card\n")
    return tmp_path


def test_a_long_title_is_taken_shown_cut_and_kept_whole(titled):
    load_project(titled)
    item = Item.objects.select_related("current").get(key="a")
    assert (len(item.title), item.title[-1]) == (LONGEST_SHOWN, "…")
    assert item.current.content["title"] == WORD
    assert Query.objects.get(key="q1").title == item.title
    card = card_of(description_of(Project.objects.get()).item, item.current.content)
    assert (card.title, card.whole) == (item.title, WORD)
    assert (card.more[0].label, card.more[0].value) == ("Title", WORD)
    assert load_project(titled).of("items").unchanged == 2


def test_a_short_title_stands_alone(titled):
    load_project(titled)
    content = Item.objects.get(key="b").current.content
    card = card_of(description_of(Project.objects.get()).item, content)
    assert (card.title, card.whole) == ("Red card", "Red card")
    assert "title" not in {fact.name for fact in card.more}


def test_the_api_and_the_file_of_a_list_have_the_whole_title(titled, client):
    load_project(titled)
    serving.serve(Query.objects.select_related("project").get(key="q1"))
    api = factories.api_client(factories.make_admin())
    query = Query.objects.get(key="q1")
    assert api.get(f"/api/v1/queries/{query.pk}/").json()["title"] == WORD
    client.force_login(factories.make_admin("adam"))
    answer = client.get(reverse("feedback:export_matches", args=[query.pk]))
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0]["Title"] == WORD


def test_a_title_that_is_surely_another_column_is_refused_by_line(titled):
    text = "x" * (LONGEST_TITLE + 1)
    (titled / "cards.csv").write_text(f"key,title,price,about\na,{text},1,x\nb,Red card,2,y\n")
    with pytest.raises(ImportRefused, match=r"cards\.csv, line 2, title: expected a title of 1 to 2,000"):
        load_project(titled)


@pytest.mark.parametrize("text", ["word " * 60, "नमस्ते" * 60, "e\u0301" * 200, "👩\u200d🚀" * 90])
def test_a_title_is_cut_between_characters_and_at_a_blank_where_it_can_be(text):
    cut = shortened(text)
    kept = cut.removesuffix("…")
    assert len(cut) <= LONGEST_SHOWN
    assert text.startswith(kept)
    following = text[len(kept)]
    assert unicodedata.category(following)[0] != "M"
    assert "\u200d" not in (following, kept[-1])
