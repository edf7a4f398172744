"""People: who may log in, as what, and for which organisation. Passwords are made here and shown once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import Group, User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.crypto import get_random_string
from rest_framework.authtoken.models import Token

from feedback.errors import InvalidPerson
from feedback.models import ComparisonSession, FeedbackSession, Member, Slate
from feedback.services import inviting
from ranking.models import Organisation

log = structlog.get_logger(__name__)
# Without the letters and digits that are taken for each other when read aloud or from paper.
PASSWORD_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105 - an alphabet
PASSWORD_GROUPS = 4
PASSWORD_GROUP_LENGTH = 4
IMPORTED = "imported"  # the group of people who came with a file and never had a log-in here


@dataclass(frozen=True)
class PersonRequest:
    """What an admin asks for when somebody is to get a log-in."""

    username: str
    role: str
    full_name: str = ""
    email: str = ""
    organisation: Organisation | None = None
    simulated: bool = False


def everybody() -> QuerySet[Member]:
    """Return all people, each with `imported`: whether they came with a file."""
    came = Group.objects.filter(name=IMPORTED, user=OuterRef("user"))
    return Member.objects.select_related("user", "organisation").annotate(imported=Exists(came))


def create_person(request: PersonRequest) -> tuple[Member, str]:
    """Create a user with one role; return the membership and the temporary password, which is kept nowhere.

    An admin of the product is no operator: they get no way into Django's own admin.
    Raises InvalidPerson, naming the field.
    """
    _check(request)
    password = temporary_password()
    first, _, last = request.full_name.strip().partition(" ")
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                request.username, email=request.email, password=password, first_name=first, last_name=last
            )
            member = Member.objects.create(
                user=user,
                role=request.role,
                organisation=request.organisation,
                simulated=request.simulated,
                has_temporary_password=not request.simulated,
            )
    except IntegrityError as error:
        raise InvalidPerson(f"somebody is called “{request.username}” already", "username") from error
    return member, password


def renew_password(member: Member) -> str:
    """Give a person a new temporary password; API token, log-in links and browser sessions end with it."""
    password = temporary_password()
    with transaction.atomic():
        member.user.set_password(password)
        member.user.save(update_fields=["password"])
        Member.objects.filter(pk=member.pk).update(has_temporary_password=True)
        _end_what_the_password_opened(member.user)
    return password


def keep_own_password(user: User, password: str | None) -> None:
    """Give a person the password that they chose, or none; API token and log-in links end.

    Whoever knew the old one may hold them. Browser sessions end with the old password by themselves.
    """
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        Member.objects.filter(user=user).update(has_temporary_password=False)
        _end_what_the_password_opened(user)


def _end_what_the_password_opened(user: User) -> None:
    end_token(user)
    inviting.withdraw_links(user)


def choose_time_zone(user: User, name: str) -> None:
    """Show a person times in a zone from the next request on; in the installation's for an empty name."""
    Member.objects.filter(user=user).update(time_zone=name)


def end_token(user: User) -> None:
    """Take a person's API token away; another one is asked for with the password."""
    Token.objects.filter(user=user).delete()


def suspend(member: Member, *, by: User) -> None:
    """Take the log-in away, for good what was logged in; what the person did stays.

    Raises InvalidPerson for oneself.
    """
    if member.user_id == by.pk:
        raise InvalidPerson("nobody can lock themselves out")
    with transaction.atomic():
        User.objects.filter(pk=member.user_id).update(is_active=False)
        end_token(member.user)
        inviting.withdraw_links(member.user)
        _end_sessions(member.user)


def change(member: Member, asked: Mapping[str, Any], *, by: User) -> None:
    """Change of a person what is asked for (`active`, `role`, `organisation`), all or nothing.

    Who becomes something else than a reader leaves the organisation. Raises InvalidPerson.
    """
    with transaction.atomic():
        if "role" in asked or "organisation" in asked:
            role = asked.get("role", member.role)
            kept = member.organisation if role == Member.Role.READER else None
            change_role(member, role, asked.get("organisation", kept), by=by)
        if "active" in asked:
            if asked["active"]:
                readmit(member)
            else:
                suspend(member, by=by)


