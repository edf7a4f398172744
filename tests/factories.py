"""A tiny project and the people around it, built through the real services: rows as the product makes them.

40 advisers, 12 mandates of 3 organisations, a rule, graded labels, version 0 in service. Everything is fixed:
the same call gives the same rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from unittest.mock import patch

import pandas as pd
from django.contrib.auth.models import User
from django.db.models import F, OuterRef, Subquery
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from feedback.models import (
    ComparisonSession,
    FeedbackSession,
    GoldList,
    Judgement,
    ListAnswer,
    ListChoice,
    Member,
    Slate,
)
from feedback.services import choosing, comparing, judging, sessions, signing
from feedback.services.comparing import ComparisonRequest
from feedback.services.judging import Submission
from feedback.services.sessions import SessionRequest
from feedback.services.signing import GoldRequest
from feedback.submitting import Answer
from ranking.content import content_hash
from ranking.description import from_dict
from ranking.formats import shortened
from ranking.ltr.features import FeatureSpace
from ranking.models import (
    FeatureSet,
    Item,
    ItemVersion,
    Label,
    ModelVersion,
    Organisation,
    Project,
    Query,
)
from ranking.services import files, versions
from ranking.services.candidates import candidates, current_feature_set, feature_definition, forget_catalogues
from ranking.services.orders import forget_orders
from tests.tiny import DESCRIPTION, item_records, query_records, true_utility

PASSWORD = "a-long-enough-phrase"

_keys = itertools.count(1)
_samples: dict[tuple[int, int], pd.DataFrame] = {}


# --- the catalogue ------------------------------------------------------------------------------------------
def make_project(
    slug: str = "advisers", *, items: int = 40, queries: int = 12, version: bool = True
) -> Project:
    """Make a project with items, queries (a third of them each organisation's), labels and version 0."""
    forget_orders()
    forget_catalogues()  # ids are given anew after each test, and the cache would still know the old ones
    table = {**DESCRIPTION, "slug": slug}
    project = Project.objects.create(slug=slug, name=table["name"], description=from_dict(table).to_dict())
    records, needs = item_records(items), query_records(queries)
    rows = _add_items(project, records)
    clients = {need["client"]: make_organisation(need["client"]) for need in needs}
    asked = Query.objects.bulk_create(_query(project, need, clients[need["client"]]) for need in needs)
    store_features(project, _space_of(items, queries))
    Label.objects.bulk_create(
        Label(query=query, item=item, grade=round(true_utility(query.content, item.current.content)))
        for place, query in enumerate(asked, start=1)
        for item in rows[place % 3 :: 3]
    )
    if version:
        _put_rule_in_service(project, (items, queries))
    return project


def _put_rule_in_service(project: Project, size: tuple[int, int]) -> None:
    """Make version 0; the features that its rule is fitted on are computed once for each size of project.

    They are most of what a project costs, and the same every time: the contents are fixed.
    """
    if size not in _samples:
        _samples[size] = versions._sample(project)
    with patch.object(versions, "_sample", return_value=_samples[size]):
        versions.create_rule_version(project)


def add_item(project: Project, content: Mapping[str, Any]) -> Item:
    """Add one item with its first version."""
    item = Item.objects.create(project=project, key=content["crd"], title=shortened(content["name"]))
    item.current = ItemVersion.objects.create(item=item, content=content, content_hash=content_hash(content))
    item.save()
    return item


def revise_item(item: Item, content: Mapping[str, Any]) -> Item:
    """Give an item another content, as an import does."""
    item.current = ItemVersion.objects.create(item=item, content=content, content_hash=content_hash(content))
    item.title = shortened(content["name"])
    item.save()
    Project.objects.filter(pk=item.project_id).update(items_revision=F("items_revision") + 1)
    return item


def _add_items(project: Project, contents: Sequence[Mapping[str, Any]]) -> list[Item]:
    items = Item.objects.bulk_create(
        Item(project=project, key=content["crd"], title=shortened(content["name"])) for content in contents
    )
    kept = ItemVersion.objects.bulk_create(
        ItemVersion(item=item, content=content, content_hash=content_hash(content))
        for item, content in zip(items, contents, strict=True)
    )
    for item, version in zip(items, kept, strict=True):
        item.current = version
    only = ItemVersion.objects.filter(item=OuterRef("pk")).values("pk")
    Item.objects.filter(project=project).update(current=Subquery(only))
    return items


def add_query(project: Project, content: Mapping[str, Any]) -> Query:
    """Add one query, and its organisation where that is new."""
    query = _query(project, content, make_organisation(content["client"]))
    query.save()
    return query


def _query(project: Project, content: Mapping[str, Any], client: Organisation) -> Query:
    return Query(
        project=project,
        organisation=client,
        key=content["id"],
        title=shortened(content["title"]),
        content=content,
        content_hash=content_hash(content),
    )


def make_organisation(name: str = "Harbour") -> Organisation:
    """Return the organisation of that name, made when it is new."""
    return Organisation.objects.get_or_create(slug=name.lower(), defaults={"name": name})[0]


def queries_of(project: Project, organisation: str) -> list[Query]:
    """Return the queries of an organisation, by its name."""
    return list(project.queries.filter(organisation__name=organisation).select_related("project"))


@cache
def _space_of(items: int, queries: int) -> FeatureSpace:
    specs = from_dict(DESCRIPTION).features
    return FeatureSpace.fit(specs, pd.DataFrame(item_records(items)), pd.DataFrame(query_records(queries)))


def store_features(project: Project, space: FeatureSpace) -> FeatureSet:
    """Make a feature space that of the project as it is declared."""
    file, digest = files.store("features", ".json", space.to_bytes())
    return FeatureSet.objects.create(
        project=project,
        definition_sha256=feature_definition(project),
        file=file,
        sha256=digest,
        columns=list(space.columns),
    )


# --- people -------------------------------------------------------------------------------------------------
def make_member(name: str, role: str, organisation: str | None = None) -> User:
    """Make a user with a role; the password is `PASSWORD`."""
    user = User.objects.create_user(name, password=PASSWORD)
    Member.objects.create(
        user=user, role=role, organisation=make_organisation(organisation) if organisation else None
    )
    return user


def make_admin(name: str = "ada") -> User:
    """Make an admin."""
    return make_member(name, Member.Role.ADMIN)


def make_expert(name: str = "edda") -> User:
    """Make an expert."""
    return make_member(name, Member.Role.EXPERT)


def make_reader(name: str = "rosa", organisation: str = "Harbour") -> User:
    """Make a reader of an organisation, which is made when it is new."""
    return make_member(name, Member.Role.READER, organisation)


def api_client(user: User | None = None) -> APIClient:
    """Return a client of the API with the user's token; without a user nobody is logged in."""
    client = APIClient()
    if user is not None:
        token, _ = Token.objects.get_or_create(user=user)
        client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
    return client


# --- sessions -----------------------------------------------------------------------------------------------
def make_session(project: Project, experts: Sequence[User], **asked: Any) -> FeedbackSession:
    """Open a session; `asked` are fields of `SessionRequest` (small by default: 3 slates of 4 items)."""
    request = {"title": "First round", "slates_per_expert": 3, "items_per_slate": 4, **asked}
    return sessions.open_session(project, SessionRequest(**request), experts=experts, by="ada")


def judge(slate: Slate, **changes: Any) -> Judgement:
    """Submit a slate in the order of `true_utility`; `changes` are fields of `Submission`."""
    body = changes or {"kind": "reorder", "tiers": [[card] for card in true_order(slate)]}
    return judging.submit(slate, Submission(**body), key=f"key-{next(_keys)}")


def repeat(slate: Slate) -> Slate:
    """Show a slate to its expert a second time, after all others: the same need and items."""
    cards = list(slate.items.all())
    last = slate.session.slates.filter(expert=slate.expert).count()
    slate = Slate.objects.get(pk=slate.pk)
    slate.pk, slate.position, slate.state, slate.submitted_at = None, last + 1, Slate.State.OPEN, None
    slate._state.adding = True
    slate.save()
    for card in cards:
        card.pk, card.slate = None, slate
        card._state.adding = True
        card.save()
    return slate


def true_order(slate: Slate) -> list[int]:
    """Return the card ids of a slate in the order of `true_utility`, best first."""
    cards = slate.items.select_related("item_version")
    return [
        card.pk
        for card in sorted(
            cards,
            key=lambda card: (
                -true_utility(slate.query_content, card.item_version.content),
                card.item_version_id,  # two who agree put items of the same utility in the same order
            ),
        )
    ]


def judge_all(slates: Iterable[Slate]) -> list[Judgement]:
    """Submit many slates in the order of `true_utility`."""
    return [judge(slate) for slate in slates]


def make_closed_session(project: Project, experts: Sequence[User], **asked: Any) -> FeedbackSession:
    """Open a session, judge all of it and close it: its preferences are derived."""
    session = make_session(project, experts, **asked)
    judge_all(session.slates.select_related("session__project"))
    return sessions.close_session(session)


# --- lists of known order -----------------------------------------------------------------------------------
def make_gold(
    project: Project,
    *,
    query: Query | None = None,
    size: int = 6,
    known_to: Sequence[User] = (),
) -> GoldList:
    """Sign the true order of some candidates of a need off."""
    query = query or project.queries.select_related("project").first()
    found = candidates(query, current_feature_set(project)).version_ids.tolist()[:size]
    contents = ItemVersion.objects.in_bulk(found)
    best_first = sorted(found, key=lambda pk: (-true_utility(query.content, contents[pk].content), pk))
    request = GoldRequest(tiers=[[pk] for pk in best_first], why="Made up for a test.", known_to=known_to)
    return signing.sign_order(query, request, by="ada")


def make_gold_lists(project: Project, count: int, **asked: Any) -> list[GoldList]:
    """Sign the true order of some candidates of so many needs off."""
    queries = project.queries.select_related("project")[:count]
    return [make_gold(project, query=query, **asked) for query in queries]


# --- blind comparisons --------------------------------------------------------------------------------------
def make_comparison(
    challenger: ModelVersion, champion: ModelVersion, experts: Sequence[User], **asked: Any
) -> ComparisonSession:
    """Open a comparison; `asked` are fields of `ComparisonRequest` (small by default: 3 needs, 3 items)."""
    request = {"title": "Which list is better?", "needs_per_expert": 3, "items_per_list": 3, **asked}
    return comparing.open_comparison(
        challenger, champion, ComparisonRequest(**request), experts=experts, by="ada"
    )


def choose(choice: ListChoice, kind: str = "left", **more: Any) -> ListAnswer:
    """Answer a choice; "challenger" and "champion" stand for the side on which that list is shown."""
    other = {"left": "right", "right": "left"}[choice.challenger_side]
    sides = {"challenger": choice.challenger_side, "champion": other}
    return choosing.answer(choice, Answer(kind=sides.get(kind, kind), **more), key=f"key-{next(_keys)}")
