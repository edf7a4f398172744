"""A tiny project and the people around it, built through the real services: rows as the product makes them.

40 advisers, 12 mandates of 3 organisations, a rule, graded labels, version 0 in service. Everything is fixed:
the same call gives the same rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from django.contrib.auth.models import User
from django.db.models import F
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
from feedback.services.learning import freeze_training_set
from feedback.services.sessions import SessionRequest
from feedback.services.signing import GoldRequest
from feedback.submitting import Answer
from ranking.content import content_hash
from ranking.description import from_dict
from ranking.ltr import Check, GateDecision, LinearComponent, Ranker, RuleComponent
from ranking.ltr.components import LinearTerm
from ranking.ltr.features import FeatureSpace
from ranking.ltr.judges import JudgeReport
from ranking.ltr.provenance import Provenance, Without
from ranking.ltr.refinement import RefinementComponent
from ranking.models import (
    FeatureSet,
    Item,
    ItemVersion,
    Label,
    ModelVersion,
    Organisation,
    Project,
    Query,
    TrainingJob,
)
from ranking.services import files, jobs, serving, training_sets, versions
from ranking.services.candidates import candidates, current_feature_set, feature_definition, forget_catalogues
from ranking.services.orders import forget_orders
from tests.tiny import DESCRIPTION, item_records, query_records, true_utility

PASSWORD = "a-long-enough-phrase"

_keys = itertools.count(1)


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
    asked = [add_query(project, record) for record in needs]
    _fit_features(project, records, needs)
    for place, query in enumerate(asked, start=1):
        Label.objects.bulk_create(
            Label(query=query, item=item, grade=round(true_utility(query.content, item.current.content)))
            for item in rows[place % 3 :: 3]
        )
    if version:
        versions.create_rule_version(project)
    return project


def add_item(project: Project, content: Mapping[str, Any]) -> Item:
    """Add one item with its first version."""
    item = Item.objects.create(project=project, key=content["crd"], title=content["name"])
    item.current = ItemVersion.objects.create(item=item, content=content, content_hash=content_hash(content))
    item.save()
    return item


def revise_item(item: Item, content: Mapping[str, Any]) -> Item:
    """Give an item another content, as an import does."""
    item.current = ItemVersion.objects.create(item=item, content=content, content_hash=content_hash(content))
    item.title = content["name"]
    item.save()
    Project.objects.filter(pk=item.project_id).update(items_revision=F("items_revision") + 1)
    return item


def _add_items(project: Project, contents: Sequence[Mapping[str, Any]]) -> list[Item]:
    items = Item.objects.bulk_create(
        Item(project=project, key=content["crd"], title=content["name"]) for content in contents
    )
    kept = ItemVersion.objects.bulk_create(
        ItemVersion(item=item, content=content, content_hash=content_hash(content))
        for item, content in zip(items, contents, strict=True)
    )
    for item, version in zip(items, kept, strict=True):
        item.current = version
    Item.objects.bulk_update(items, ["current"])
    return items


def add_query(project: Project, content: Mapping[str, Any]) -> Query:
    """Add one query, and its organisation where that is new."""
    return Query.objects.create(
        project=project,
        organisation=make_organisation(content["client"]),
        key=content["id"],
        title=content["title"],
        content=content,
        content_hash=content_hash(content),
    )


def make_organisation(name: str = "Harbour") -> Organisation:
    """Return the organisation of that name, made when it is new."""
    return Organisation.objects.get_or_create(slug=name.lower(), defaults={"name": name})[0]


def queries_of(project: Project, organisation: str) -> list[Query]:
    """Return the queries of an organisation, by its name."""
    return list(project.queries.filter(organisation__name=organisation).select_related("project"))


def _fit_features(project: Project, items: Sequence[Any], queries: Sequence[Any]) -> FeatureSet:
    specs = from_dict(project.description).features
    space = FeatureSpace.fit(specs, pd.DataFrame(items), pd.DataFrame(queries))
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


# --- trainings and versions ---------------------------------------------------------------------------------
def make_job(project: Project, *, by: str = "ada") -> TrainingJob:
    """Queue a training from the graded labels; nobody works on it."""
    return jobs.request_training(training_sets.freeze_labels(project), by=by)


def make_version(project: Project, *, verdict: str = "promote", sort: str = "fee") -> ModelVersion:
    """Finish a training at once, without a child process: the next version sorts by another feature.

    It is not in service. It has an evaluation with the given verdict.
    """
    job = jobs.claim(make_job(project).pk, owner="test")
    assert job is not None
    base = serving.champion(project).version
    model = sorting_model(project, sort)
    result = {"params": {}, "report": training_report(), "evaluation": evaluation_results(verdict)}
    return jobs.finish(job, base, model, result)


def make_refinement(project: Project, report: Mapping[str, Any], **results: Any) -> ModelVersion:
    """Finish a training from the closed sessions at once; `results` change what its evaluation says."""
    job = jobs.claim(jobs.request_training(freeze_training_set(project), by="ada").pk, owner="test")
    assert job is not None
    result = {
        "params": {},
        "report": dict(report),
        "evaluation": evaluation_results() | {"experts": {}, **results},
    }
    return jobs.finish(job, serving.champion(project).version, sorting_model(project, "fee"), result)


def make_taught_version(
    project: Project, taught: Mapping[FeedbackSession, tuple[str, float]]
) -> ModelVersion:
    """Finish a training from the closed sessions at once: each teaches a weight (negative: less is better).

    The version is its parent plus the lesson of each session; without one of them, plus those of the others.
    """
    job = jobs.claim(jobs.request_training(freeze_training_set(project), by="ada").pk, owner="test")
    assert job is not None
    base = serving.champion(project)
    parts = {session.pk: _lesson(project, *lesson) for session, lesson in taught.items()}
    lesson = RefinementComponent(f"version {project.versions.count()}", 1.0, tuple(parts.values()), None)
    without = [
        Without(str(left), 3, 1.0, tuple(part for pk, part in parts.items() if pk != left)) for left in parts
    ]
    return jobs.finish(
        job,
        base.version,
        base.ranker.extended(lesson).to_bytes(),
        {"params": {}, "report": refinement_report(), "evaluation": evaluation_results()},
        provenance=Provenance(tuple(without), None).to_file()[0],
    )


def _lesson(project: Project, feature: str, weight: float) -> LinearComponent:
    sample = candidates(project.queries.first(), current_feature_set(project)).features[feature]
    scale = (float(sample.mean()),), (float(sample.std()),)
    return LinearComponent(feature, 1.0, (feature,), *scale, (LinearTerm((feature,), weight),))


def sorting_model(project: Project, feature: str, direction: str = "ascending") -> bytes:
    """Return the bytes of a model that sorts by one feature."""
    feature_set = current_feature_set(project)
    sample = pd.concat(
        [candidates(query, feature_set).features for query in project.queries.all()[:3]], ignore_index=True
    )
    rule = RuleComponent.fit(sample, sort=[(feature, direction)])
    return Ranker(columns=tuple(feature_set.columns), components=(rule,)).to_bytes()


def training_report() -> dict[str, Any]:
    """Return what training from labels reports of itself."""
    return {
        "mode": "labels",
        "component": "version 1",
        "params": {},
        "seed": 0,
        "n_rows_trained": 96,
        "n_queries_trained": 9,
        "kept_incumbent": False,
        "choice": "made up for a test",
        "candidates": [
            {**learner_entry("trees", rounds=20, leaves=31), "weight": 0.0},
            learner_entry("trees", rounds=40, leaves=31),
        ],
        "pairs": {"label": 400},
        "judges": {},
        "slope": None,
        "seconds": {"fit": 1.0},
    }


def refinement_report(**changed: Any) -> dict[str, Any]:
    """Return what training from experts' preferences reports of itself."""
    figures = {"loss": 0.5, "loss_error": 0.02, "accuracy": 0.74, "accuracy_error": 0.02}
    return training_report() | {
        "mode": "preferences",
        "choice": "made up for a test",
        "belief": 0.6,
        "t": 2.1,
        "candidates": [
            {**learner_entry("incumbent"), "weight": 0.5, "accuracy": 0.51},
            {**learner_entry("linear", ridge=16.0, products=4.0), "weight": 0.0},
            {**learner_entry("linear + trees", rounds=26, leaves=8), "weight": 1.5},
        ],
        "combined": {**figures, "gain": 0.1, "gain_error": 0.03},
        "units": 9,
        "coverage": {"gated": False, "open": 1.0, "columns": []},
        **changed,
    }


