"""Addresses of the upper app's part of the API, below /api/v1/."""

from django.urls import path

from feedback.api import (
    comparisons,
    exporting,
    gold,
    judgements,
    judging,
    outcomes,
    people,
    practice,
    sessions,
    training,
    watching,
)

urlpatterns = [
    # --- everybody
    path("token/", people.TokenEndpoint.as_view(), name="token"),
    path("me/", people.Me.as_view(), name="me"),
    # --- experts
    path("my/sessions/", sessions.MySessions.as_view(), name="my_sessions"),
    path("my/sessions/<int:pk>/", sessions.MySessionDetail.as_view(), name="my_session"),
    path("my/sessions/<int:pk>/practice/", practice.SessionPractice.as_view(), name="practice"),
    path("slates/", judging.Slates.as_view(), name="slates"),
    path("slates/<int:pk>/", judging.SlateDetail.as_view(), name="slate"),
    path("slates/<int:pk>/draft/", judging.SlateDraft.as_view(), name="slate_draft"),
    path("slates/<int:pk>/moves/", judging.SlateMoves.as_view(), name="slate_moves"),
    path("slates/<int:pk>/judgement/", judging.SlateJudgement.as_view(), name="slate_judgement"),
    path("my/comparisons/", comparisons.MyComparisons.as_view(), name="my_comparisons"),
    path("my/comparisons/<int:pk>/", comparisons.MyComparisonDetail.as_view(), name="my_comparison"),
    path("choices/", comparisons.ListChoices.as_view(), name="choices"),
    path("choices/<int:pk>/", comparisons.ListChoiceDetail.as_view(), name="choice"),
    path("choices/<int:pk>/answer/", comparisons.ListChoiceAnswer.as_view(), name="choice_answer"),
    # --- readers
    path("queries/<int:pk>/export/", exporting.QueryExport.as_view(), name="query_export"),
    path("outcomes/", outcomes.Outcomes.as_view(), name="outcomes"),
    # --- admins
    path("members/", people.Members.as_view(), name="members"),
    path("members/<int:pk>/", people.MemberDetail.as_view(), name="member"),
    path("members/<int:pk>/password/", people.MemberPassword.as_view(), name="member_password"),
    path("sessions/", sessions.Sessions.as_view(), name="sessions"),
    path("sessions/<int:pk>/", sessions.SessionDetail.as_view(), name="session"),
    path("sessions/<int:pk>/close/", sessions.SessionClose.as_view(), name="session_close"),
    path("sessions/<int:pk>/invitations/", sessions.SessionInvitations.as_view(), name="session_invitations"),
    path("sessions/<int:pk>/more/", sessions.SessionMoreLists.as_view(), name="session_more"),
    path("sessions/<int:pk>/hand-over/", sessions.SessionHandOver.as_view(), name="session_hand_over"),
    path("sessions/<int:pk>/export/", exporting.SessionExport.as_view(), name="session_export"),
    path("projects/<slug:slug>/export/", exporting.ProjectExport.as_view(), name="sessions_export"),
    path("comparisons/", comparisons.Comparisons.as_view(), name="comparisons"),
    path("comparisons/<int:pk>/", comparisons.ComparisonDetail.as_view(), name="comparison"),
    path("comparisons/<int:pk>/close/", comparisons.ComparisonClose.as_view(), name="comparison_close"),
    path("gold-lists/", gold.GoldLists.as_view(), name="gold_lists"),
    path("gold-lists/<int:pk>/", gold.GoldListDetail.as_view(), name="gold_list"),
    path("gold-lists/<int:pk>/retire/", gold.GoldListRetire.as_view(), name="gold_list_retire"),
    path("judgements/", judgements.Judgements.as_view(), name="judgements"),
    path("judgements/<int:pk>/", judgements.JudgementDetail.as_view(), name="judgement"),
    path("preferences/", judgements.Preferences.as_view(), name="preferences"),
    path("projects/<slug:slug>/standing/", watching.Standing.as_view(), name="standing"),
    path("projects/<slug:slug>/experts/", watching.Experts.as_view(), name="experts"),
    path("jobs/", training.Jobs.as_view(), name="jobs"),
]
