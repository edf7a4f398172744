"""Wiring: settings, URLs, Celery, and the table that turns domain errors into HTTP."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
