"""What the embedded default makes for itself under `var/`, once: a secret key and the broker's folders."""

import contextlib
import os
import tempfile
from pathlib import Path

from django.core.management.utils import get_random_secret_key


def secret_key(var_dir: Path) -> str:
    """Return the key in `var/secret_key`, and make one, readable by the owner alone, if there is none."""
    path = var_dir / "secret_key"
    if not path.exists():
        create_once(path, get_random_secret_key())
    return path.read_text(encoding="utf-8").strip()


def broker_folders(var_dir: Path) -> dict[str, str]:
    """Create the folders of the `filesystem://` broker and return its transport options.

    What is put in must be what is taken out, so both folders are one.
    """
    queue, control = var_dir / "broker" / "queue", var_dir / "broker" / "control"
    for folder in (queue, control):
        folder.mkdir(parents=True, exist_ok=True)
    return {"data_folder_in": str(queue), "data_folder_out": str(queue), "control_folder": str(control)}


def create_once(path: Path, text: str) -> None:
    """Write a whole file or none: web server and worker may start at the same moment; one key must win."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        os.unlink(temporary)
