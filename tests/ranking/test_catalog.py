"""Loading a project: all of it or nothing, the same twice, and no history lost."""

import csv
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ranking.description import DescriptionError
from ranking.errors import ImportRefused
from ranking.models import (
    FeatureSet,
    GivenFeatures,
    Item,
    ItemVersion,
    Label,
    ModelVersion,
    Organisation,
    Project,
    Query,
)
from ranking.services import catalog, files, serving
from ranking.services.candidates import (
    forget_catalogues,
)
from ranking.services.catalog import LetorRequest, Options, load_project
from ranking.services.versions import current_champion
from tests.ranking.folders import (
    N_ITEMS,
    N_QUERIES,
    change,
    replace_in_description,
    rows_of,
    write_rows,
)
from tests.ranking.test_importers_form_adv import HEADINGS, ROW

ROOT = Path(__file__).parents[2]
SEC_ADVISERS = ROOT / "fixtures" / "sec_advisers"
SEC = ROOT.parent / "shared" / "data" / "sec_form_adv" / "ia_sec_advisers.csv"
MODELS = (Project, Item, ItemVersion, Query, Label, Organisation, FeatureSet, ModelVersion, GivenFeatures)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget():
    forget_catalogues()


def counts():
    return {model.__name__: model.objects.count() for model in MODELS}


def test_a_folder_is_loaded_with_its_rule_in_service(folder):
    report = load_project(folder)
    assert (report.of("items").new, report.of("queries").new) == (N_ITEMS, N_QUERIES)
    project = Project.objects.get(slug="advisers")
    assert current_champion(project).number == 0
    assert Organisation.objects.get().name == "Larkspur Asset Management"
    item = Item.objects.get(project=project, key="A0001")
    assert item.current.content["adviser_id"] == "A0001"
    assert isinstance(item.current.content["states_served"], list)
    assert Label.objects.count() == report.of("labels").new > 0
    ranking = serving.serve(project.queries.first())
    assets = [match.item_version.content["assets"] for match in ranking.matches.order_by("rank")[:10]]
    assert assets == sorted(assets, reverse=True)


def test_loading_again_changes_nothing_and_says_so(folder):
    load_project(folder)
    before = counts(), Project.objects.get().items_revision
    report = load_project(folder)
    assert [(c.new, c.changed, c.retired) for c in report.counts] == [(0, 0, 0)] * 3
    assert report.of("items").unchanged == N_ITEMS
    assert (counts(), Project.objects.get().items_revision) == before


def test_a_dry_run_reports_what_would_be_done_and_writes_nothing(folder):
    report = load_project(folder, Options(dry_run=True, retire=True))
    assert report.of("items").new == N_ITEMS
    assert report.dry_run
    assert not any(counts().values())


def test_a_changed_item_gets_a_version_more_and_keeps_the_old_one(folder):
    load_project(folder)
    project = Project.objects.get()
    old = Item.objects.get(key="A0002").current
    change(folder, "advisers", "A0002", employees="77", name="Renamed Wealth")
    report = load_project(folder)
    assert (report.of("items").changed, report.of("items").unchanged) == (1, N_ITEMS - 1)
    item = Item.objects.get(key="A0002")
    assert item.title == "Renamed Wealth"
    assert item.current.content["employees"] == 77
    assert list(item.versions.order_by("id")) == [old, item.current]
    assert Project.objects.get().items_revision == project.items_revision + 1


def test_a_content_that_comes_back_finds_its_old_version(folder):
    load_project(folder)
    first = Item.objects.get(key="A0002").current
    before = rows_of(folder / "advisers.csv")[1]
    change(folder, "advisers", "A0002", employees="77")
    load_project(folder)
    change(folder, "advisers", "A0002", employees=before["employees"])
    load_project(folder)
    item = Item.objects.get(key="A0002")
    assert item.current == first
    assert item.versions.count() == 2


def test_what_the_files_no_longer_hold_is_retired_and_may_come_back(folder):
    load_project(folder)
    rows = rows_of(folder / "advisers.csv")
    labels = [row for row in rows_of(folder / "labels.csv") if row["adviser_id"] != rows[0]["adviser_id"]]
    write_rows(folder / "labels.csv", labels)
    write_rows(folder / "advisers.csv", rows[1:])
    assert load_project(folder).of("items").retired == 1
    assert not Item.objects.get(key=rows[0]["adviser_id"]).active
    write_rows(folder / "advisers.csv", rows)
    report = load_project(folder)
    assert report.of("items").changed == 1
    assert Item.objects.get(key=rows[0]["adviser_id"]).active
    assert Item.objects.get(key=rows[0]["adviser_id"]).versions.count() == 1


