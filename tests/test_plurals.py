"""One is told as one: no page says "1 sessions", in a project that has one of everything."""

import re

import pytest
from django.urls import reverse

from tests import factories
from tests.pages import logged_in, text_of

NOUNS = (
    "sessions|lists|people|experts|versions|pairs|needs|choices|items|labels|judgements|preferences|features|"
    "cards|days|hours|comparisons|moves|candidates|trainings|matches|places|times|advisers|mandates"
)
ONE_AS_MANY = re.compile(rf"(?<![\d.,/–-])\b1 (?:graded |open |other |held-out )?({NOUNS})\b")
PAGES = {
    "dashboard": (),
    "sessions": (),
    "session": ("session",),
    "participation": ("session", "expert"),
    "experts": (),
    "expert": ("expert",),
}


@pytest.fixture
def session(db):
    project = factories.make_project(items=6, queries=1)
    session = factories.make_session(project, [factories.make_expert()], slates_per_expert=1)
    assert session.slates.count() == 1
    return session


def _pages(session):
    of = {"session": session.pk, "expert": session.slates.first().expert.username}
    admin, expert = logged_in(factories.make_admin()), logged_in(session.slates.first().expert)
    for name, named in PAGES.items():
        args = [session.project.slug, *(of[one] for one in named)]
        yield name, admin.get(reverse(f"feedback:{name}", args=args))
    for name in ("versions", "monitoring"):
        yield name, admin.get(reverse(f"ranking:{name}", args=[session.project.slug]))
    for name in ("session_intro", "session_done"):
        yield name, expert.get(reverse(f"feedback:{name}", args=[session.pk]))


@pytest.mark.parametrize("judged", [False, True])
def test_no_page_says_one_of_many(session, judged):
    if judged:
        factories.judge_all(session.slates.all())
    found = {}
    for name, answer in _pages(session):
        assert answer.status_code in (200, 302), name
        found[name] = [match.group() for match in ONE_AS_MANY.finditer(text_of(answer))]
    assert not any(found.values()), found
