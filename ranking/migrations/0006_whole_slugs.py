from django.db import migrations


def give_whole_slugs(apps, schema_editor):
    """Slugs had the first fifty letters of a name alone; one that lacks some of its name gets its hash."""
    from ranking.services.catalog_rows import organisation_slug, short_slug

    organisations = apps.get_model("ranking", "Organisation").objects
    for one in organisations.all():
        whole = organisation_slug(one.name)
        if one.slug == short_slug(one.name) != whole and not organisations.filter(slug=whole).exists():
            one.slug = whole
            one.save(update_fields=["slug"])


class Migration(migrations.Migration):
    dependencies = [("ranking", "0005_drift_checks")]

    operations = [migrations.RunPython(give_whole_slugs, migrations.RunPython.noop)]
