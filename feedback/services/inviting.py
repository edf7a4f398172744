"""Log-in links for experts: each works once, for one person and one session or comparison, and not for long.

The secret is in the link alone; the row keeps its hash, so that nobody who reads the database can log in with
it. A new link takes the place of the earlier ones of the same person to the same place; a new password,
another role and a suspension take all of a person's links away.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format

from feedback.errors import FeedbackError, InvalidSession, InvitationUnusable, SessionClosed
from feedback.models import ComparisonSession, FeedbackSession, Invitation, Member
from feedback.models.sessions import LINK_HOURS, MOST_LINK_HOURS
from ranking.models import Project

SECRET_BYTES = 32
Target = FeedbackSession | ComparisonSession


def create_link(target: Target, expert: User, *, by: str, hours: int = LINK_HOURS) -> tuple[Invitation, str]:
    """Make a link for an expert of a session or a comparison; return its row and the secret, kept nowhere.

    Raises SessionClosed; InvalidSession, naming the field, for somebody who is not invited, may not log in,
    or is simulated.
    """
    _check_open(target)
    if not 1 <= hours <= MOST_LINK_HOURS:
        raise InvalidSession(f"expected 1 to {MOST_LINK_HOURS} hours", "hours")
    _check(target, expert)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    now = timezone.now()
    with transaction.atomic():
        # Of links made at once each waits for the one before it, and takes its place.
        _check_open(type(target).objects.select_for_update().get(pk=target.pk))
        earlier = target.invitations.filter(expert=expert)
        _withdraw(earlier)
        earlier.update(asked_again_at=None)
        row = target.invitations.create(
            expert=expert,
            secret_sha256=_hash(secret),
            created_by=by,
            expires_at=now + timedelta(hours=hours),
        )
    return row, secret


def withdraw_links(expert: User) -> None:
    """Take all links of a person away that were not used, wherever they lead."""
    _withdraw(Invitation.objects.filter(expert=expert))


def place_of(secret: str, person: User | AnonymousUser) -> Target | None:
    """Return where a link leads if it was made for this person, who is signed in, whatever became of it."""
    row = _row(secret)
    if row is None or row.expert != person or _expert_of(row.target, row.expert) is None:
        return None
    return row.target


def may_ask_again(secret: str) -> bool:
    """Say whether whoever has this link could be given a new one."""
    row = _row(secret)
    try:
        if row is not None:
            _check_open(row.target)
            _check(row.target, row.expert)
    except FeedbackError:
        return False
    return row is not None


def ask_again(secret: str) -> None:
    """Note that the holder of a link asks for a new one, as long as no new one is made; else do nothing."""
    row = _row(secret)
    if row is not None and may_ask_again(secret):
        latest = row.target.invitations.filter(expert=row.expert).first()
        Invitation.objects.filter(pk=latest.pk, asked_again_at=None).update(asked_again_at=timezone.now())


def asked_again(project: Project) -> QuerySet[Invitation]:
    """Return the links of open sessions and comparisons of a project in whose place a new one is wanted."""
    is_open = Q(session__project=project, session__state=FeedbackSession.State.OPEN) | Q(
        comparison__project=project, comparison__state=ComparisonSession.State.OPEN
    )
    found = Invitation.objects.filter(is_open, asked_again_at__isnull=False)
    return found.select_related("session", "comparison", "expert").order_by("asked_again_at")


def look_up(secret: str) -> Invitation:
    """Return the invitation of a link that still works. Raises InvitationUnusable, saying why."""
    row = _row(secret)
    if row is None:
        raise InvitationUnusable("This link is not one of ours; part of it may have been lost.")
    if row.used_at is not None:
        raise InvitationUnusable("This link has been used: each works once.")
    if not row.expert.is_active:
        raise InvitationUnusable("This log-in has been suspended.")
    if row.withdrawn_at is not None:
        newer = row.target.invitations.filter(expert=row.expert, pk__gt=row.pk).exists()
        raise InvitationUnusable(
            "A newer link has taken the place of this one." if newer else "This link has been withdrawn."
        )
    if row.expires_at <= timezone.now():
        raise InvitationUnusable("This link has expired.")
    if row.target.state != FeedbackSession.State.OPEN:
        raise InvitationUnusable("The session that this link leads to is closed.")
    if _expert_of(row.target, row.expert) is None:
        raise InvitationUnusable("This link is for an expert of the session, and you are none any more.")
    return row


def redeem(secret: str) -> Invitation:
    """Use a link up, by one conditional update: of two clicks at once, one gets in.

    Raises InvitationUnusable.
    """
    row = look_up(secret)
    taken = Invitation.objects.filter(pk=row.pk, used_at__isnull=True, withdrawn_at__isnull=True).update(
        used_at=timezone.now()
    )
    if not taken:
        return redeem(secret)  # used or withdrawn since it was looked up, for good: now that says which
    row.refresh_from_db()
    return row


def latest_in_words(target: Target, expert: User) -> str:
    """Return what became of the latest link of an expert; empty if there was none."""
    row = target.invitations.filter(expert=expert).first()
    if row is None:
        return ""
    asked = f" A new one was asked for on {_date(row.asked_again_at)}." if row.asked_again_at else ""
    return _became_of(row) + asked


def _became_of(row: Invitation) -> str:
    if row.used_at is not None:
        return f"the latest link was used on {_date(row.used_at)}."
    if row.withdrawn_at is not None:
        return f"the latest link was withdrawn unused on {_date(row.withdrawn_at)}."
    if row.expires_at <= timezone.now():
        return f"the latest link expired unused on {_date(row.expires_at)}."
    return f"the latest link is unused and works until {_date(row.expires_at)}; a new one takes its place."


def _row(secret: str) -> Invitation | None:
    found = Invitation.objects.select_related("session", "comparison", "expert")
    return found.filter(secret_sha256=_hash(secret)).first()


def _date(moment: datetime) -> str:
    """
    >>> from datetime import UTC
    >>> _date(datetime(2026, 3, 5, 9, 30, tzinfo=UTC))
    '5 March 2026, 09:30 (UTC)'
    """
    zone = timezone.get_current_timezone_name()
    return f"{date_format(timezone.localtime(moment), 'j F Y, H:i')} ({zone})"


def _takes_part(target: Target, expert: User) -> bool:
    if isinstance(target, ComparisonSession):
        return target.choices.filter(expert=expert).exists()
    return target.participations.filter(expert=expert).exists()


def _expert_of(target: Target, person: User) -> Member | None:
    """Return the membership of an expert who takes part; None for anybody else."""
    member = Member.objects.filter(user=person, role=Member.Role.EXPERT).first()
    return member if member and _takes_part(target, person) else None


def _withdraw(links: QuerySet[Invitation]) -> None:
    links.filter(used_at__isnull=True, withdrawn_at__isnull=True).update(withdrawn_at=timezone.now())


def _check_open(target: Target) -> None:
    if target.state != FeedbackSession.State.OPEN:
        raise SessionClosed("this session is closed: a link would lead nowhere")


def _check(target: Target, expert: User) -> None:
    member = _expert_of(target, expert)
    if member is None:
        raise InvalidSession(f"{expert.get_username()} is not an expert of this session", "expert")
    if member.simulated:
        raise InvalidSession(f"{expert.get_username()} is simulated and cannot log in", "expert")
    if not expert.is_active:
        raise InvalidSession(f"the log-in of {expert.get_username()} is suspended", "expert")


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
