#!/usr/bin/env python
"""Command line of Tiebreak: `python manage.py help` lists what it can do."""

import os
import sys


def main() -> None:
    """Hand the command line over to Django with the project's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:  # Django's own commands, or a database that goes away meanwhile
        if "--traceback" in sys.argv:
            raise
        from ranking.management.database import unreachable

        sys.exit(unreachable(error))


if __name__ == "__main__":
    main()
