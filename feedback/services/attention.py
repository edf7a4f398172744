"""Where a project stands and what needs a person next. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from feedback.models import ComparisonSession, FeedbackSession, Judgement, Preference
from feedback.services import comparing, coverage, gaps, inviting, running
from feedback.services.against_gold import agreement_with_gold
from feedback.services.learning import unlearned
from feedback.services.reliability import latest_trained_by_experts
from ranking.errors import NoChampion
from ranking.formats import counted
from ranking.models import Evaluation, Label, ModelVersion, Project, Promotion, TrainingJob
from ranking.services import reports, serving, verdicts
from ranking.services.candidates import description_of
from ranking.services.drift_checks import drift_check_of
from ranking.services.serving import Champion

IDLE_DAYS = 3  # an open session without a judgement for so long is worth a word to its experts
FLAG_DAYS = 30  # red flags older than this have been seen or will not be
NAMED_FEATURES = 3  # of those that moved; the page of drift has the others
#: Verdict on the latest version -> (tone, how it stands to the one in service).
CHALLENGERS: dict[str, tuple[str, str]] = {
    Evaluation.Verdict.PROMOTE.value: ("good", "is better than"),
    Evaluation.Verdict.NOT_YET.value: ("info", "is not clearly better than"),
    Evaluation.Verdict.REFUSE.value: ("info", "should not replace"),
}
RED_FLAGS = (Judgement.Kind.NONE_SUITABLE, Judgement.Kind.MISSING_INFORMATION)


@dataclass(frozen=True)
class Notice:
    """One thing that needs a person: `kind` names it, `tone` says how badly, the rest is what it is about."""

    kind: str
    tone: str
    text: str
    version: ModelVersion | None = None
    session: FeedbackSession | None = None
    comparison: ComparisonSession | None = None
    job: TrainingJob | None = None
    username: str = ""


@dataclass(frozen=True)
class Standing:
    """A project at a glance."""

    project: Project
    champion: Champion | None
    promotion: Promotion | None
    job: TrainingJob | None
    sessions: list[FeedbackSession]
    comparisons: list[ComparisonSession]
    notices: list[Notice]
    counts: dict[str, int]


def standing_of(project: Project) -> Standing:
    """Return where a project stands."""
    try:
        champion = serving.champion(project)
        problem = champion.problem
    except NoChampion as error:
        champion, problem = None, str(error)
    job = project.jobs.filter(state__in=[TrainingJob.State.QUEUED, TrainingJob.State.RUNNING]).first()
    sessions = list(coverage.sessions_of(project).filter(state=FeedbackSession.State.OPEN))
    comparisons = list(comparing.counted().filter(project=project, state=ComparisonSession.State.OPEN))
    notices = [
        *_of_health(problem),
        *_of_jobs(project, job),
        *_of_drift(champion),
        *_of_versions(project, champion, job),
        *_of_links(project),
        *_of_sessions(sessions),
        *_of_comparisons(comparisons),
        *_of_experts(project),
        *_of_gold(project),
        *_of_flags(project),
        *_of_gaps(project),
    ]
    return Standing(
        project=project,
        champion=champion,
        promotion=project.promotions.select_related("version").first(),
        job=job,
        sessions=sessions,
        comparisons=comparisons,
        notices=notices,
        counts=_counts(project),
    )


def new_preferences(project: Project) -> int:
    """Return how many preferences of closed sessions no version has learned yet."""
    return unlearned(project).count()


def red_flags(project: Project, days: int | None = None) -> QuerySet[Judgement]:
    """Return the judgements that say something is wrong with a list or with the data, latest first."""
    flags = Judgement.objects.filter(slate__session__project=project, kind__in=RED_FLAGS)
    if days is not None:
        flags = flags.filter(created_at__gte=timezone.now() - timedelta(days=days))
    return flags.select_related("slate__query", "slate__session", "expert__member").order_by("-id")


def _of_health(problem: str) -> Iterator[Notice]:
    if problem:
        yield Notice("health", "bad", problem[:1].upper() + problem[1:] + ".")


def _of_jobs(project: Project, running: TrainingJob | None) -> Iterator[Notice]:
    last = project.jobs.exclude(state=TrainingJob.State.CANCELLED).first()
    if running is None and last is not None and last.state == TrainingJob.State.FAILED:
        yield Notice("job_failed", "bad", f"Training job {last.pk} failed: {last.error}", job=last)


def _of_drift(champion: Champion | None) -> Iterator[Notice]:
    found = drift_check_of(champion.version) if champion else None
    if champion is None or found is None or not found.moved:
        return
    named = ", ".join(found.moved[:NAMED_FEATURES])
    more = len(found.moved) - NAMED_FEATURES
    have = "has" if len(found.moved) == 1 else "have"
    text = (
        f"{len(found.moved)} of {counted(found.features, 'feature')} {have} moved since version "
        f"{champion.version.number} was trained: {named}"
    )
    yield Notice(
        "drift", "warn", text + (f" and {more} more." if more > 0 else "."), version=champion.version
    )


def _of_versions(
    project: Project, champion: Champion | None, running: TrainingJob | None
) -> Iterator[Notice]:
    latest = project.versions.order_by("-number").first()
    if champion is not None and latest is not None and latest.number > champion.version.number:
        yield from _of_challenger(latest, champion.version)
    if running is not None or latest is None:
        return
    waiting = new_preferences(project)
    if waiting:
        last = project.versions.filter(training_set__mode="preferences").order_by("-number").first()
        since = f"since version {last.number} was trained" if last else "that no version has learned from"
        yield Notice("retrain", "info", f"{counted(waiting, 'new preference')} {since}.", version=last)
    elif latest.kind == ModelVersion.Kind.RULE:
        labels = Label.objects.filter(query__project=project).count()
        if labels:
            yield Notice(
                "labels", "info", f"{counted(labels, 'graded label')} that no version has learned from."
            )


def _of_challenger(latest: ModelVersion, champion: ModelVersion) -> Iterator[Notice]:
    evaluation = latest.evaluations.filter(champion=champion).first()
    if evaluation is None:
        text = f"Version {latest.number} has not been compared with version {champion.number}, in service."
        yield Notice("challenger", "info", text, version=latest)
    elif not latest.promotions.exists():
        tone, words = CHALLENGERS[evaluation.verdict]
        found = verdicts.in_short(evaluation)
        text = f"Version {latest.number} {words} version {champion.number}. {found}."
        yield Notice("challenger", tone, text, version=latest)


def _of_links(project: Project) -> Iterator[Notice]:
    for link in inviting.asked_again(project):
        who, where = link.expert.get_full_name() or link.expert.username, link.target.title
        yield Notice(
            "link",
            "warn",
            f"{who} asks for a new log-in link to “{where}”.",
            session=link.session,
            comparison=link.comparison,
            username=link.expert.username,
        )


def _of_sessions(sessions: list[FeedbackSession]) -> Iterator[Notice]:
    for session in sessions:
        if session.slates_total and session.slates_done == session.slates_total:
            yield _of_a_complete(session)
            continue
        if running.is_overdue(session):
            left = session.slates_total - session.slates_done
            text = f"The last day of “{session.title}” is over, and {counted(left, 'list')} left: "
            yield Notice("session_overdue", "warn", text + "put it off, or close it.", session=session)
            continue
        if session.paused_at is not None:
            continue
        last = session.last_judged_at or session.opened_at
        idle = (timezone.now() - last).days
        if idle >= IDLE_DAYS:
            text = f"“{session.title}” has had no judgement for {idle} days."
            yield Notice("session_idle", "warn", text, session=session)


def _of_a_complete(session: FeedbackSession) -> Notice:
    total, missing = session.slates_total, session.slates_done - session.slates_answered
    if not session.slates_answered:
        text = (
            f"None of the {counted(total, 'list')} of “{session.title}” could be judged: ask other experts."
        )
        return Notice("session_complete", "warn", text, session=session)
    lists, be = ("The only list", "is") if total == 1 else (f"All {total:,} lists", "are")
    done = "judged" if not missing else f"handed in, but {missing:,} could not be judged"
    text = f"{lists} of “{session.title}” {be} {done}: close it, then retrain."
    return Notice("session_complete", "good", text, session=session)


def _of_comparisons(comparisons: list[ComparisonSession]) -> Iterator[Notice]:
    for comparison in comparisons:
        left = comparison.choices_total - comparison.choices_done
        if not left:
            one = comparison.choices_total == 1
            done = "The only choice" if one else f"All {comparison.choices_total} choices"
            text = f"{done} of “{comparison.title}” {'is' if one else 'are'} answered: close it."
            yield Notice("comparison_complete", "good", text, comparison=comparison)
            continue
        idle = (timezone.now() - (comparison.last_answered_at or comparison.opened_at)).days
        if idle >= IDLE_DAYS:
            text = f"“{comparison.title}” has had no answer for {idle} days; {counted(left, 'choice')} left."
            yield Notice("comparison_idle", "warn", text, comparison=comparison)


def _of_experts(project: Project) -> Iterator[Notice]:
    version = latest_trained_by_experts(project)
    if version is None:
        return
    for taste in reports.tastes_of(version, description_of(project)):
        more = "more" if taste.more else "less"
        text = f"{taste.username} puts candidates with {more} “{taste.label}” higher than others do: ask why."
        yield Notice("experts", "warn", text, version=version)
    contradiction = reports.contradiction_of(version)
    if contradiction:
        text = f"{contradiction}. Version {version.number} learned from all of them as they answered: "
        yield Notice(
            "experts", "warn", text + "settle with them what the lists are to show.", version=version
        )
    found = [judge for judge in reports.judges_of(version) if judge.needs_a_look and judge.flips_known]
    if not found:
        return
    who = found[0].username if len(found) == 1 else f"{len(found):,} experts"
    looks = {
        "careless": "careless",
        "anchored": "pulled by the shown order",
        "random": "random",
        "inverted": "turned round",
    }
    how = " or ".join(word for verdict, word in looks.items() if verdict in {one.verdict for one in found})
    text = f"To version {version.number}, the answers of {who} look {how}: worth a look and a word."
    yield Notice("experts", "warn", text, version=version)


def _of_gold(project: Project) -> Iterator[Notice]:
    looks = {"random": "random", "inverted": "turned round"}
    for found in agreement_with_gold(project).values():
        if found.needs_a_look:
            how = f"look {looks[found.verdict]} on lists of known order"
            yield Notice("experts", "warn", f"The answers of {found.judge} {how}: worth a look and a word.")


def _of_flags(project: Project) -> Iterator[Notice]:
    flags = red_flags(project, days=FLAG_DAYS)
    none_suitable = flags.filter(kind=Judgement.Kind.NONE_SUITABLE).count()
    if none_suitable:
        yield Notice("flags", "warn", f"{counted(none_suitable, 'list')} in which no candidate was suitable.")


def _of_gaps(project: Project) -> Iterator[Notice]:
    found = gaps.gaps_of(project, gaps.OPEN)
    if found:
        most = gaps.open_fields(found)[0][0]
        lists = counted(len(found), "list")
        text = f"{lists} that could not be judged for a missing value, most often “{most}”."
        yield Notice("gaps", "warn", text)


def _counts(project: Project) -> dict[str, int]:
    """Return how many there are of each, in one read: the overview asks for every project."""
    judged = Judgement.objects.filter(slate__session__project=project, kind__in=Judgement.ANSWERS)
    numbers = {
        "queries": _number(project.queries.filter(active=True)),
        "items": _number(project.items.filter(active=True)),
        "labels": _number(Label.objects.filter(query__project=project)),
        "sessions": _number(project.sessions.all()),
        "judgements": _number(judged),
        "experts": _number(judged, Count("expert", distinct=True)),
        "preferences": _number(Preference.objects.filter(judgement__slate__session__project=project)),
        "versions": _number(project.versions.all()),
    }
    row = Project.objects.filter(pk=project.pk).values_list(*numbers.values()).get()
    return dict(zip(numbers, row, strict=True))


def _number(rows: QuerySet[Any], counted: Count | None = None) -> Coalesce:
    """Return the number of rows as a part of another query."""
    together = rows.order_by().annotate(together=Value(1)).values("together")
    return Coalesce(Subquery(together.annotate(number=counted or Count("pk")).values("number")), 0)
