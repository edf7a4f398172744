"""What a blind comparison of two versions found, in figures and in words. Reads only; decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from feedback.models import ComparisonSession, ListAnswer, ListChoice
from feedback.sides import CHALLENGER, CHAMPION, EQUAL, Share, share
from ranking.formats import counted
from ranking.services.candidates import description_of

Kind = ListAnswer.Kind
SIDES = {Kind.LEFT: ListChoice.Side.LEFT, Kind.RIGHT: ListChoice.Side.RIGHT}


@dataclass(frozen=True)
class ExpertResult:
    """How far one expert has come, and how their answers fell."""

    username: str
    name: str
    total: int
    done: int
    share: Share


@dataclass(frozen=True)
class Said:
    """One remark: what an expert wrote about two lists, and for which version the answer was."""

    need: str
    expert: str
    verdict: str
    text: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """What the answers say: over all needs, and over those that neither version can have learned from.

    `left` is how often the left list was preferred, of `sided` answers that preferred one: about half, unless
    experts lean to a side.
    """

    session: ComparisonSession
    total: int
    done: int
    every: Share
    held_out: Share
    others: Share
    neither: int
    outside_knowledge: int
    conflicts: int
    left: int
    sided: int
    experts: tuple[ExpertResult, ...]
    remarks: tuple[Said, ...]

    @property
    def words(self) -> str:
        """The result in one sentence."""
        return in_words(self.every, self.session.challenger.number, self.session.champion.number)


def result_of(session: ComparisonSession) -> Result:
    """Return the result of a comparison, open or closed."""
    choices = list(
        session.choices.select_related("answer", "expert", "query").order_by("expert__username", "position")
    )
    answered = [choice for choice in choices if hasattr(choice, "answer")]
    kinds = Counter(choice.answer.kind for choice in answered)
    return Result(
        session=session,
        total=len(choices),
        done=len(answered),
        every=_share(answered),
        held_out=_share(choice for choice in answered if choice.held_out),
        others=_share(choice for choice in answered if not choice.held_out),
        neither=kinds[Kind.NEITHER],
        outside_knowledge=kinds[Kind.OUTSIDE_KNOWLEDGE],
        conflicts=kinds[Kind.CONFLICT_OF_INTEREST],
        left=kinds[Kind.LEFT],
        sided=kinds[Kind.LEFT] + kinds[Kind.RIGHT],
        experts=tuple(_by_expert(choices)),
        remarks=tuple(_remarks(session, answered)),
    )


def in_words(found: Share, challenger: int, champion: int) -> str:
    """Say what was found, with the share and its interval.

    >>> in_words(share([(need, 0.5) for need in range(6)] + [(6, 1.0)]), 3, 2).partition("preferred ")[2]
    'version 3 in 1, version 2 in 0, and held 6 for equal: 57 % (25 to 84 %).'
    >>> in_words(share([(1, 1.0)]), 3, 2)
    'In 1 blind choice, experts preferred version 3 in 1 and version 2 in 0: 100 %.'
    >>> in_words(share([]), 3, 2)
    'No list has been chosen in the blind comparison yet.'
    """
    if found.value is None:
        return "No list has been chosen in the blind comparison yet."
    choices = counted(found.answers, "blind choice")
    sides = [f"version {challenger} in {found.challenger:,}", f"version {champion} in {found.champion:,}"]
    parts = f"{', '.join(sides)}, and held {found.equal:,} for equal" if found.equal else " and ".join(sides)
    interval = "" if found.low is None or found.high is None else f" ({_range(found.low, found.high)})"
    return f"In {choices}, experts preferred {parts}: {100 * found.value:.0f} %{interval}."


def _range(low: float, high: float) -> str:
    return f"{100 * low:.0f} to {100 * high:.0f} %"


def _share(answered: Iterable[ListChoice]) -> Share:
    """Count what prefers one of the two, or neither of them to the other."""
    values = [(choice.query_id, _value(choice)) for choice in answered]
    return share([(need, value) for need, value in values if value is not None])


def _value(choice: ListChoice) -> float | None:
    kind = choice.answer.kind
    if kind in SIDES:
        return CHALLENGER if SIDES[kind] == choice.challenger_side else CHAMPION
    return EQUAL if kind == Kind.EQUAL else None


def _by_expert(choices: Sequence[ListChoice]) -> Iterable[ExpertResult]:
    for expert in dict.fromkeys(choice.expert for choice in choices):
        own = [choice for choice in choices if choice.expert_id == expert.pk]
        done = [choice for choice in own if hasattr(choice, "answer")]
        name = expert.get_full_name() or expert.username
        yield ExpertResult(expert.username, name, len(own), len(done), _share(done))


def _remarks(session: ComparisonSession, answered: Iterable[ListChoice]) -> Iterable[Said]:
    labels = {tag.name: tag.label for tag in description_of(session.project).reason_tags}
    for choice in answered:
        if choice.answer.comment or choice.answer.reason_tags:
            yield Said(
                need=choice.query.title,
                expert=choice.expert.get_full_name() or choice.expert.username,
                verdict=_verdict(session, choice),
                text=choice.answer.comment,
                reasons=tuple(labels.get(tag, tag) for tag in choice.answer.reason_tags),
            )


def _verdict(session: ComparisonSession, choice: ListChoice) -> str:
    won = {CHALLENGER: session.challenger.number, CHAMPION: session.champion.number}
    value = _value(choice)
    return f"version {won[value]}" if value in won else choice.answer.get_kind_display()
