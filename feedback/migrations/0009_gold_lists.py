"""Lists of known order, signed off once and planted without a mark; the database holds them as they are."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ranking.append_only import protect


class Migration(migrations.Migration):

    dependencies = [
        ('feedback', '0008_running_sessions'),
        ('ranking', '0004_provenance'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='GoldRetirement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by', models.CharField(max_length=150)),
                ('reason', models.TextField(max_length=2000)),
                ('at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.AddField(
            model_name='feedbacksession',
            name='gold_per_expert',
            field=models.PositiveSmallIntegerField(default=0, help_text='lists of known order planted for each expert', validators=[django.core.validators.MaxValueValidator(3)]),
        ),
        migrations.AlterField(
            model_name='slate',
            name='arm',
            field=models.CharField(blank=True, choices=[('committee', 'members of a committee disagree'), ('random', 'drawn at random'), ('red_flag', 'the committee as a whole is unsure'), ('repeat', 'shown before, in another order'), ('gold', 'its order is known')], default='', help_text='why this list is asked for', max_length=10),
        ),
        migrations.CreateModel(
            name='GoldList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('query_content', models.JSONField(help_text='the need as it was when the order was signed off')),
                ('tiers', models.JSONField(help_text='ids of item versions, best tier first')),
                ('why', models.TextField(help_text='how the order is known', max_length=2000)),
                ('signed_by', models.CharField(max_length=150)),
                ('signed_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('known_to', models.ManyToManyField(blank=True, help_text='experts who are never asked it', related_name='+', to=settings.AUTH_USER_MODEL)),
                ('made_from', models.ForeignKey(blank=True, help_text='the judged list that the order was taken from', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='gold_lists', to='feedback.slate')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='gold_lists', to='ranking.project')),
                ('query', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='gold_lists', to='ranking.query')),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.AddField(
            model_name='slate',
            name='gold',
            field=models.ForeignKey(blank=True, help_text='the list of known order that is planted here', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='slates', to='feedback.goldlist'),
        ),
        migrations.AddConstraint(
            model_name='slate',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('arm', 'gold'), ('gold__isnull', False)), models.Q(models.Q(('arm', 'gold'), _negated=True), ('gold__isnull', True)), _connector='OR'), name='a_gold_slate_names_its_list'),
        ),
        migrations.AddField(
            model_name='goldretirement',
            name='gold',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='retirement', to='feedback.goldlist'),
        ),
        protect('feedback_goldlist', 'feedback_goldlist_known_to', 'feedback_goldretirement'),
    ]
