"""Addresses of the lower app's part of the API, below /api/v1/."""

from django.urls import path

from ranking.api import catalogue, comparing, provenance, serving, training, versions

urlpatterns = [
    # --- what is matched
    path("projects/", catalogue.Projects.as_view(), name="projects"),
    path("projects/<slug:slug>/", catalogue.ProjectDetail.as_view(), name="project"),
    path("projects/<slug:slug>/monitoring/", comparing.Monitoring.as_view(), name="monitoring"),
    path("projects/<slug:slug>/drift/", comparing.Drift.as_view(), name="drift"),
    path("projects/<slug:slug>/exposure/", comparing.Exposure.as_view(), name="exposure"),
    path("organisations/", catalogue.Organisations.as_view(), name="organisations"),
    path("queries/", catalogue.Queries.as_view(), name="queries"),
    path("queries/<int:pk>/", catalogue.QueryDetail.as_view(), name="query"),
    # --- what is served, and why
    path("queries/<int:pk>/ranking/", serving.QueryRanking.as_view(), name="query_ranking"),
    path("matches/<int:pk>/", serving.MatchDetail.as_view(), name="match"),
    path("matches/<int:pk>/above/<int:other>/", serving.MatchAbove.as_view(), name="match_above"),
    path("matches/<int:pk>/movement/", serving.MatchMovement.as_view(), name="match_movement"),
    path("matches/<int:pk>/provenance/", provenance.MatchProvenance.as_view(), name="match_provenance"),
    # --- what is learned from
    path("training-sets/", training.TrainingSets.as_view(), name="training_sets"),
    path("training-sets/<int:pk>/", training.TrainingSetDetail.as_view(), name="training_set"),
    path("jobs/<int:pk>/", training.JobDetail.as_view(), name="job"),
    path("jobs/<int:pk>/cancel/", training.JobCancel.as_view(), name="job_cancel"),
    # --- what came of it
    path("versions/", versions.Versions.as_view(), name="versions"),
    path("versions/<int:pk>/", versions.VersionDetail.as_view(), name="version"),
    path("versions/<int:pk>/lessons/", comparing.VersionLessons.as_view(), name="version_lessons"),
    path("versions/<int:pk>/provenance/", provenance.VersionProvenance.as_view(), name="version_provenance"),
    path(
        "versions/<int:pk>/against/<int:other>/", comparing.VersionAgainst.as_view(), name="version_against"
    ),
    path(
        "versions/<int:pk>/against/<int:other>/queries/<int:query>/",
        comparing.VersionAgainstInList.as_view(),
        name="version_against_in_list",
    ),
    path("evaluations/", versions.Evaluations.as_view(), name="evaluations"),
    path("evaluations/<int:pk>/", versions.EvaluationDetail.as_view(), name="evaluation"),
    path("promotions/", versions.Promotions.as_view(), name="promotions"),
    path("promotions/roll-back/", versions.RollBack.as_view(), name="roll_back"),
]