@pytest.mark.parametrize(
    ("name", "alone"),
    [
        ("advisers", catalog.import_items),
        ("mandates", catalog.import_queries),
        ("labels", catalog.import_labels),
    ],
)
def test_a_file_without_a_row_that_would_retire_all_there_is_is_refused(folder, name, alone):
    project = Project.objects.get(slug=load_project(folder).project)
    files = ["advisers", "mandates", "labels"]
    for cut in files[files.index(name) :]:  # labels name items and mandates
        path = folder / f"{cut}.csv"
        path.write_text(path.read_text().splitlines()[0] + "\n")
    path = folder / f"{name}.csv"
    for act in (load_project, lambda _: alone(project, path, Options(retire=True))):
        with pytest.raises(ImportRefused, match=rf"{name}\.csv: expected at least one row"):
            act(folder)
    assert project.items.filter(active=True).count() == N_ITEMS
    assert project.queries.filter(active=True).count() == N_QUERIES
    assert Label.objects.exists()
    assert alone(project, path).counts[0].writes == 0  # nothing is retired: nothing is lost


def test_without_retiring_rows_that_are_not_in_the_file_stay(folder):
    load_project(folder)
    write_rows(folder / "labels.csv", rows_of(folder / "labels.csv")[:1])
    n = Label.objects.count()
    load_project(folder, Options(retire=False))
    assert Label.objects.count() == n
    assert load_project(folder).of("labels").retired == n - 1


def test_a_changed_label_and_query_are_replaced_in_place(folder):
    load_project(folder)
    rows = rows_of(folder / "labels.csv")
    rows[0]["grade"] = "3.5"
    write_rows(folder / "labels.csv", rows)
    change(folder, "mandates", "M001", title="Another title", organisation="Tallgrass & Tide")
    report = load_project(folder)
    assert (report.of("labels").changed, report.of("queries").changed) == (1, 1)
    label = Label.objects.get(query__key=rows[0]["mandate_id"], item__key=rows[0]["adviser_id"])
    assert label.grade == 3.5
    query = Query.objects.get(key="M001")
    assert (query.title, query.organisation.name) == ("Another title", "Tallgrass & Tide")
    assert query.content["title"] == "Another title"


BROKEN = [
    ("advisers", "A0005", {"assets": "plenty"}, "advisers.csv, line 6, assets"),
    ("mandates", "M002", {"allocation": "x"}, "mandates.csv, line 3, allocation"),
    ("labels", "M001", {"adviser_id": "A9999"}, "labels.csv, line 2, adviser_id"),
]


@pytest.mark.parametrize(("name", "key", "values", "place"), BROKEN)
@pytest.mark.parametrize("loaded", [False, True])
def test_one_bad_row_in_any_file_and_nothing_is_written(folder, name, key, values, place, loaded):
    if loaded:
        load_project(folder)
    before = counts(), Project.objects.values_list("items_revision", flat=True).first()
    change(folder, "advisers", "A0001", employees="77")  # good rows beside it
    change(folder, name, key, **values)
    with pytest.raises(ImportRefused) as caught:
        load_project(folder)
    assert str(caught.value.refusals[0]).startswith(place)
    assert (counts(), Project.objects.values_list("items_revision", flat=True).first()) == before


def test_mistakes_of_several_files_are_told_together(folder):
    change(folder, "advisers", "A0005", assets="plenty")
    change(folder, "mandates", "M002", allocation="x")
    with pytest.raises(ImportRefused) as caught:
        load_project(folder)
    assert {refusal.file for refusal in caught.value.refusals} == {"advisers.csv", "mandates.csv"}


def test_a_wrong_description_writes_nothing(folder):
    replace_in_description(folder, 'transform = "log1p"', 'transform = "log"')
    with pytest.raises(DescriptionError, match="did you mean 'log1p'"):
        load_project(folder)
    assert not Project.objects.exists()


