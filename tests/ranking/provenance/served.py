"""The lines of a served list, and damage to the file that says where a version comes from."""

from __future__ import annotations

from django.core.files.storage import default_storage


def lines(ranking):
    return list(
        ranking.matches.select_related("item_version__item", "ranking__version", "ranking__query__project")
    )


def damage(version):
    """Write other bytes under the name of the version's provenance."""
    with default_storage.open(version.provenance_file, "wb") as handle:
        handle.write(b"not what was written")
