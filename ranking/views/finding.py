"""What addresses name -> rows; a missing one answers 404. And what a refused act says to a person."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from ranking.models import ModelVersion, Project


def find_project(slug: str) -> Project:
    """Return the project of that slug or raise Http404."""
    return get_object_or_404(Project, slug=slug)


def find_version(project: Project, number: int) -> ModelVersion:
    """Return a project's version by its number or raise Http404."""
    versions = project.versions.select_related("parent", "training_set", "feature_set")
    return get_object_or_404(versions, number=number)


def sentence(error: Exception) -> str:
    """Write an error of a service as a sentence.

    >>> sentence(ValueError("version 2 is in service already"))
    'Version 2 is in service already.'
    """
    text = str(error).strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "…")) else ".")


def tell(request: HttpRequest, error: Exception) -> None:
    """Show a refused act on the next page."""
    messages.error(request, sentence(error))