def change_role(member: Member, role: str, organisation: Organisation | None, *, by: User) -> None:
    """Put a person in another role or organisation, from the next request on; what they did stays.

    Raises InvalidPerson, naming the field: for one's own role, so that an admin always remains; for whom the
    program plays; and for an expert with lists that would then be left without anybody to judge them.
    """
    with transaction.atomic():
        # Two admins who take each other's role at once would leave none: the second one finds the role gone.
        admins = Member.objects.select_for_update().filter(role=Member.Role.ADMIN)
        if by.pk not in set(admins.values_list("user_id", flat=True)):
            raise InvalidPerson("only an admin changes roles", "role")
        _check_role(role, organisation)
        before = Member.objects.get(pk=member.pk)
        if role != before.role:
            _check_leaves(before, by)
            # A link that was sent to an expert must not log an admin in, nor work again once they are back.
            inviting.withdraw_links(before.user)
        Member.objects.filter(pk=member.pk).update(role=role, organisation=organisation)
    member.role, member.organisation = role, organisation
    log.info(
        "role_changed",
        username=member.user.get_username(),
        role=role,
        organisation=organisation.slug if organisation else None,
        role_before=before.role,
        by=by.get_username(),
    )


def _check_leaves(member: Member, by: User) -> None:
    """Raise InvalidPerson where somebody may not leave their role."""
    if member.user_id == by.pk:
        raise InvalidPerson("nobody takes their own role away: ask another admin", "role")
    if member.simulated:
        raise InvalidPerson("a simulated expert stays one", "role")
    waiting = _waiting_for(member.user)
    if waiting:
        what = ", ".join(f"“{title}”" for title in waiting)
        raise InvalidPerson(f"has lists to judge in {what}: hand them over, or close it, first", "role")


def _waiting_for(expert: User) -> list[str]:
    """Return the titles of what is open and waits for an expert's answers."""
    sessions = FeedbackSession.objects.filter(
        state=FeedbackSession.State.OPEN, slates__expert=expert, slates__state=Slate.State.OPEN
    )
    comparisons = ComparisonSession.objects.filter(
        state=ComparisonSession.State.OPEN, choices__expert=expert, choices__answer__isnull=True
    )
    titles = [
        rows.order_by("pk").values_list("title", flat=True).distinct() for rows in (sessions, comparisons)
    ]
    return [title for found in titles for title in found]


def _end_sessions(user: User) -> None:
    """End what a person has open in browsers: with the log-in given back, it would go on."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()):
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()


def readmit(member: Member) -> None:
    """Give the log-in back, and no link with it: one that was made beside the suspension is unused still."""
    with transaction.atomic():
        User.objects.filter(pk=member.user_id).update(is_active=True)
        inviting.withdraw_links(member.user)


def temporary_password() -> str:
    """Return a password that can be read out: four groups of four, about 79 bits.

    >>> [len(group) for group in temporary_password().split("-")]
    [4, 4, 4, 4]
    """
    groups = (get_random_string(PASSWORD_GROUP_LENGTH, PASSWORD_ALPHABET) for _ in range(PASSWORD_GROUPS))
    return "-".join(groups)


def _check(request: PersonRequest) -> None:
    try:
        UnicodeUsernameValidator()(request.username)
    except ValidationError:
        raise InvalidPerson("letters, digits and @ . + - _ only", "username") from None
    if len(request.username) > 150:
        raise InvalidPerson("at most 150 characters", "username")
    if User.objects.filter(username__iexact=request.username).exists():
        raise InvalidPerson(f"somebody is called “{request.username}” already", "username")
    _check_role(request.role, request.organisation)
    if request.email:
        try:
            validate_email(request.email)
        except ValidationError:
            raise InvalidPerson("not an e-mail address", "email") from None


def _check_role(role: str, organisation: Organisation | None) -> None:
    if role not in Member.Role.values:
        raise InvalidPerson(f"expected one of {', '.join(Member.Role.values)}", "role")
    if role == Member.Role.READER and organisation is None:
        raise InvalidPerson("a reader sees the needs of an organisation: say which", "organisation")
    if role != Member.Role.READER and organisation is not None:
        raise InvalidPerson("only a reader belongs to an organisation", "organisation")
