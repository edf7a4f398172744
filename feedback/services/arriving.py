"""People and contents that a file brings along: made where they are unknown, never changed where known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.contrib.auth.models import Group, User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError

from feedback.exchange.checking import Complaints
from feedback.exchange.schema import Record
from feedback.models import Member
from feedback.services.people import IMPORTED
from ranking.models import Item, ItemVersion, Project


def check_names(people: Sequence[Record], complaints: Complaints) -> None:
    """Complain about unknown people whose user names could not be given to anybody here."""
    known = {name.casefold(): name for name in User.objects.values_list("username", flat=True)}
    for person in people:
        name = person.values["expert"]
        if known.get(name.casefold()) == name:
            continue
        if name.casefold() in known:
            complaints.add(
                person, "expert", f"{known[name.casefold()]!r} differs from it in letters' case only"
            )
        try:
            UnicodeUsernameValidator()(name)
        except ValidationError:
            complaints.add(person, "expert", f"{name!r}: letters, digits and @ . + - _ only")
        known[name.casefold()] = name


def bring_people(people: Sequence[Record]) -> tuple[dict[str, User], int]:
    """Return the users by name, and how many were made: experts without a log-in, marked as imported."""
    names = [person.values["expert"] for person in people]
    users = {user.username: user for user in User.objects.filter(username__in=names)}
    strangers = [person.values for person in people if person.values["expert"] not in users]
    if strangers:
        group, _ = Group.objects.get_or_create(name=IMPORTED)
    for person in strangers:
        user = User(
            username=person["expert"],
            first_name=person["first_name"],
            last_name=person["last_name"],
            is_active=False,
        )
        user.set_unusable_password()
        user.save()
        user.groups.add(group)
        Member.objects.create(user=user, role=Member.Role.EXPERT, simulated=person["simulated"])
        users[user.username] = user
    return users, len(strangers)


def bring_items(project: Project, items: Iterable[Record]) -> tuple[Mapping[tuple[str, str], int], int]:
    """Return the ids of item versions by key and content hash, and how many were made; none becomes current.

    All keys must be known.
    """
    wanted = {(one.values["item"], one.values["content_hash"]): one.values["content"] for one in items}
    rows = ItemVersion.objects.filter(item__project=project).values_list("item__key", "content_hash", "pk")
    found = {(key, digest): pk for key, digest, pk in rows.iterator() if (key, digest) in wanted}
    missing = [key for key in wanted if key not in found]
    at = dict(Item.objects.filter(project=project).values_list("key", "id"))
    made = ItemVersion.objects.bulk_create(
        [
            ItemVersion(item_id=at[key], content_hash=digest, content=wanted[key, digest])
            for key, digest in missing
        ],
        batch_size=500,
    )
    ids = [version.pk for version in made]
    return {**found, **dict(zip(missing, ids, strict=True))}, len(made)