def test_items_queries_and_labels_may_be_imported_file_by_file(folder):
    load_project(folder)
    project = Project.objects.get()
    change(folder, "advisers", "A0003", employees="5000")
    assert catalog.import_items(project, folder / "advisers.csv").of("items").changed == 1
    change(folder, "mandates", "M003", fee_limit_bp="50")
    assert catalog.import_queries(project, folder / "mandates.csv").of("queries").changed == 1
    assert catalog.import_labels(project, folder / "labels.csv").of("labels").new == 0
    (folder / "labels.csv").write_text("mandate_id,adviser_id,grade\nM001,A9999,1\n")
    with pytest.raises(ImportRefused, match="there is no adviser 'A9999'"):
        catalog.import_labels(project, folder / "labels.csv")


# --- Form ADV -----------------------------------------------------------------------------------------------
def form_adv_file(path, *changes):
    rows = [ROW | {"Organization CRD#": str(100 + n)} | row for n, row in enumerate(changes)]
    write_rows(path, [{name: row.get(name, "") for name in HEADINGS} for row in rows])
    return path


def test_form_adv_fills_a_described_project_and_a_bad_row_writes_nothing(tmp_path):
    assert "no advisers yet" in load_project(SEC_ADVISERS).notes
    project = Project.objects.get()
    assert not project.versions.exists()
    path = form_adv_file(tmp_path / "ia.csv", {}, {"Main Office State": "TX"}, {"5F(2)(c)": "9.00"})
    report = catalog.import_form_adv(project, path)
    assert report.of("items").new == 3
    assert current_champion(project).number == 0
    assert catalog.import_form_adv(project, path).of("items").unchanged == 3
    form_adv_file(path, {"5A": "31.0"}, {"Main Office State": "TX"}, {"5A": "several"})
    with pytest.raises(ImportRefused, match=r"ia\.csv, line 4, 5A"):
        catalog.import_form_adv(project, path)
    assert ItemVersion.objects.count() == 3


def test_form_adv_refuses_a_project_with_fields_it_does_not_give(folder, tmp_path):
    load_project(folder)
    path = form_adv_file(tmp_path / "ia.csv", {})
    with pytest.raises(ImportRefused, match="is no field of Form ADV"):
        catalog.import_form_adv(Project.objects.get(), path)


@pytest.mark.slow
@pytest.mark.skipif(not SEC.exists(), reason="the SEC's file is not beside the repository")
def test_the_real_file_loads_whole_twice_and_a_planted_bad_row_is_named(tmp_path):
    load_project(SEC_ADVISERS)
    project = Project.objects.get()
    assert catalog.import_form_adv(project, SEC).of("items").new == 16_475
    again = catalog.import_form_adv(project, SEC).of("items")
    assert (again.new, again.changed, again.unchanged) == (0, 0, 16_475)
    lines = SEC.read_text().splitlines(keepends=True)
    cells = next(csv.reader([lines[7_000]]))
    cells[12] = "about ten"
    out = StringIO()
    csv.writer(out).writerow(cells)
    lines[7_000] = out.getvalue()
    (tmp_path / "planted.csv").write_text("".join(lines))
    with pytest.raises(ImportRefused, match=r"planted\.csv, line 7001, 5A: expected a number"):
        catalog.import_form_adv(project, tmp_path / "planted.csv")
    assert ItemVersion.objects.count() == 16_475
    ranking = serving.serve(project.queries.get(key="S01"))
    assert ranking.matches.count() > 0


# --- LETOR --------------------------------------------------------------------------------------------------
LETOR = "2 qid:1 1:0.5 2:1 # docid = A\n0 qid:1 1:0.9 2:0 # docid = B\n1 qid:2 1:0.1 2:2 # docid = A\n"


def test_letor_becomes_a_project_that_is_served_by_its_given_features(tmp_path):
    (tmp_path / "train.txt").write_text(LETOR)
    request = LetorRequest(tmp_path / "train.txt", "mq", "MQ", sort_by="f2")
    report = catalog.import_letor(request)
    assert [str(c) for c in report.counts] == [
        "items: 2 new, 0 changed, 0 unchanged",
        "queries: 2 new, 0 changed, 0 unchanged",
        "labels: 3 new, 0 changed, 0 unchanged",
        "given features: 3 new, 0 changed, 0 unchanged",
    ]
    assert GivenFeatures.objects.get(query__key="2").values == {"f1": 0.1, "f2": 2.0}
    ranking = serving.serve(Query.objects.get(key="1"))
    assert [match.item_version.item.key for match in ranking.matches.order_by("rank")] == ["A", "B"]
    assert all(counts.writes == 0 for counts in catalog.import_letor(request).counts)
    (tmp_path / "train.txt").write_text(LETOR.replace("2:2", "2:3"))
    assert catalog.import_letor(request).of("given features").changed == 1


