"""Deadlines and pauses of sessions, links into comparisons, and what became of values that experts missed."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from ranking.append_only import protect


class Migration(migrations.Migration):
    dependencies = [
        ("feedback", "0007_blind_comparisons"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="GapNote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("answered", "Answered"), ("closed", "Closed"), ("reopened", "Reopened")],
                        max_length=10,
                    ),
                ),
                ("text", models.TextField(blank=True, help_text="the expert reads it", max_length=2000)),
                ("by", models.CharField(max_length=150)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.AddField(
            model_name="feedbacksession",
            name="due_on",
            field=models.DateField(
                blank=True,
                help_text="until when experts are asked for their lists; nothing closes by it",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="feedbacksession",
            name="paused_at",
            field=models.DateTimeField(
                blank=True, help_text="while it is set, an open session takes no judgement", null=True
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="comparison",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="invitations",
                to="feedback.comparisonsession",
            ),
        ),
        migrations.AlterField(
            model_name="invitation",
            name="session",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="invitations",
                to="feedback.feedbacksession",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("comparison__isnull", True), ("session__isnull", False)),
                    models.Q(("comparison__isnull", False), ("session__isnull", True)),
                    _connector="OR",
                ),
                name="a_link_leads_to_one_place",
            ),
        ),
        migrations.AddField(
            model_name="gapnote",
            name="judgement",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="gap_notes", to="feedback.judgement"
            ),
        ),
        migrations.AddConstraint(
            model_name="gapnote",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "answered"), ("text", ""), _negated=True),
                name="an_answer_says_something",
            ),
        ),
        protect("feedback_gapnote"),
    ]
