"""The lower app: queries, items, model versions, served rankings. It does not know that people exist."""

from django.apps import AppConfig


class RankingConfig(AppConfig):
    """Names the app for Django."""

    name = "ranking"
    label = "ranking"
    default_auto_field = "django.db.models.BigAutoField"
