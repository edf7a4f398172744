"""How tests ask for the admin's pages of a project's model, and act on them."""

from __future__ import annotations

from django.urls import reverse

from tests.pages import text_of


def page(client, name, *args, **options):
    """Return the text of a page, its white space as one blank."""
    answer = client.get(reverse(f"ranking:{name}", args=["advisers", *args]), **options)
    assert answer.status_code == 200, answer.status_code
    return text_of(answer)


def send(client, name, *args, **body):
    return client.post(reverse(f"ranking:{name}", args=["advisers", *args]), body, follow=True)
