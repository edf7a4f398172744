"""Keep with a version what it would be without each session that it was trained from."""

from django.db import migrations, models
from django.db.models import Q

from ranking.append_only import lifted, protect


class Migration(migrations.Migration):
    dependencies = [("ranking", "0003_verdicts_of_the_gate")]
    operations = [
        lifted("ranking_modelversion"),
        migrations.AddField(
            model_name="modelversion",
            name="provenance_file",
            field=models.CharField(
                blank=True,
                default="",
                help_text="the model without each session it was trained from",
                max_length=300,
            ),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="provenance_sha256",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddConstraint(
            model_name="modelversion",
            constraint=models.CheckConstraint(
                condition=Q(provenance_file="", provenance_sha256="")
                | (~Q(provenance_file="") & ~Q(provenance_sha256="")),
                name="provenance_has_its_checksum",
            ),
        ),
        protect("ranking_modelversion"),
    ]
