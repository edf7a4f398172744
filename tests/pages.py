"""Browsing in tests: somebody who is logged in, the text of a page, and what was said of an act."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client


def logged_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(answer: Any) -> str:
    """Return the text of an answer, its white space as one blank."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def said(answer: Any) -> list[str]:
    """Return the messages of the page that an act led to."""
    return [str(message) for message in answer.context["messages"]]
