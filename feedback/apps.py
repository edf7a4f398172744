"""The upper app: people who look at rankings, judge them, and read them."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    """Names the app for Django."""

    name = "feedback"
    label = "feedback"
    default_auto_field = "django.db.models.BigAutoField"
