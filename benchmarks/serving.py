"""Claim: a mandate over all SEC advisers is served in well under a second, and a stored list at once.

`python -m benchmarks.serving` loads the 16,475 advisers into a database of its own, trains a version on a
simulated session, and times `serve` (rules, features, scores, order, reasons, frozen rows) beside the bare
`Booster.predict` on the very matrix that it scored. Needs `../shared/data`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.reporting import write

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
    rows: list[str] = []
    for query in Query.objects.filter(project=project).select_related("project").order_by("key")[:6]:
        pool = candidates(query, found.version.feature_set)
        if len(pool) < 100:
            continue
        times = _times(query, pool, found)
        figures = [_figure(taken) for taken in times]
        ratio = np.median(times[0]) / np.median(times[-1])
        rows.append(f"| {query.title} | {len(pool):,} | {' | '.join(figures)} | {ratio:.1f} |")
    forget_catalogues()
    query = Query.objects.filter(project=project).select_related("project").order_by("key")[0]
    first = _timed(lambda: candidates(query, found.version.feature_set))
    return [
        "# Serving 16,475 advisers",
        "",
        f"Milliseconds, median of {REPEATS} (5th to 95th percentile), one process; "
        f"version {found.version.number}, {_trees(found.ranker)} trees on two threads.",
        "",
        "| mandate | eligible | `serve` | rules, features | scores, order | bare `predict` | ratio |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
        f"The first request of a process prepares the items' features: {first:.0f} ms, once per import.",
        "A stored list is answered without any of this: one query for the row, one for its lines.",
    ]


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
        versions.PromotionRequest(by="benchmark", reason="benchmark", expected_sha256=job.version.sha256),
    )


def _times(query, pool, found) -> list[np.ndarray]:
    import lightgbm

    from ranking.ltr import TreeComponent
    from ranking.ltr.components import PREDICT_THREADS
    from ranking.services import serving
    from ranking.services.candidates import candidates

    trees = [part for part in found.ranker.components if isinstance(part, TreeComponent)]
    boosters = [lightgbm.Booster(model_str=part.model_text) for part in trees]
    matrix = pool.features[list(found.ranker.columns)].to_numpy()

    def bare() -> None:
        for booster in boosters:
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


def _trees(ranker) -> int:
    texts = [getattr(part, "model_text", "") for part in ranker.components]
    return sum(text.count("\nTree=") for text in texts)


if __name__ == "__main__":
    main()