def test_a_malformed_letor_file_makes_no_project(tmp_path):
    (tmp_path / "train.txt").write_text(LETOR + "1 qid:2 2:1 1:1\n")
    with pytest.raises(ImportRefused, match=r"train\.txt, line 4"):
        catalog.import_letor(LetorRequest(tmp_path / "train.txt", "mq", "MQ"))
    assert not Project.objects.exists()


# --- commands -----------------------------------------------------------------------------------------------
def run(*arguments):
    out, err = StringIO(), StringIO()
    call_command(*map(str, arguments), stdout=out, stderr=err)
    return out.getvalue()


def test_the_commands_load_import_and_report(folder, tmp_path, capfd):
    assert "a dry run: nothing was written" in run("load_project", folder, "--dry-run")
    assert not Project.objects.exists()
    assert f"items: {N_ITEMS} new" in run("load_project", folder)
    assert f"{N_ITEMS} unchanged" in run("import_items", "advisers", folder / "advisers.csv")
    assert f"{N_QUERIES} unchanged" in run("import_queries", "advisers", folder / "mandates.csv")
    assert "0 new, 0 changed" in run("import_labels", "advisers", folder / "labels.csv", "--dry-run")
    (tmp_path / "train.txt").write_text(LETOR)
    assert "labels: 3 new" in run("import_letor", tmp_path / "train.txt", "--project", "mq")
    run("load_project", SEC_ADVISERS)
    out = run("import_form_adv", "sec-advisers", form_adv_file(tmp_path / "ia.csv", {}))
    assert "items: 1 new" in out
    assert "items" in capfd.readouterr().err, "the progress bar"


def test_a_refused_command_names_every_mistake_and_fails(folder):
    change(folder, "advisers", "A0005", assets="plenty", employees="some")
    err = StringIO()
    with pytest.raises(CommandError, match="refused: 2 mistakes; nothing was written"):
        call_command("load_project", str(folder), stdout=StringIO(), stderr=err)
    assert "advisers.csv, line 6, assets: expected a number" in err.getvalue()
    assert "advisers.csv, line 6, employees" in err.getvalue()


def test_a_command_for_an_unknown_project_names_the_known_ones(folder):
    load_project(folder)
    with pytest.raises(CommandError, match="no project 'wines'; known: advisers"):
        run("import_items", "wines", folder / "advisers.csv")


def test_a_command_on_a_wrong_description_tells_file_line_and_key(folder):
    replace_in_description(folder, "reference_year = 2025", "reference_year = 25")
    with pytest.raises(CommandError, match=r"project\.toml, line \d+: reference_year"):
        run("load_project", folder)


def test_a_command_tells_all_mistakes_of_a_description_at_once(folder):
    replace_in_description(folder, "reference_year = 2025", "reference_year = 25")
    replace_in_description(folder, 'transform = "log1p"', 'transform = "log"')
    with pytest.raises(CommandError) as caught:
        run("load_project", folder, "--dry-run")
    first, second, last = str(caught.value).splitlines()
    assert "reference_year: expected a year" in first
    assert "did you mean 'log1p'" in second
    assert last == "2 mistakes; nothing was written"


def test_a_new_hard_rule_holds_for_lists_that_were_made_before_it(folder):
    load_project(folder)
    query = Query.objects.select_related("project").first()
    before = serving.serve(query)
    rule = (
        '[[rules]]\nname = "huge"\nfield = "employees"\noperator = "at_least"\nvalue = 1000000\n'
        'words = "has a million people"\n\n'
    )
    replace_in_description(folder, "[[rules]]", rule + "[[rules]]")
    load_project(folder)
    assert before.matches.exists()
    served = serving.serve(Query.objects.select_related("project").get(pk=query.pk))
    assert not served.matches.exists()
    assert served.removed_by_rule["huge"] > 0


def test_a_damaged_file_of_features_ends_an_import_with_its_name(folder, monkeypatch):
    run("load_project", folder)
    monkeypatch.setattr(files, "checksum", lambda data: "another")
    with pytest.raises(CommandError, match=r"features/.* is damaged.*; nothing was written"):
        run("import_queries", "advisers", folder / "mandates.csv")