def learner_entry(family: str, **size: float) -> dict[str, Any]:
    """Return one way of learning as a training reports it."""
    return {
        "family": family,
        "size": size,
        "words": "made up for a test",
        "weight": 1.0,
        "loss": 0.5,
        "loss_error": 0.02,
        "accuracy": 0.73,
        "accuracy_error": 0.02,
        "gain": 0.1,
        "gain_error": 0.03,
    }


def judge_entry(**changed: Any) -> dict[str, Any]:
    """Return what a training reports of one judge."""
    found = JudgeReport(
        flip_rate=0.07, lists=9, pairs=54, own=True, flip_low=0.03, flip_high=0.14, verdict="reliable"
    )
    return replace(found, **changed).to_dict()


def evaluation_results(verdict: str = "promote") -> dict[str, Any]:
    """Return an evaluation as training reports it."""
    difference = {"promote": 0.05, "refuse": -0.05, "not_yet": 0.0}[verdict]
    metric = {
        "challenger": 0.7 + difference,
        "champion": 0.7,
        "difference": difference,
        "low": difference - 0.02,
        "high": difference + 0.02,
        "p_value": 0.01,
        "n_queries": 4,
    }
    return {
        "metrics": {"pair_accuracy": metric, "ndcg@10": metric},
        "segments": {"style": {"growth": {"ndcg@10": metric}}},
        "experts": {"edda": {"pair_accuracy": metric}},
        "per_query": [{"query": "M01", "challenger": 0.7 + difference, "champion": 0.7}],
        "gate": gate_decision(verdict),
        "verdict": verdict,
        "reason": f"made up for a test: {verdict}",
    }


def gate_decision(
    verdict: str = "promote", check: str = "superiority", *, slates_needed: int | None = None
) -> dict[str, Any]:
    """Return what the gate says when one check has a verdict and all others are passed."""
    names = ("sound", "superiority", "base", "segments", "experts", "fairness", "calibration")
    checks = tuple(
        Check(
            name=name,
            verdict=verdict if name == check else "promote",
            figures={"n_queries": 4, "queries_needed": 60, "gain_reckoned_with": 0.02},
            words=f"made up for a test of {name}",
        )
        for name in names
    )
    return GateDecision(verdict, checks, slates_needed, dropped=3).to_dict()


def promote(version: ModelVersion, *, by: str = "ada", reason: str = "It is better.") -> None:
    """Put a version in service."""
    versions.promote(version, versions.PromotionRequest(by=by, reason=reason, expected_sha256=version.sha256))
