"""What an expert said counts where ratings and order say different things."""

from django.db import migrations, models

from ranking.append_only import lifted, protect


class Migration(migrations.Migration):

    dependencies = [
        ('feedback', '0009_gold_lists'),
    ]

    operations = [
        lifted("feedback_judgement"),
        migrations.AddField(
            model_name='judgement',
            name='decided_by',
            field=models.CharField(blank=True, choices=[('order', 'the order, as confirmed'), ('ratings', 'the ratings: the list was sorted by them'), ('turned', 'the order: 1 was meant as the best, and the ratings were turned round')], default='', help_text='what counted where ratings and order said different things', max_length=7),
        ),
        protect("feedback_judgement"),
    ]
