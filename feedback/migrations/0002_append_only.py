"""Judgements are appended, never changed: the database refuses."""

from django.db import migrations

from ranking.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("feedback", "0001_initial"), ("ranking", "0002_append_only")]
    operations = [protect("feedback_judgement")]
