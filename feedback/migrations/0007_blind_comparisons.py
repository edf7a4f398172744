"""Blind comparisons of two versions; their answers are appended, never changed: the database refuses."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from ranking.append_only import protect


class Migration(migrations.Migration):
    dependencies = [
        ("feedback", "0006_every_move"),
        ("ranking", "0004_provenance"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ComparisonSession",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(help_text="experts see it", max_length=200)),
                ("instructions", models.TextField(blank=True, max_length=5000)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("closed", "Closed")], default="open", max_length=10
                    ),
                ),
                (
                    "needs_per_expert",
                    models.PositiveSmallIntegerField(
                        default=10,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                    ),
                ),
                (
                    "items_per_list",
                    models.PositiveSmallIntegerField(
                        default=5,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10),
                        ],
                    ),
                ),
                ("seed", models.PositiveIntegerField(default=0)),
                ("opened_by", models.CharField(max_length=150)),
                ("opened_at", models.DateTimeField(auto_now_add=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "challenger",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ranking.modelversion",
                    ),
                ),
                (
                    "champion",
                    models.ForeignKey(
                        help_text="the version it is held against",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ranking.modelversion",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="comparisons",
                        to="ranking.project",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="ListChoice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("query_content", models.JSONField(help_text="the need as it was shown")),
                (
                    "held_out",
                    models.BooleanField(help_text="neither version can have learned from this need"),
                ),
                ("position", models.PositiveSmallIntegerField(help_text="in the expert's session, from 1")),
                (
                    "challenger_side",
                    models.CharField(
                        choices=[("left", "Left"), ("right", "Right")],
                        help_text="drawn at random",
                        max_length=5,
                    ),
                ),
                ("left", models.JSONField(help_text="ids of item versions, best first")),
                ("right", models.JSONField(help_text="ids of item versions, best first")),
                (
                    "expert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="list_choices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "query",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="list_choices",
                        to="ranking.query",
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="choices",
                        to="feedback.comparisonsession",
                    ),
                ),
            ],
            options={
                "ordering": ("session", "expert", "position"),
            },
        ),
        migrations.CreateModel(
            name="ListAnswer",
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
                        choices=[
                            ("left", "left is better"),
                            ("right", "right is better"),
                            ("equal", "about equal"),
                            ("neither", "neither is good"),
                            ("outside_knowledge", "outside what I know"),
                            ("conflict_of_interest", "conflict of interest"),
                        ],
                        max_length=24,
                    ),
                ),
                ("reason_tags", models.JSONField(default=list)),
                ("comment", models.TextField(blank=True)),
                ("seconds", models.PositiveIntegerField(default=0)),
                ("idempotency_key", models.CharField(max_length=80)),
                ("body_sha256", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "expert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="list_answers",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "choice",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answer",
                        to="feedback.listchoice",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.AddConstraint(
            model_name="comparisonsession",
            constraint=models.CheckConstraint(
                condition=models.Q(("challenger", models.F("champion")), _negated=True),
                name="two_different_versions",
            ),
        ),
        migrations.AddConstraint(
            model_name="listchoice",
            constraint=models.UniqueConstraint(
                fields=("session", "expert", "position"), name="one_choice_per_position"
            ),
        ),
        migrations.AddConstraint(
            model_name="listchoice",
            constraint=models.UniqueConstraint(
                fields=("session", "expert", "query"), name="a_need_once_per_expert"
            ),
        ),
        migrations.AddConstraint(
            model_name="listanswer",
            constraint=models.UniqueConstraint(
                fields=("expert", "idempotency_key"), name="one_list_answer_per_key"
            ),
        ),
        protect("feedback_listanswer"),
    ]
