"""Values that experts missed: who asked for which, and what became of it.

Every judgement of the kind "missing information" opens a gap. Notes are appended, and the latest one says
where it stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from feedback.errors import InvalidGapNote
from feedback.models import FeedbackSession, GapNote, Judgement, SlateItem
from feedback.submitting import NOT_PLAIN
from ranking.content import is_storable
from ranking.models import Project
from ranking.services.candidates import description_of

OPEN = "open"
STATES = (OPEN, GapNote.Kind.ANSWERED.value, GapNote.Kind.CLOSED.value)
LONGEST_TEXT = 2000


@dataclass(frozen=True)
class Gap:
    """One missing value: `label` of the field, `items` the names of the cards it is about, if any were."""

    judgement: Judgement
    label: str
    items: tuple[str, ...]
    notes: tuple[GapNote, ...]

    @property
    def state(self) -> str:
        """Where it stands: open, answered or closed."""
        kind = self.notes[-1].kind if self.notes else GapNote.Kind.REOPENED
        return OPEN if kind == GapNote.Kind.REOPENED else str(kind)

    @property
    def answer(self) -> str:
        """What was answered last; empty while nothing was."""
        answers = [note.text for note in self.notes if note.kind == GapNote.Kind.ANSWERED]
        return answers[-1] if answers and self.state != OPEN else ""


def gaps_of(project: Project, state: str = "") -> list[Gap]:
    """Return the gaps of a project, latest first; `state` takes those that stand so."""
    found = _gaps(judgements().filter(slate__session__project=project), project)
    return [gap for gap in found if state in ("", gap.state)]


def told_to(expert: User, session: FeedbackSession) -> list[Gap]:
    """Return the gaps that an expert named in a session."""
    return _gaps(judgements().filter(slate__session=session, expert=expert), session.project)


def in_session(session: FeedbackSession) -> list[Gap]:
    """Return the gaps that a session opened, latest first."""
    return _gaps(judgements().filter(slate__session=session), session.project)


def gap_of(judgement: Judgement) -> Gap:
    """Return the gap that a judgement opened."""
    return _gaps(judgements().filter(pk=judgement.pk), judgement.slate.session.project)[0]


def counts_of(gaps: Iterable[Gap]) -> Mapping[str, int]:
    """Return how many gaps there are in each state."""
    counted = Counter(gap.state for gap in gaps)
    return {state: counted[state] for state in STATES}


def open_fields(gaps: Iterable[Gap]) -> list[tuple[str, int]]:
    """Return the fields that are missed most, of gaps that are open."""
    return Counter(gap.label for gap in gaps if gap.state == OPEN).most_common()


def note(judgement: Judgement, kind: str, *, by: str, text: str = "") -> Gap:
    """Append what became of a gap: answered (in words, which the expert reads), closed, or open again.

    Raises InvalidGapNote, naming the field.
    """
    text = text.strip()
    if kind not in GapNote.Kind.values:
        raise InvalidGapNote(f"expected one of {', '.join(GapNote.Kind.values)}", "kind")
    if kind == GapNote.Kind.ANSWERED and not text:
        raise InvalidGapNote("say what the answer is: the expert reads it", "text")
    if not is_storable(text):
        raise InvalidGapNote(NOT_PLAIN, "text")
    if len(text) > LONGEST_TEXT:
        raise InvalidGapNote(f"at most {LONGEST_TEXT} characters", "text")
    with transaction.atomic():
        Judgement.objects.select_for_update(of=("self",)).get(pk=judgement.pk)  # of two at once, one is later
        state = gap_of(judgement).state
        if state == {GapNote.Kind.CLOSED: "closed", GapNote.Kind.REOPENED: OPEN}.get(GapNote.Kind(kind)):
            raise InvalidGapNote(f"it is {state} already", "kind")
        GapNote.objects.create(judgement=judgement, kind=kind, text=text, by=by)
    return gap_of(judgement)


def judgements() -> QuerySet[Judgement]:
    """Return the judgements that open a gap, latest first."""
    return (
        Judgement.objects.filter(kind=Judgement.Kind.MISSING_INFORMATION)
        .select_related("slate__query", "slate__session__project", "expert__member")
        .prefetch_related("gap_notes")
        .order_by("-id")
    )


def _gaps(rows: QuerySet[Judgement], project: Project) -> list[Gap]:
    found = list(rows)
    named = {card for judgement in found for card in judgement.items}
    titles: dict[Any, str] = dict(
        SlateItem.objects.filter(pk__in=named).values_list("pk", "item_version__item__title")
    )
    labels = {field.name: field.label for field in description_of(project).item.fields}
    return [
        Gap(
            judgement=judgement,
            label=labels.get(judgement.field, judgement.field),
            items=tuple(titles[card] for card in judgement.items),
            notes=tuple(judgement.gap_notes.all()),
        )
        for judgement in found
    ]
