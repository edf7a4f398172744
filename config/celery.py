"""The Celery application. A task only wakes a worker: what is to be done stands in the database."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep

from config import file_broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

file_broker.register()
app = Celery("tiebreak")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Carries the id of the request that caused a task into the task's own log lines.
app.steps["worker"].add(DjangoStructLogInitStep)


@setup_logging.connect
def keep_django_logging(**_: Any) -> None:
    """Set logging up as Django has it: Celery's own set-up would drop the request id and the JSON format."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
