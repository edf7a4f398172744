"""Make what must never change refuse change in the database itself."""

from django.db import migrations

from ranking.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("ranking", "0001_initial")]
    operations = [
        protect(
            "ranking_itemversion",
            "ranking_trainingset",
            "ranking_modelversion",
            "ranking_evaluation",
            "ranking_promotion",
        )
    ]
