from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("feedback", "0012_temporary_passwords")]

    operations = [
        migrations.AddField(
            model_name='member',
            name='time_zone',
            field=models.CharField(blank=True, db_default='', default='', help_text="of the times on pages; empty: the installation's", max_length=64),
        ),
    ]
