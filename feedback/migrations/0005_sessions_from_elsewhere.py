"""Where an imported session was held; and moments that an import may set, which the database need not know."""

import django.utils.timezone
from django.db import migrations, models

NOW = {"default": django.utils.timezone.now, "editable": False}


class Migration(migrations.Migration):
    dependencies = [("feedback", "0004_invitations")]
    operations = [
        migrations.AddField(
            model_name="feedbacksession",
            name="origin",
            field=models.JSONField(
                blank=True, help_text="of a session held elsewhere: where, and with which version", null=True
            ),
        ),
        # In the database nothing changes, and SQLite would make the tables anew, without their triggers.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField("feedbacksession", "opened_at", models.DateTimeField(**NOW)),
                migrations.AlterField("participation", "invited_at", models.DateTimeField(**NOW)),
                migrations.AlterField("judgement", "created_at", models.DateTimeField(**NOW)),
            ]
        ),
    ]
