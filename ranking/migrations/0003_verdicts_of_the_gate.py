"""Say what a comparison means for a promotion: promote, not yet or refuse."""

from typing import Any

from django.db import migrations, models

from ranking.append_only import lifted, protect

NEW_WORDS = {"better": "promote", "not_clear": "not_yet", "worse": "refuse"}


def _rename(apps: Any, words: dict[str, str]) -> None:
    evaluations = apps.get_model("ranking", "Evaluation").objects
    for evaluation in evaluations.filter(verdict__in=words).iterator():
        verdict = words[evaluation.verdict]
        evaluations.filter(pk=evaluation.pk).update(
            verdict=verdict, results={**evaluation.results, "verdict": verdict}
        )


def forwards(apps: Any, _schema_editor: Any) -> None:
    """Rewrite the old words."""
    _rename(apps, NEW_WORDS)


def backwards(apps: Any, _schema_editor: Any) -> None:
    """Write the old words again."""
    _rename(apps, {new: old for old, new in NEW_WORDS.items()})


class Migration(migrations.Migration):
    dependencies = [("ranking", "0002_append_only")]
    operations = [
        lifted("ranking_evaluation"),
        migrations.AlterField(
            model_name="evaluation",
            name="verdict",
            field=models.CharField(
                choices=[("promote", "Promote"), ("not_yet", "Not Yet"), ("refuse", "Refuse")], max_length=10
            ),
        ),
        migrations.RunPython(forwards, backwards),
        protect("ranking_evaluation"),
    ]
