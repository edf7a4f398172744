from django.db import migrations


def declare_candidates(apps, schema_editor):
    """Having given values made every project rank those pairs alone; now the description says so."""
    for project in apps.get_model("ranking", "Project").objects.all():
        kinds = {feature["kind"] for feature in project.description["features"]}
        if kinds == {"given"} and "candidates" not in project.description:
            project.description = project.description | {"candidates": "given"}
            project.save(update_fields=["description"])


class Migration(migrations.Migration):
    dependencies = [("ranking", "0006_whole_slugs")]

    operations = [migrations.RunPython(declare_candidates, migrations.RunPython.noop)]
