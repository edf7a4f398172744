"""The operators' back door: Django's own admin shows rows and changes none."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from ranking.models import Evaluation, ItemVersion, ModelVersion, Promotion, TrainingJob
from tests import factories


@pytest.mark.parametrize("model", [ModelVersion, Evaluation, Promotion, ItemVersion, TrainingJob])
def test_an_operator_looks_at_rows_but_neither_adds_nor_changes_nor_deletes_them(project, challenger, model):
    client = Client()
    client.force_login(User.objects.create_superuser("root", password=factories.PASSWORD))
    name = model._meta.model_name
    row = model.objects.first()
    assert client.get(reverse(f"admin:ranking_{name}_changelist")).status_code == 200
    shown = client.get(reverse(f"admin:ranking_{name}_change", args=[row.pk]))
    assert shown.status_code == 200
    assert b'name="_save"' not in shown.content
    assert client.get(reverse(f"admin:ranking_{name}_add")).status_code == 403
    assert client.post(reverse(f"admin:ranking_{name}_delete", args=[row.pk])).status_code == 403
    assert client.post(reverse(f"admin:ranking_{name}_change", args=[row.pk]), {}).status_code == 403
