"""Claim: a mandate over all SEC advisers is served in well under a second, and a stored list at once.

`python -m benchmarks.serving` loads the advisers into a database of its own, trains a version on a simulated
session, and times `serve` (rules, features, scores, order, reasons, frozen rows) beside the bare
`Booster.predict` of all of the version's trees on the very matrix that it scored. One mandate demands
nothing, so that every adviser is ranked. Needs `../shared/data`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.reporting import times, write

ROOT = Path(__file__).resolve().parent.parent
ADVISERS = ROOT.parent / "shared" / "data" / "sec_form_adv" / "ia_sec_advisers.csv"
REPEATS = 15
ROUNDS = 200


def main() -> None:
    """Set up, measure, print the table and write it."""
    if not ADVISERS.exists():
        sys.exit(f"{ADVISERS} is not there: this benchmark needs the SEC's file")
    with tempfile.TemporaryDirectory(prefix="tiebreak-bench-") as folder:
        os.environ["TIEBREAK_VAR_DIR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
        lines = measure()
    write("serving", lines)


def measure() -> list[str]:
    """Return the lines of the table."""
    from ranking.models import Query
    from ranking.services import serving
    from ranking.services.candidates import candidates, forget_catalogues

    project = _project()
    _train(project)
    found = serving.champion(project)
    everybody = _without_demands(project)
    queries = Query.objects.filter(project=project).select_related("project")
    rows: list[str] = []
    for query in [everybody, *queries.exclude(pk=everybody.pk).order_by("key")[:6]]:
        pool = candidates(query, found.version.feature_set)
        taken = _times(query, pool, found)
        cells = [query.title, f"{len(pool):,}", *map(_figure, taken), f"{times(taken[0], taken[-1]):.1f}"]
        rows.append(f"| {' | '.join(cells)} |")
    forget_catalogues()
    first = _timed(lambda: candidates(everybody, found.version.feature_set))
    stored = np.array([_timed(lambda: serving.serve(everybody)) for _ in range(REPEATS)])
    trees = _boosters(found.ranker)
    return [
        "# Serving the SEC's advisers",
        "",
        f"Milliseconds, median of {REPEATS} (5th to 95th percentile), one process; "
        f"version {found.version.number}, {sum(booster.num_trees() for booster, _ in trees)} trees in "
        f"{len(trees)} boosters on two threads. `predict` is LightGBM's bare prediction of all these trees.",
        "",
        "| mandate | advisers ranked | `serve` | rules, features | scores, order | bare `predict` | ratio |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
        f"The first request of a process prepares the items' features: {first:.0f} ms, once per import.",
        f"A list that is stored is answered without any of this: {_figure(stored)} ms.",
    ]


def _without_demands(project):
    """Add a mandate that no rule takes an adviser from; ends the run if one does."""
    from ranking.models import Query
    from ranking.services import serving
    from ranking.services.candidates import candidates

    like = project.queries.order_by("key").first()
    content = like.content | dict.fromkeys(("states", "region", "minimum_assets", "maximum_assets", "status"))
    query = Query.objects.create(
        project=project, organisation=like.organisation, key="ALL", title="No demands", content=content
    )
    ranked = len(candidates(query, serving.champion(project).version.feature_set))
    total = project.items.filter(active=True).count()
    if ranked != total:
        sys.exit(f"{ranked} of {total} advisers would be ranked: the claim is about all of them")
    return query


def _project():
    from django.core.management import call_command

    from ranking.models import Project
    from ranking.services import catalog

    call_command("migrate", verbosity=0)
    catalog.load_project(ROOT / "fixtures" / "sec_advisers")
    project = Project.objects.get(slug="sec-advisers")
    catalog.import_form_adv(project, ADVISERS)
    return Project.objects.get(pk=project.pk)


def _train(project) -> None:
    from feedback.models import Member
    from feedback.services import learning, sessions, simulating
    from feedback.services.people import PersonRequest, create_person
    from feedback.simulation import SimulatedExpert, Utility, UtilityTerm
    from ranking.services import jobs, running, versions

    utility = Utility(
        terms=(
            UtilityTerm("local_office", 2.0, "equal"),
            UtilityTerm("discretionary_share", 1.0, "linear", centre=0.5, width=0.5),
            UtilityTerm("years_registered", 1.0, "peak", centre=12.0, width=8.0),
        )
    )
    member, _ = create_person(PersonRequest("clara", Member.Role.EXPERT, simulated=True))
    session = sessions.open_session(
        project,
        sessions.SessionRequest(title="benchmark", slates_per_expert=60, simulated=True, random_share=1.0),
        experts=[member.user],
        by="benchmark",
    )
    simulating.judge_session(session, utility, {"clara": SimulatedExpert("careful", seed=1)})
    sessions.close_session(session)
    job = learning.retrain(project, by="benchmark", params={"rounds": ROUNDS})
    running.run(jobs.claim(job.pk, "benchmark"))
    job.refresh_from_db()
    if job.version is None:
        sys.exit(f"the training ended as {job.state}: {job.error}")
    versions.promote(
        job.version,
        versions.PromotionRequest(
            by="benchmark",
            reason="benchmark",
            expected_sha256=job.version.sha256,
            confirm=str(job.version),
        ),
    )


def _boosters(ranker) -> list[tuple]:
    """Return (booster, columns) of all trees of a version, those inside of refinements included."""
    import lightgbm

    parts = [part for whole in ranker.components for part in getattr(whole, "parts", (whole,))]
    trees = [part for part in parts if hasattr(part, "model_text")]
    return [(lightgbm.Booster(model_str=part.model_text), list(part.columns)) for part in trees]


def _times(query, pool, found) -> list[np.ndarray]:
    from ranking.ltr.components import PREDICT_THREADS
    from ranking.services import serving
    from ranking.services.candidates import candidates

    given = [(booster, pool.features[columns].to_numpy()) for booster, columns in _boosters(found.ranker)]

    def bare() -> None:
        for booster, matrix in given:
            booster.predict(matrix, num_threads=PREDICT_THREADS)

    steps = (
        lambda: serving.rank(query, found),
        lambda: candidates(query, found.version.feature_set),
        lambda: serving.order(found.ranker, pool),
        bare,
    )
    return [np.array([_timed(step) for _ in range(REPEATS)]) for step in steps]


def _figure(taken: np.ndarray) -> str:
    low, high = np.percentile(taken, [5, 95])
    return f"{np.median(taken):.1f} ({low:.1f} to {high:.1f})"


def _timed(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    main()
