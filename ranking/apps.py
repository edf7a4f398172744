"""The lower app: queries, items, model versions, served rankings. It does not know that people exist."""

from django.apps import AppConfig


class RankingConfig(AppConfig):
    """Names the app for Django."""

    name = "ranking"
    label = "ranking"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks of a deployment."""
        from ranking import checks  # noqa: F401 - models must be loaded first
