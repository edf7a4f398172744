"""The demonstration, step by step; each finds out whether it was done, so that it can be cut off anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User

from feedback.models import FeedbackSession, Member
from feedback.services import sessions, simulating
from feedback.services.people import PersonRequest, create_person, keep_own_password
from feedback.services.sessions import SessionRequest
from feedback.simulation import Kind, SimulatedExpert, read_utility
from ranking.models import Evaluation, ModelVersion, Organisation, Project
from ranking.services import versions
from ranking.services.versions import PromotionRequest

FOLDER = Path(settings.BASE_DIR) / "fixtures" / "advisers"
PASSWORD = "tiebreak-demo"  # noqa: S105 - of a server that listens on this machine alone
SLATES_EACH = 30
VISITORS_SLATES = 6
FIRST_ROUND, SECOND_ROUND = "Autumn round, simulated", "Your round"
BY = "demonstration"


@dataclass(frozen=True)
class LogIn:
    """One way in for the visitor."""

    role: str
    username: str
    what: str


LOG_INS = (
    LogIn(Member.Role.ADMIN, "admin", "compare versions, retrain, promote, hold sessions"),
    LogIn(Member.Role.EXPERT, "expert", "put six short lists in order"),
    LogIn(Member.Role.READER, "reader", "see ranked advisers for your mandates, and why"),
)
PANEL: tuple[tuple[str, str, Kind], ...] = (
    ("clara", "Clara Careful", "careful"),
    ("mika", "Mika Methodical", "careful"),
    ("ken", "Ken Careless", "careless"),
    ("ann", "Ann Anchored", "anchored"),
    ("bo", "Bo Biased", "biased"),
)


def is_complete() -> bool:
    """Say whether an earlier run came to the end: the visitor's session is opened last."""
    return FeedbackSession.objects.filter(project__slug=FOLDER.name, title=SECOND_ROUND).exists()


def create_people(project: Project) -> None:
    """Create one log-in a role for the visitor, and the simulated panel, who can't log in."""
    organisation = Organisation.objects.filter(queries__project=project).order_by("name").first()
    for log_in in LOG_INS:
        of_reader = organisation if log_in.role == Member.Role.READER else None
        _create(PersonRequest(log_in.username, log_in.role, organisation=of_reader), PASSWORD)
    for username, name, _ in PANEL:
        _create(PersonRequest(username, Member.Role.EXPERT, full_name=name, simulated=True), None)


def _create(request: PersonRequest, password: str | None) -> None:
    if User.objects.filter(username=request.username).exists():
        return
    member, _ = create_person(request)
    # It is printed for the visitor, and nobody else's. None: nobody can log in as a simulated expert.
    keep_own_password(member.user, password)


def hold_first_round(
    project: Project, on_progress: Callable[[int, int], None] = lambda _done, _total: None
) -> FeedbackSession:
    """Open, judge and close the session of the simulated panel."""
    session = project.sessions.filter(title=FIRST_ROUND).first() or sessions.open_session(
        project,
        SessionRequest(
            title=FIRST_ROUND,
            instructions="Judged by simulated experts with a declared hidden utility.",
            slates_per_expert=SLATES_EACH,
            simulated=True,
            seed=1,
        ),
        experts=list(User.objects.filter(username__in=[row[0] for row in PANEL]).order_by("username")),
        by=BY,
    )
    if session.state == FeedbackSession.State.OPEN:
        simulating.judge_session(
            session, read_utility(FOLDER / "utility.toml"), panel(), on_progress=on_progress
        )
        sessions.close_session(session)
    return session


def panel() -> dict[str, SimulatedExpert]:
    """Return the simulated experts by user name."""
    return {
        username: SimulatedExpert(kind=kind, seed=seed)
        for seed, (username, _, kind) in enumerate(PANEL, start=1)
    }


def promote_if_better(version: ModelVersion) -> bool:
    """Put a version in service when its evaluation says better; say whether it is in service now."""
    in_service = versions.current_champion(version.project)
    if in_service is not None and in_service.number >= version.number:
        return in_service == version
    evaluation = version.evaluations.first()
    if evaluation is None or evaluation.verdict != Evaluation.Verdict.PROMOTE:
        return False
    request = PromotionRequest(by=BY, reason=evaluation.reason_with_fall, expected_sha256=version.sha256)
    versions.promote(version, request)
    return True


def open_second_round(project: Project) -> FeedbackSession:
    """Open the session that waits for the visitor."""
    return project.sessions.filter(title=SECOND_ROUND).first() or sessions.open_session(
        project,
        SessionRequest(
            title=SECOND_ROUND,
            instructions="Put the best match first. Rank as many as you like; leave the rest below the line.",
            slates_per_expert=VISITORS_SLATES,
            items_per_slate=6,
            seed=2,
        ),
        experts=[User.objects.get(username="expert")],
        by=BY,
    )
