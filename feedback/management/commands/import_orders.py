"""`manage.py import_orders PROJECT FILE --from argilla`: orders that were collected with another tool."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from feedback.exchange.peers import Naming
from feedback.services.importing_orders import READERS, OrdersRequest, import_orders
from ranking.errors import NoChampion
from ranking.management.commands._importing import ImportCommand, project_of


class Command(ImportCommand):
    """Import orders of Argilla, Label Studio or PrefLib as a closed session."""

    help = "Import orders from Argilla, Label Studio or PrefLib; they become a closed session."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the file and what its fields mean."""
        parser.add_argument("project", help="slug of a loaded project")
        parser.add_argument("file", type=Path)
        parser.add_argument("--from", dest="tool", choices=sorted(READERS), required=True)
        parser.add_argument("--title", default="", help="of the session; named after the file when left out")
        parser.add_argument("--query", default="", help="key of the need, where the file is about one")
        parser.add_argument(
            "--query-field", default="", help="path to the key of the need, like metadata.need"
        )
        parser.add_argument("--item-field", default="", help="path to the key of an item; may hold {option}")
        parser.add_argument("--list-field", default="items", help="Label Studio: the listed items (items)")
        parser.add_argument("--left-field", default="left", help="Label Studio: key of the left item (left)")
        parser.add_argument("--right-field", default="right", help="Label Studio: of the right one (right)")
        parser.add_argument("--question", default="", help="name of the question or control, if several")
        parser.add_argument(
            "--buckets", default="", help="Label Studio: buckets of a Ranker, best first: a,b,c"
        )
        parser.add_argument(
            "--unsorted", default="", help="Label Studio: the bucket in which items start (default=true)"
        )
        parser.add_argument(
            "--person", action="append", default=[], metavar="ID=NAME", help="who an id of the file is here"
        )
        parser.add_argument(
            "--trust-order", action="store_true", help="Argilla: a list of bare names is best first"
        )
        parser.add_argument(
            "--random-order", action="store_true", help="Label Studio: the items were listed in random order"
        )
        super().add_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import the file."""
        project = project_of(options["project"])
        plain = ("query", "query_field", "item_field", "list_field", "left_field", "right_field", "unsorted")
        naming = Naming(
            **{name: options[name] for name in plain},
            question=options["question"],
            buckets=tuple(filter(None, map(str.strip, options["buckets"].split(",")))),
            people=dict(_pair(text) for text in options["person"]),
            trust_order=options["trust_order"],
        )
        request = OrdersRequest(
            options["file"], options["tool"], naming, options["title"], options["random_order"]
        )
        try:
            self.run(lambda how: import_orders(project, request, how), dry_run=options["dry_run"])
        except NoChampion as error:
            raise CommandError(f"{error}; nothing was written") from None


def _pair(text: str) -> tuple[str, str]:
    identity, sign, name = text.partition("=")
    if not (identity and sign and name):
        raise CommandError(f"--person: expected ID=NAME, found {text!r}")
    return identity, name
