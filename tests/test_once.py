"""Sixteen times at once under one key, an act is one row with sixteen equal answers, on both databases."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.deployment import Deployment

AT_ONCE = 16
#: In one process: what is asked of one expert, and a second slate for acts that are refused.
SET_UP = """
import json
from rest_framework.authtoken.models import Token
from tests import factories, trainings
project = factories.make_project()
edda = factories.make_expert("edda")
slates = list(factories.make_session(project, [edda]).slates.order_by("position"))
versions = trainings.make_version(project), project.versions.get(number=0)
choice = factories.make_comparison(*versions, [edda]).choices.first()
told = {"token": Token.objects.create(user=edda).key, "choice": choice.pk, "slate": slates[0].pk,
        "other": slates[1].pk, "cards": [card.pk for card in slates[0].items.all()]}
print("told", json.dumps(told))
"""
COUNT = """
from feedback.models import Judgement, ListAnswer, SlateMove
print("rows", SlateMove.objects.count(), Judgement.objects.count(), ListAnswer.objects.count())
"""


@dataclass
class Floor:
    """An installation whose expert sends everything sixteen times."""

    deployment: Deployment
    told: dict[str, Any] = field(default_factory=dict)
    address: str = ""

    def open(self) -> Floor:
        """Fill the database and start the server."""
        printed = self.deployment.manage("shell", "--no-imports", "-c", SET_UP)
        self.told = json.loads(printed.partition("told ")[2])
        self.address = self.deployment.web()
        return self

    def send(self, path: str, body: Any, **headers: str) -> tuple[int, str]:
        """Return status and text of the answer to one POST."""
        request = urllib.request.Request(
            f"{self.address}/api/v1/{path}",
            method="POST",
            data=json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                "Authorization": f"Token {self.told['token']}",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def send_at_once(self, path: str, body: Any, **headers: str) -> list[tuple[int, str]]:
        """Return the answers to the same POST, sent sixteen times."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(lambda _: self.send(path, body, **headers), range(AT_ONCE)))

    def rows(self) -> list[int]:
        """Return how many moves, judgements and answers of comparisons there are."""
        printed = self.deployment.manage("shell", "--no-imports", "-c", COUNT)
        return [int(count) for count in printed.partition("rows ")[2].split()]


@pytest.mark.services
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_sixteen_submissions_with_one_key_are_one_row_and_sixteen_equal_answers(deploy, database):
    floor = Floor(deploy(database=database)).open()
    told = floor.told
    slate, other = f"slates/{told['slate']}", f"slates/{told['other']}"
    order = {"kind": "reorder", "tiers": [[card] for card in reversed(told["cards"])]}
    once = {"Idempotency_Key": "k"}
    acts = (
        (f"{slate}/moves/", {"do": "line", "to": 2}, {"do": "line", "to": 1}, {"If_Match": '"0"'}),
        (f"{slate}/judgement/", order, {"kind": "about_equal"}, {"If_Match": '"1"'}),
        (f"choices/{told['choice']}/answer/", {"kind": "left"}, {"kind": "right"}, {}),
    )
    for path, body, another, version in acts:
        answers = floor.send_at_once(path, body, **once, **version)
        assert {status for status, _ in answers} == {201}, (path, answers)
        assert len(set(answers)) == 1, (path, answers)
        assert floor.send(path, another, **once, **version)[0] == 422, path
        assert floor.send(path, body, **version)[0] == 400, path
    line = {"do": "line", "to": 2}
    assert floor.send(f"{other}/moves/", line, Idempotency_Key="l", If_Match='"7"')[0] == 412
    assert floor.send(f"{other}/moves/", line, Idempotency_Key="l")[0] == 428
    judged = {"kind": "about_equal"}
    assert floor.send(f"{other}/judgement/", judged, Idempotency_Key="l", If_Match='"7"')[0] == 412
    assert floor.rows() == [1, 1, 1]
