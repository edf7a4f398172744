"""A project's description: what ``project.toml`` may say, and how it is read and checked."""

from ranking.description.errors import DescriptionError
from ranking.description.project import (
    Field,
    Files,
    NounDescription,
    ProjectDescription,
    ReasonTag,
    Segment,
)
from ranking.description.reading import FILE_NAME, from_dict, read_description

__all__ = [
    "FILE_NAME",
    "DescriptionError",
    "Field",
    "Files",
    "NounDescription",
    "ProjectDescription",
    "ReasonTag",
    "Segment",
    "from_dict",
    "read_description",
]
