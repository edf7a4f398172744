"""What `manage.py check --deploy` looks at beside Django's own checks."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register

from ranking.errors import BrokenFile
from ranking.services import files


@register(Tags.files, deploy=True)
def file_store_takes_files(**_: Any) -> list[CheckMessage]:
    """Write a file to the store and read it back: who deploys finds a wrong key, not the first training."""
    try:
        files.try_out()
    except BrokenFile as error:
        why = f" It said: {error.__cause__}" if error.__cause__ else ""
        hint = f"Look at TIEBREAK_STORAGE and TIEBREAK_STORAGE_OPTIONS.{why}"
        return [Error(f"The file store can't be used: {error}.", hint=hint, id="tiebreak.E001")]
    return []
