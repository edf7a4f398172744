"""Browsing in tests: somebody who is logged in, the text of a page, and what was said of an act."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.urls import reverse


def logged_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(answer: Any) -> str:
    """Return the text of an answer, its white space as one blank."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


@dataclass(frozen=True)
class ProjectPages:
    """The pages of the project "advisers" in one app."""

    app: str

    def page(self, client: Client, name: str, *args: Any, **options: Any) -> str:
        """Return the text of a page, its white space as one blank."""
        answer = client.get(self._address(name, args), **options)
        assert answer.status_code == 200, answer.status_code
        return text_of(answer)

    def send(self, client: Client, name: str, *args: Any, **body: Any) -> Any:
        """Return the page that an act led to."""
        return client.post(self._address(name, args), body, follow=True)

    def _address(self, name: str, args: tuple[Any, ...]) -> str:
        return reverse(f"{self.app}:{name}", args=["advisers", *args])


def said(answer: Any) -> list[str]:
    """Return the messages of the page that an act led to."""
    return [str(message) for message in answer.context["messages"]]
