from django.db import migrations, models

from ranking.append_only import protect


class Migration(migrations.Migration):

    dependencies = [("feedback", "0013_time_zone_of_a_person")]

    operations = [
        migrations.AddField(
            model_name='preference',
            name='replaced',
            field=models.BooleanField(db_default=False, default=False, editable=False, help_text='about to be deleted, by the transaction that derives it anew'),
        ),
        protect("feedback_preference"),
    ]
