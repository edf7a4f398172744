"""What tests read off an answer with a page: its text, and what was said of an act."""

from __future__ import annotations

import re


def text_of(answer):
    """Return the text of an answer, its white space as one blank."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def said(answer):
    """Return the messages of the page that an act led to."""
    return [str(message) for message in answer.context["messages"]]
