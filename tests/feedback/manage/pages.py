"""How tests ask for the admin's pages of a project and act on them, and the cards as a slate shows them."""

from __future__ import annotations

from django.urls import reverse

from tests.pages import text_of


def page(client, name, *args, **options):
    """Return the text of a page of the project."""
    answer = client.get(reverse(f"feedback:{name}", args=["advisers", *args]), **options)
    assert answer.status_code == 200, answer.status_code
    return text_of(answer)


def send(client, name, *args, **body):
    return client.post(reverse(f"feedback:{name}", args=["advisers", *args]), body, follow=True)


def cards(slate):
    """Return the card ids of a slate as they are shown."""
    return list(slate.items.order_by("shown_position").values_list("pk", flat=True))
