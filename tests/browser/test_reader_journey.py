"""The end user in a real browser: a list that changes and says why, filters, a shortlist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from feedback.models import Outcome
from feedback.services import learning
from ranking.models import Project, Query
from ranking.services import jobs, serving
from tests import factories, trainings

pytestmark = pytest.mark.browser
OpenReader = Callable[..., Page]


@pytest.fixture
def project(live_server: Any) -> Project:
    cache.clear()
    return factories.make_project(items=40, queries=6)


@pytest.fixture
def query(project: Project) -> Query:
    return factories.queries_of(project, "Harbour")[0]


@pytest.fixture
def open_reader(browser: Browser, live_server: Any, project: Project) -> Iterator[OpenReader]:
    """Return `open_reader(path, **options)`: a reader of Harbour on that page; any console error fails."""
    contexts, problems = [], []
    client = Client()
    client.force_login(factories.make_reader())
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value

    def open_page(path: str, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: problems.append(said.text) if is_problem(said) else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(live_server.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def is_problem(said: ConsoleMessage) -> bool:
    """Say whether the console holds an error of the page; a refused request is one that a test made."""
    return said.type == "error" and "503" not in said.text


def address(name: str, *args: int) -> str:
    return reverse(f"feedback:{name}", args=args)


def teach(project: Project) -> None:
    """Hold a session and put in service what was trained from it: a model that looks at the fee."""
    experts = [factories.make_expert(name) for name in ("edda", "emil")]
    factories.make_closed_session(project, experts, title="Autumn round", slates_per_expert=8)
    job = jobs.claim(learning.retrain(project, by="ada").pk, owner="test")
    assert job is not None
    result = {"params": {}, "report": {}, "evaluation": trainings.evaluation_results()}
    base = serving.champion(project).version
    trainings.promote(jobs.finish(job, base, trainings.sorting_model(project, "fee"), result))


def ranks(page: Page) -> list[str]:
    return page.locator(".match .rank").evaluate_all(
        "all => all.map(one => one.lastChild.textContent.trim())"
    )


def test_a_reader_sees_the_list_change_and_reads_why(
    open_reader: OpenReader, project: Project, query: Query
) -> None:
    page = open_reader("/")
    page.get_by_role("link", name=query.title).click()
    expect(page.locator("#rank-1 .name")).to_be_visible()
    first = page.locator("#rank-1 .name").inner_text()
    expect(page.locator(".moved .up")).to_have_count(0)

    teach(project)
    page.reload()
    assert page.locator("#rank-1 .name").inner_text() != first
    expect(page.locator("#rank-1 .moved")).to_contain_text("since version 0")

    page.locator("#rank-1").get_by_role("link", name="why it moved").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("moved up")
    expect(page.get_by_text("Autumn round")).to_be_visible()
    expect(page.get_by_text(re.compile(r"\d+ by 2 experts"))).to_be_visible()
    row = page.get_by_role("row", name=re.compile("^Fee"))
    expect(row.locator("rect.bar-fill")).to_be_visible()

    page.get_by_role("link", name="Number 1").click()
    page.get_by_label("Compare with").select_option("5")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("is above")
    expect(page.get_by_role("row", name=re.compile("^Difference of the scores"))).to_be_visible()


def test_a_match_is_shortlisted_in_place_and_declined_with_a_reason_by_keyboard(
    open_reader: OpenReader, query: Query
) -> None:
    page = open_reader(address("matches", query.pk))
    first = page.locator("#rank-1")
    title = first.locator(".name").inner_text()
    page.evaluate("window.sameDocument = true")
    page.evaluate("window.focused = []; addEventListener('focusin', (at) => focused.push(at.target.id))")
    first.get_by_role("button", name=f"Shortlist {title}").click()
    expect(first.locator(".chip.good")).to_have_text("Shortlisted")
    expect(page.locator("#said")).to_have_text(f"{title} is on the shortlist.")
    assert page.evaluate("document.activeElement.id") == f"more-{query.pk}-1"

    page.locator("#rank-2 summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("Too dear for this")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#rank-2 .given")).to_have_text("“Too dear for this”")
    assert page.evaluate("window.sameDocument") is True
    # An answer moves the focus once: not again later, when the reader has gone on to the next match.
    assert page.evaluate("focused").count(f"more-{query.pk}-1") == 1
    assert list(Outcome.objects.order_by("pk").values_list("kind", "reason")) == [
        ("shortlisted", ""),
        ("declined", "Too dear for this"),
    ]

    page.get_by_role("link", name="Shortlist", exact=True).click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    page.get_by_role("button", name="Contacted").first.click()
    expect(page.get_by_text("Nothing on the shortlist")).to_be_visible()


def test_filters_act_while_typing_keep_the_order_and_the_back_button_undoes_them(
    open_reader: OpenReader, query: Query
) -> None:
    page = open_reader(address("matches", query.pk))
    everything = ranks(page)
    page.get_by_text("Filter by what is known").click()
    page.get_by_role("checkbox", name=re.compile("^growth")).check()
    expect(page.get_by_role("list", name="Filters in use")).to_contain_text("Style: growth")
    expect(page).to_have_url(re.compile(r"\?f_style=growth$"))
    some = ranks(page)
    assert some == sorted(some, key=int)
    assert 0 < len(some) < len(everything)

    page.locator("#q").fill("climate")
    expect(page).to_have_url(re.compile(r"\?q=climate&f_style=growth$"))
    page.go_back()
    expect(page.get_by_role("list", name="Filters in use")).not_to_contain_text("climate")
    assert ranks(page) == some
    page.get_by_role("link", name="Style: growth").click()
    assert ranks(page) == everything


@pytest.mark.parametrize("from_another_page", [False, True])
def test_after_the_back_button_the_filters_say_what_the_list_shows(
    open_reader: OpenReader, query: Query, from_another_page: bool
) -> None:
    page = open_reader(address("matches", query.pk))
    page.get_by_text("Filter by what is known").click()
    page.get_by_role("checkbox", name=re.compile("^growth")).check()
    expect(page).to_have_url(re.compile(r"\?f_style=growth$"))
    some = ranks(page)
    page.locator("#q").fill("climate")
    expect(page).to_have_url(re.compile(r"\?q=climate&f_style=growth$"))
    if from_another_page:
        page.get_by_role("link", name=re.compile("^Rules removed")).click()
        page.wait_for_url("**/rules/")
    page.evaluate(f"setTimeout(() => history.go({-2 if from_another_page else -1}))")
    expect(page.locator("#q")).to_have_value("")
    assert ranks(page) == some
    expect(page.locator("input[name=f_style][value=growth]")).to_be_checked()
    page.locator("#q").fill("Adviser")  # the next act keeps the filter that is on
    expect(page).to_have_url(re.compile(r"\?q=Adviser&f_style=growth$"))


def test_everything_works_without_script(open_reader: OpenReader, query: Query) -> None:
    page = open_reader(address("matches", query.pk), java_script_enabled=False)
    page.locator("#q").fill("Adviser")
    page.locator("#state").select_option("open")
    page.get_by_role("button", name="Apply").first.click()
    assert "state=open" in page.url
    title = page.locator(".match .name").first.inner_text()
    page.get_by_role("button", name=f"Shortlist {title}").click()
    expect(page.get_by_text(f"{title} is on the shortlist.")).to_be_visible()
    assert "state=open" in page.url
    expect(page.get_by_role("heading", name=title, exact=True)).to_have_count(0)
    page.get_by_role("link", name="Shortlist", exact=True).click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()


def test_no_page_scrolls_sideways_on_a_small_phone(
    open_reader: OpenReader, project: Project, query: Query, live_server: Any
) -> None:
    serving.serve(query)
    teach(project)
    page = open_reader(address("needs"), viewport={"width": 360, "height": 740}, color_scheme="dark")
    paths = [
        address("needs"),
        address("matches", query.pk),
        address("why", query.pk, 1),
        address("why_above", query.pk, 1, 7),
        address("why_moved", query.pk, 1),
        address("rules", query.pk),
        address("shortlist"),
    ]
    for path in paths:
        page.goto(live_server.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


def test_the_list_is_exported_as_it_is_filtered(open_reader: OpenReader, query: Query) -> None:
    page = open_reader(address("matches", query.pk) + "?f_style=growth")
    shown = ranks(page)
    with page.expect_download() as started:
        page.get_by_role("link", name="Export CSV").click()
    assert started.value.suggested_filename.endswith("-version-0.csv")
    with open(started.value.path(), encoding="utf-8-sig") as handle:
        lines = handle.read().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == shown


def test_an_unreachable_server_is_said_and_nothing_is_taken_for_done(
    open_reader: OpenReader, query: Query
) -> None:
    page = open_reader(address("matches", query.pk))
    page.route("**/outcome/**", lambda route: route.fulfill(status=503, body="down"))
    page.locator("#rank-1").get_by_role("button", name=re.compile("^Shortlist")).click()
    expect(page.locator("#messages")).to_contain_text("That did not work, and nothing was changed.")
    expect(page.locator("#rank-1").get_by_role("button", name=re.compile("^Shortlist")).first).to_be_enabled()
    page.unroute("**/outcome/**")
    page.locator("#rank-1").get_by_role("button", name=re.compile("^Shortlist")).first.click()
    expect(page.locator("#rank-1 .chip.good")).to_have_text("Shortlisted")


def test_an_ended_session_leads_to_the_log_in_and_back(open_reader: OpenReader, query: Query) -> None:
    page = open_reader(address("matches", query.pk))
    page.context.clear_cookies()
    page.locator("#q").fill("climate")
    expect(page).to_have_url(re.compile(r"/login/\?next=%2Fneeds%2F"))
    expect(page.get_by_role("button", name=re.compile("Sign in|Log in"))).to_be_visible()
