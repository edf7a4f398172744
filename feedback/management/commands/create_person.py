"""`manage.py create_person`: the first admin of an installation, and anybody else from a shell."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from feedback.errors import InvalidPerson
from feedback.models import Member
from feedback.services.people import PersonRequest, create_person
from ranking.management.database import DatabaseCommand
from ranking.models import Organisation


class Command(DatabaseCommand):
    """Create a log-in with one role and print its temporary password, once."""

    help = "Create a log-in with one role; its temporary password is printed and kept nowhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("username")
        parser.add_argument("role", choices=Member.Role.values)
        parser.add_argument("--organisation", help="slug; a reader needs one")
        parser.add_argument("--name", default="", help="full name")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Create the person, or say which option is wrong."""
        organisation = None
        if options["organisation"]:
            organisation = Organisation.objects.filter(slug=options["organisation"]).first()
            if organisation is None:
                known = ", ".join(Organisation.objects.values_list("slug", flat=True)) or "none"
                raise CommandError(
                    f"--organisation: there is no {options['organisation']}; there are: {known}"
                )
        request = PersonRequest(
            options["username"], options["role"], full_name=options["name"], organisation=organisation
        )
        try:
            _, password = create_person(request)
        except InvalidPerson as error:
            raise CommandError(f"{error.field}: {error}") from error
        self.stdout.write(password)
