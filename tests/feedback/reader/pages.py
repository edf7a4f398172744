"""How tests ask for the end user's pages and read them, and a version that experts taught."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from feedback.models import FeedbackSession
from feedback.services import learning
from ranking.models import ModelVersion, Project, Ranking
from ranking.services import jobs, serving
from tests import factories, trainings

HTMX = {"HX-Request": "true"}


def text(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return " ".join(response.content.decode().split())


def page(client: Client, name: str, *args: int, **params: Any) -> Any:
    return client.get(reverse(f"feedback:{name}", args=args), params)


def ranks(response: Any) -> list[int]:
    return [line.rank for line in response.context["page"].object_list]


def title_of(ranking: Ranking, rank: int) -> str:
    return ranking.matches.select_related("item_version__item").get(rank=rank).item_version.item.title


def teach(project: Project, *, simulated: bool = False) -> tuple[FeedbackSession, ModelVersion]:
    """Hold a session and put a version in service that was trained from it."""
    experts = [factories.make_expert(name) for name in ("edda-secret", "emil-secret")]
    session = factories.make_closed_session(
        project, experts, title="Autumn round", slates_per_expert=8, simulated=simulated
    )
    job = jobs.claim(learning.retrain(project, by="ada").pk, owner="test")
    assert job is not None
    result = {"params": {}, "report": {}, "evaluation": trainings.evaluation_results()}
    base = serving.champion(project).version
    version = jobs.finish(job, base, trainings.sorting_model(project, "fee"), result)
    trainings.promote(version)
    return session, version
