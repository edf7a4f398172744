"""Tags of the admin's pages: the project they are about, verdicts, moments and durations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils import timezone
from django.utils.safestring import SafeString

from ranking import formats, zones
from ranking.ltr import Drift
from ranking.models import Evaluation, ModelVersion, Project, TrainingSet

register = template.Library()

#: Stages of a training, as `ranking.ltr.training` names them -> what is being done.
STAGES = {
    "read": "reading what was frozen",
    "judges": "estimating how careful each expert is",
    "capacity": "choosing how much to learn",
    "fit": "growing the model",
    "sources": "growing it again without each session",
    "reseeds": "training again with other seeds",
    "evaluate": "comparing with the version in service",
}
VERDICTS: dict[str, tuple[str, str]] = {
    Evaluation.Verdict.PROMOTE.value: ("good", "promote"),
    Evaluation.Verdict.NOT_YET.value: ("warn", "not yet"),
    Evaluation.Verdict.REFUSE.value: ("bad", "refuse"),
}
#: What a training makes of a judge's answers -> (tone, in words).
JUDGES: dict[str, tuple[str, str]] = {
    "reliable": ("good", "reliable"),
    "careless": ("warn", "answers look careless"),
    "anchored": ("warn", "follows the shown order"),
    "random": ("warn", "answers look random"),
    "inverted": ("warn", "answers look turned round"),
    "contradicts": ("warn", "contradicts the others"),
    "unknown": ("plain", "too few lists to say"),
}
#: Ways of learning, as `ranking.ltr.members` names them -> in words; "{before}" is the version before.
LEARNERS = {
    "incumbent": "{before} as it was",
    "linear": "a weight for each feature",
    "trees": "decision trees on top of {before}",
    "extra trees": "decision trees with random thresholds on top of {before}",
    "linear + trees": "weights, then decision trees",
    "linear + extra trees": "weights, then decision trees with random thresholds",
    "fresh trees": "decision trees from scratch",
    "fresh extra trees": "decision trees with random thresholds from scratch",
}
#: How much a feature's weight is held back, at least -> in words. Strength of a ridge in lists: `RIDGES`.
CAUTION = ((200.0, "very much"), (40.0, "much"), (8.0, "somewhat"), (0.0, "little"))


@register.simple_tag(takes_context=True)
def managed_project(context: RequestContext) -> Project | None:
    """Return the project that the page is about; elsewhere the only one, if there is only one."""
    project = context.get("project")
    if isinstance(project, Project):
        return project
    first = list(Project.objects.order_by("pk")[:2])
    return first[0] if len(first) == 1 else None


@register.filter
def verdict_tone(verdict: str | None) -> str:
    """Return the class of a verdict.

    >>> verdict_tone("promote"), verdict_tone("not_yet"), verdict_tone("")
    ('good', 'warn', 'plain')
    """
    return VERDICTS.get(verdict or "", ("plain", ""))[0]


@register.filter
def verdict_words(verdict: str) -> str:
    """Return a verdict as people say it.

    >>> verdict_words("not_yet")
    'not yet'
    """
    return VERDICTS.get(verdict, ("", verdict))[1]


@register.filter
def judge_tone(verdict: str) -> str:
    """Return the class of what a training makes of a judge's answers.

    >>> judge_tone("reliable"), judge_tone("inverted"), judge_tone("unknown")
    ('good', 'warn', 'plain')
    """
    return JUDGES.get(verdict, JUDGES["unknown"])[0]


@register.filter
def judge_words(verdict: str) -> str:
    """Return what a training makes of a judge's answers as people say it.

    >>> judge_words("random")
    'answers look random'
    """
    return JUDGES.get(verdict, JUDGES["unknown"])[1]


@register.filter
def learner_words(family: str, before: ModelVersion | None) -> str:
    """Say what a way of learning is; one without words of its own speaks for itself.

    >>> learner_words("trees", ModelVersion(number=1)), learner_words("incumbent", None)
    ('decision trees on top of version 1', 'the version before as it was')
    """
    named = "the version before" if before is None else f"version {before.number}"
    return LEARNERS.get(family, family).format(before=named)


@register.filter
def size_words(size: Mapping[str, float]) -> str:
    """Say how much a way of learning was allowed to learn.

    >>> size_words({"rounds": 26, "leaves": 8}), size_words({"rounds": 1, "leaves": 3})
    ('26 trees of at most 8 leaves', '1 tree of at most 3 leaves')
    >>> size_words({"ridge": 16.0, "products": 4.0}), size_words({})
    ('held back somewhat; also for need and candidate together', '')
    """
    if "rounds" in size:
        trees = "tree" if size["rounds"] == 1 else "trees"
        return f"{size['rounds']:g} {trees} of at most {size['leaves']:g} leaves"
    if "ridge" not in size:
        return ""
    words = "held back " + next(words for least, words in CAUTION if size["ridge"] >= least)
    return f"{words}; also for need and candidate together" if "products" in size else words


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """Write a moment the way people say it, with the exact one in the title and for machines.

    Today and yesterday by name with the time, this year without the year.
    """
    if value is None:
        return "–"
    return zones.marked_up(value, in_words(timezone.localtime(value), timezone.localtime()))


def in_words(local: datetime, now: datetime) -> str:
    """Return a moment in words, as seen from another one.

    >>> now = datetime(2025, 9, 2, 18, 0)
    >>> [in_words(datetime(2025, 9, 2, 9, 5), now), in_words(datetime(2025, 9, 1, 9, 5), now)]
    ['today, 09:05', 'yesterday, 09:05']
    >>> [in_words(datetime(2025, 3, 4, 9, 5), now), in_words(datetime(2024, 3, 4, 9, 5), now)]
    ['4 Mar', '4 Mar 2024']
    """
    if local.date() == now.date():
        return f"today, {local:%H:%M}"
    if local.date() == (now - timedelta(days=1)).date():
        return f"yesterday, {local:%H:%M}"
    year = "" if local.year == now.year else f" {local.year}"
    return f"{local.day} {local:%b}{year}"


@register.filter
def seconds(value: float | None) -> str:
    """Write a measured duration.

    >>> seconds(7.4), seconds(75), seconds(3700), seconds(None)
    ('7 s', '1 min 15 s', '1 h 1 min', '–')
    """
    if value is None:
        return "–"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


@register.filter
def between(start: datetime | None, end: datetime | None) -> str:
    """Write how long something took, or has taken until now."""
    # The start may be by the clock of another host that is ahead.
    return seconds(max(0.0, ((end or timezone.now()) - start).total_seconds())) if start else "–"


@register.filter
def percent(value: float | None) -> str:
    """Write a share as whole per cent.

    >>> percent(.714), percent(None)
    ('71 %', '–')
    """
    return "–" if value is None or _is_missing(value) else f"{100 * value:.0f} %"


@register.filter
def count(value: Any) -> str:
    """Write a whole number with its thousands parted.

    >>> count(16475), count(None)
    ('16,475', '–')
    """
    return "–" if _is_missing(value) else f"{int(value):,}"


def _is_missing(value: Any) -> bool:
    """A figure that a report does not hold reaches a filter as an empty text."""
    return value is None or value == ""


@register.filter
def compared(drift: Drift) -> str:
    """Say what a feature was compared over, then and now.

    >>> compared(Drift(0.1, 0.5, "query", 44, 1, 10, True))
    '44 needs then, 1 now'
    >>> compared(Drift(0.1, 0.5, "pair", 1, 1, 10, True))
    'pairs of 1 need then, 1 now'
    """
    noun = "candidate" if drift.unit == "item" else "need"
    before = "pairs of " if drift.unit == "pair" else ""
    return f"{before}{formats.counted(drift.then, noun)} then, {drift.now:,} now"


@register.filter
def chance(value: float) -> str:
    """Write a p-value.

    >>> chance(0.0371), chance(1.0), chance(0.0)
    ('0.037', '1.000', 'under 0.001')
    """
    return "under 0.001" if value < 0.001 else f"{value:.3f}"


@register.filter
def stage(name: str) -> str:
    """Say what a training is doing; a stage without words of its own speaks for itself.

    >>> stage("capacity"), stage("waiting for a worker")
    ('choosing how much to learn', 'waiting for a worker')
    """
    return STAGES.get(name, name)


@register.filter
def short_hash(value: str) -> str:
    """Return the first characters of a checksum, enough to tell it from any other.

    >>> short_hash("0123456789abcdef")
    '0123456789ab'
    """
    return value[:12]


@register.filter
def learned_from(training_set: TrainingSet) -> str:
    """Say in a few words what a version was trained from."""
    if training_set.mode == "labels":
        labels = training_set.summary.get("labels", 0)
        return formats.counted(labels, "graded label")
    titles = [f"“{source['title']}”" for source in training_set.sources]
    lists = sum(int(source["slates"]) for source in training_set.sources)
    before = f" and {len(titles) - 1} before it" if len(titles) > 1 else ""
    return f"{titles[-1] if titles else 'no session'}{before}, {formats.counted(lists, 'list')}"


@register.filter
def clock(value: str | datetime) -> SafeString:
    """Write the time of day of a line in a log, whose moments are stored as text.

    >>> clock("2025-09-02T18:01:02.345Z").partition(">")[2]
    '18:01:02</time>'
    """
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return zones.marked_up(at, f"{timezone.localtime(at):%H:%M:%S}")
