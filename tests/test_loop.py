"""The whole loop once, over HTTP alone, with a real web server and a real worker process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from feedback.simulation import SimulatedExpert, hidden_utility, read_utility
from ranking.description import read_description
from ranking.importers.csv_tables import read_items, read_queries
from ranking.ltr import compare
from ranking.ltr.features import FeatureSpace
from ranking.ltr.metrics import ndcg
from ranking.ltr.splits import is_held_out
from tests.client import Client, Refused

ADVISERS = Path(__file__).resolve().parent.parent / "fixtures" / "advisers"
PANEL = {"clara": "careful", "mika": "careful", "ken": "careless", "ann": "anchored", "bo": "biased"}
SLATES_EACH = 24
WAYS = [("sqlite", "filesystem"), ("postgresql", "rabbitmq")]  # tests/test_faults.py trains through Redis


@dataclass(frozen=True)
class Truth:
    """What the simulated experts want: utilities and features of every adviser for every mandate."""

    features: dict[str, pd.DataFrame]
    utilities: dict[str, pd.Series]
    titles: dict[str, str]
    bias_column: str

    def order(self, query: str, titles: list[str], expert: SimulatedExpert, slate: int) -> list[list[int]]:
        """Put the cards of a slate in order, as indexes of their titles."""
        keys = [self.titles[title] for title in titles]
        favoured = self.features[query].loc[keys, self.bias_column].to_numpy()
        return expert.order(self.utilities[query][keys].to_numpy(), range(len(keys)), favoured, slate=slate)


@pytest.fixture(scope="module")
def truth() -> Truth:
    description = read_description(ADVISERS)
    items, queries = read_items(ADVISERS, description), read_queries(ADVISERS, description)
    space = FeatureSpace.fit(description.features, items, queries)
    prepared, utility = space.prepare(items), read_utility(ADVISERS / "utility.toml")
    features = {
        query[description.query.key]: space.build(query, prepared).set_axis(items[description.item.key])
        for query in queries.to_dict("records")
    }
    return Truth(
        features=features,
        utilities={
            key: pd.Series(hidden_utility(table, utility), index=table.index)
            for key, table in features.items()
        },
        titles=dict(zip(items[description.item.title], items[description.item.key], strict=True)),
        bias_column=utility.bias_column,
    )


def _people(deployment, address: str) -> tuple[Client, dict[str, Client]]:
    password = deployment.manage("create_person", "ada", "admin").strip()
    admin = Client(address, "ada", password)
    experts = {}
    for name in PANEL:
        made = admin.post("members/", username=name, role="expert")
        experts[name] = Client(address, name, made["password"])
    return admin, experts


def _quality(admin: Client, truth: Truth) -> pd.Series:
    """NDCG@10 of each held-out mandate's served list against the hidden utility."""
    found = {}
    for query in admin.all("queries/"):
        if not is_held_out(query["key"], salt="advisers"):
            continue
        served = [match["key"] for match in admin.all(f"queries/{query['id']}/ranking/", page_size=200)]
        # Gains are shares of the candidates that are worth less: experts tell better from worse, no amounts.
        gains = truth.utilities[query["key"]][served].rank(pct=True).to_numpy()
        values = ndcg(gains, -np.arange(len(served), dtype=float), np.full(len(served), query["key"]), k=10)
        found[query["key"]] = values.mean()
    return pd.Series(found)


def _train(admin: Client, learn_from: str) -> dict:
    job = admin.post("jobs/", project="advisers", learn_from=learn_from, seed=0)
    ended = admin.finished(job["id"])
    assert ended["state"] == "done", ended
    return admin.get(f"versions/{ended['version_id']}/")


def _promote(admin: Client, version: dict) -> None:
    admin.post(
        "promotions/",
        version=version["id"],
        expected_sha256=version["sha256"],
        reason="it is better",
        confirm=f"version {version['number']}",
    )


def _judge_all(experts: dict[str, Client], truth: Truth, queries: dict[str, str]) -> int:
    judged = 0
    for seed, (name, client) in enumerate(experts.items()):
        expert = SimulatedExpert(kind=PANEL[name], seed=seed)
        for row in list(client.all("slates/", state="open")):
            slate = client.get(f"slates/{row['id']}/")
            titles = [card["title"] for card in slate["cards"]]
            tiers = truth.order(queries[slate["need"]["title"]], titles, expert, row["position"])
            ids = [card["id"] for card in slate["cards"]]
            client.submit(row["id"], kind="reorder", tiers=[[ids[i] for i in tier] for tier in tiers])
            judged += 1
    return judged


@pytest.mark.services
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("database", "broker"), WAYS, ids=["-".join(way) for way in WAYS])
def test_the_loop_ends_in_a_version_that_orders_unseen_needs_better(deploy, truth, database, broker):
    deployment = deploy(database=database, broker=broker)
    deployment.manage("load_project", str(ADVISERS))
    address = deployment.web()
    deployment.worker()
    admin, experts = _people(deployment, address)
    queries = {query["title"]: query["key"] for query in admin.all("queries/")}

    by_rule = _quality(admin, truth)
    _promote(admin, _train(admin, "labels"))
    by_labels = _quality(admin, truth)

    session = admin.post(
        "sessions/", project="advisers", title="Autumn", experts=list(PANEL), slates_per_expert=SLATES_EACH
    )
    assert _judge_all(experts, truth, queries) == len(PANEL) * SLATES_EACH
    assert admin.post(f"sessions/{session['id']}/close/")["state"] == "closed"
    with pytest.raises(Refused) as refusal:
        admin.post(f"sessions/{session['id']}/close/")
    assert refusal.value.status == 409

    refined = _train(admin, "preferences")
    evaluation = next(admin.all("evaluations/", challenger=refined["id"]))
    assert evaluation["verdict"] == "promote", evaluation["reason"]
    _promote(admin, refined)
    by_experts = _quality(admin, truth)
    for earlier, name in ((by_rule, "the sorting rule"), (by_labels, "version 1")):
        found = compare(by_experts, earlier, seed=0)
        print(  # noqa: T201 - the figure is wanted in the report
            f"\n{database} + {broker}: NDCG@10 against the hidden utility, refined less {name}: "
            f"{found.difference:+.3f} ({found.low:+.3f} to {found.high:+.3f}) on {found.n_queries} mandates"
        )
        assert found.low > 0, f"not better than {name}: {found}"

    admin.post(
        "promotions/roll-back/",
        project="advisers",
        expected_champion=refined["number"],
        reason="to see that it goes back",
    )
    assert _quality(admin, truth).equals(by_labels)
