"""Each move on a slate's page is appended to a log; the draft is what the moves add up to."""

import django.db.models.deletion
from django.db import migrations, models

from ranking.append_only import protect


def begin_logs(apps, schema_editor):
    """Begin the log of every draft that was kept before there was one: with the draft, as a whole.

    A draft that does not hold exactly the slate's cards was never shown by the page: it goes, as does a version
    that nothing stands behind.
    """
    Slate, SlateMove = apps.get_model("feedback", "Slate"), apps.get_model("feedback", "SlateMove")
    for slate in Slate.objects.exclude(draft_version=0).iterator():
        cards = [str(pk) for pk in slate.items.order_by("shown_position").values_list("pk", flat=True)]
        draft = _whole(cards, slate.draft)
        if draft is None:
            Slate.objects.filter(pk=slate.pk).update(draft=None, draft_version=0)
            continue
        Slate.objects.filter(pk=slate.pk).update(draft=draft)
        SlateMove.objects.create(
            slate=slate,
            version=slate.draft_version,
            kind="replace",
            detail={"draft": draft},
            state=draft,
            idempotency_key="kept-before-the-log",
            body_sha256="",
        )


def _whole(cards, kept):
    """Return a draft with all its parts, or None when it can't be read."""
    if not isinstance(kept, dict):
        return None
    tiers, rest = kept.get("tiers") or [], kept.get("rest") or []
    if not tiers and not rest:
        tiers = [[card] for card in cards]
    try:
        tiers, rest = [[str(card) for card in tier] for tier in tiers], [str(card) for card in rest]
        ratings = {str(card): int(value) for card, value in (kept.get("ratings") or {}).items()}
        tags = [str(tag) for tag in kept.get("reason_tags") or []]
    except (TypeError, ValueError, AttributeError):
        return None
    order = [card for tier in tiers for card in tier] + rest
    if sorted(order) != sorted(cards) or not tiers or not all(tiers) or not set(ratings) <= set(cards):
        return None
    comment = str(kept.get("comment") or "")
    return {"tiers": tiers, "rest": rest, "ratings": ratings, "reason_tags": tags, "comment": comment}


class Migration(migrations.Migration):

    dependencies = [
        ('feedback', '0005_sessions_from_elsewhere'),
        ('ranking', '0002_append_only'),
    ]

    operations = [
        migrations.AlterField(
            model_name='slate',
            name='draft',
            field=models.JSONField(blank=True, help_text='what the moves add up to', null=True),
        ),
        migrations.AlterField(
            model_name='slate',
            name='draft_version',
            field=models.PositiveIntegerField(default=0, help_text='that of the last move'),
        ),
        migrations.CreateModel(
            name='SlateMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(help_text='of the draft that it made')),
                ('kind', models.CharField(choices=[('move', 'moved a card'), ('line', 'moved the line'), ('tie', 'tied cards'), ('untie', 'untied a card'), ('rate', 'rated a card'), ('tag', 'gave or took back a reason'), ('comment', 'wrote a sentence'), ('replace', 'put a whole order'), ('undo', 'took a step back'), ('redo', 'took it forward again')], max_length=8)),
                ('detail', models.JSONField(default=dict, help_text='which card, where to: see feedback/moving.py')),
                ('state', models.JSONField(help_text='the draft that it made')),
                ('idempotency_key', models.CharField(max_length=80)),
                ('body_sha256', models.CharField(max_length=64)),
                ('client_at', models.DateTimeField(blank=True, help_text='by the clock of the browser', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('slate', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='feedback.slate')),
            ],
            options={
                'ordering': ('slate', 'version'),
                'constraints': [models.UniqueConstraint(fields=('slate', 'version'), name='one_move_per_version'), models.UniqueConstraint(fields=('slate', 'idempotency_key'), name='one_move_per_key')],
            },
        ),
        protect("feedback_slatemove"),
        migrations.RunPython(begin_logs, migrations.RunPython.noop),
    ]
