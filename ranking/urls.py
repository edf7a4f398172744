"""Addresses of the lower app's pages, below /manage/<project>/."""

from django.urls import path

from ranking.views import comparing, jobs, monitoring, versions

app_name = "ranking"
urlpatterns = [
    path("versions/", versions.version_list, name="versions"),
    path("versions/<int:number>/", versions.version, name="version"),
    path("versions/<int:number>/lessons/", versions.version_lessons, name="version_lessons"),
    path("versions/<int:number>/provenance/", versions.version_provenance, name="version_provenance"),
    path("versions/<int:number>/against/<int:other>/", comparing.compare, name="compare"),
    path("versions/<int:number>/against/<int:other>/changes/", comparing.changes, name="compare_changes"),
    path(
        "versions/<int:number>/against/<int:other>/lists/<int:query_id>/",
        comparing.changed_list,
        name="compare_list",
    ),
    path("versions/<int:number>/promote/", versions.promote, name="promote"),
    path("promotions/", versions.promotions, name="promotions"),
    path("roll-back/", versions.roll_back, name="roll_back"),
    path("policy/", versions.set_policy, name="policy"),
    path("training-sets/<int:set_id>/", versions.training_set, name="training_set"),
    path("jobs/", jobs.job_list, name="jobs"),
    path("jobs/<int:job_id>/", jobs.job, name="job"),
    path("jobs/<int:job_id>/progress/", jobs.job_progress, name="job_progress"),
    path("jobs/<int:job_id>/cancel/", jobs.job_cancel, name="job_cancel"),
    path("monitoring/", monitoring.overview, name="monitoring"),
    path("monitoring/drift/", monitoring.drift, name="drift"),
    path("monitoring/exposure/", monitoring.exposure, name="exposure"),
]
