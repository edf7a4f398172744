"""Addresses of the upper app's pages."""

from django.urls import path

from feedback.views import (
    choosing,
    expert,
    home,
    invitation,
    manage,
    manage_comparisons,
    manage_gaps,
    manage_gold,
    manage_participation,
    manage_people,
    manage_running,
    manage_sessions,
    reader,
)

app_name = "feedback"
urlpatterns = [
    # --- experts
    path("my/", expert.my_sessions, name="my_sessions"),
    path("my/sessions/<int:session_id>/", expert.session_intro, name="session_intro"),
    path("my/sessions/<int:session_id>/done/", expert.session_done, name="session_done"),
    path("my/sessions/<int:session_id>/practice/", expert.practice, name="practice"),
    path("my/slates/<int:slate_id>/", expert.slate, name="slate"),
    path("my/slates/<int:slate_id>/judgement/", expert.judgement, name="judgement"),
    path("my/comparisons/<int:comparison_id>/", choosing.comparison_intro, name="comparison_intro"),
    path("my/comparisons/<int:comparison_id>/done/", choosing.comparison_done, name="comparison_done"),
    path("my/choices/<int:choice_id>/", choosing.choice, name="choice"),
    path("my/choices/<int:choice_id>/answer/", choosing.choice_answer, name="choice_answer"),
    path("invitation/<str:secret>/", invitation.invitation, name="invitation"),
    # --- readers
    path("", home.home, name="home"),
    path("needs/", reader.needs, name="needs"),
    path("needs/<int:query_id>/", reader.matches, name="matches"),
    path("needs/<int:query_id>/rules/", reader.rules, name="rules"),
    path("needs/<int:query_id>/export/", reader.export_matches, name="export_matches"),
    path("needs/<int:query_id>/why/<int:rank>/", reader.why, name="why"),
    path("needs/<int:query_id>/why/<int:rank>/above/<int:other>/", reader.why_above, name="why_above"),
    path("needs/<int:query_id>/moved/<int:rank>/", reader.why_moved, name="why_moved"),
    path("needs/<int:query_id>/outcome/<int:rank>/", reader.outcome, name="outcome"),
    path("shortlist/", reader.shortlist, name="shortlist"),
    # --- admins
    path("manage/", manage.home, name="manage_home"),
    path("manage/<slug:slug>/", manage.dashboard, name="dashboard"),
    path("manage/<slug:slug>/retrain/", manage.retrain, name="retrain"),
    path("manage/<slug:slug>/flags/", manage.flags, name="flags"),
    path("manage/<slug:slug>/gaps/", manage_gaps.gap_list, name="gaps"),
    path("manage/<slug:slug>/gaps/<int:judgement_id>/", manage_gaps.gap_note, name="gap_note"),
    path("manage/<slug:slug>/sessions/", manage_sessions.session_list, name="sessions"),
    path("manage/<slug:slug>/sessions/new/", manage_sessions.session_new, name="session_new"),
    path("manage/<slug:slug>/sessions/cost/", manage_sessions.session_cost, name="session_cost"),
    path("manage/<slug:slug>/sessions/preview/", manage_sessions.session_preview, name="session_preview"),
    path("manage/<slug:slug>/sessions/export/", manage_sessions.sessions_export, name="sessions_export"),
    path("manage/<slug:slug>/sessions/<int:session_id>/", manage_sessions.session, name="session"),
    path(
        "manage/<slug:slug>/sessions/<int:session_id>/export/",
        manage_sessions.session_export,
        name="session_export",
    ),
    path(
        "manage/<slug:slug>/sessions/<int:session_id>/close/",
        manage_sessions.session_close,
        name="session_close",
    ),
    path(
        "manage/<slug:slug>/sessions/<int:session_id>/deadline/",
        manage_running.session_deadline,
        name="session_deadline",
    ),
    path(
        "manage/<slug:slug>/sessions/<int:session_id>/pause/",
        manage_running.session_pause,
        name="session_pause",
    ),
    path(
        "manage/<slug:slug>/sessions/<int:session_id>/experts/<str:username>/",
        manage_participation.participation,
        name="participation",
    ),
    path(
        "manage/<slug:slug>/sessions/<int:session_id>/experts/<str:username>/link/",
        manage_participation.participation_link,
        name="participation_link",
    ),
    path(
        "manage/<slug:slug>/sessions/<int:session_id>/experts/<str:username>/extend/",
        manage_participation.participation_extend,
        name="participation_extend",
    ),
    path(
        "manage/<slug:slug>/sessions/<int:session_id>/experts/<str:username>/hand-over/",
        manage_participation.participation_hand_over,
        name="participation_hand_over",
    ),
    path(
        "manage/<slug:slug>/sessions/<int:session_id>/lists/<int:slate_id>/",
        manage_sessions.slate_review,
        name="slate_review",
    ),
    path(
        "manage/<slug:slug>/versions/<int:number>/against/<int:other>/blind/",
        manage_comparisons.comparisons,
        name="comparisons",
    ),
    path(
        "manage/<slug:slug>/versions/<int:number>/against/<int:other>/blind/new/",
        manage_comparisons.comparison_new,
        name="comparison_new",
    ),
    path(
        "manage/<slug:slug>/comparisons/<int:comparison_id>/",
        manage_comparisons.comparison,
        name="comparison",
    ),
    path(
        "manage/<slug:slug>/comparisons/<int:comparison_id>/close/",
        manage_comparisons.comparison_close,
        name="comparison_close",
    ),
    path(
        "manage/<slug:slug>/comparisons/export/",
        manage_comparisons.comparisons_export,
        name="comparisons_export",
    ),
    path(
        "manage/<slug:slug>/comparisons/<int:comparison_id>/export/",
        manage_comparisons.comparison_export,
        name="comparison_export",
    ),
    path(
        "manage/<slug:slug>/comparisons/<int:comparison_id>/experts/<str:username>/",
        manage_participation.comparison_expert,
        name="comparison_expert",
    ),
    path(
        "manage/<slug:slug>/comparisons/<int:comparison_id>/experts/<str:username>/link/",
        manage_participation.comparison_link,
        name="comparison_link",
    ),
    path(
        "manage/<slug:slug>/comparisons/<int:comparison_id>/experts/<str:username>/extend/",
        manage_participation.comparison_extend,
        name="comparison_extend",
    ),
    path(
        "manage/<slug:slug>/comparisons/<int:comparison_id>/experts/<str:username>/hand-over/",
        manage_participation.comparison_hand_over,
        name="comparison_hand_over",
    ),
    path("manage/<slug:slug>/sessions/gold/", manage_gold.gold, name="gold"),
    path("manage/<slug:slug>/sessions/gold/new/", manage_gold.gold_new, name="gold_new"),
    path("manage/<slug:slug>/sessions/gold/<int:gold_id>/", manage_gold.gold_list, name="gold_list"),
    path(
        "manage/<slug:slug>/sessions/gold/<int:gold_id>/retire/", manage_gold.gold_retire, name="gold_retire"
    ),
    path("manage/<slug:slug>/experts/", manage_people.expert_list, name="experts"),
    path("manage/<slug:slug>/experts/<str:username>/", manage_people.expert, name="expert"),
    path("people/", manage_people.person_list, name="people"),
    path("people/new/", manage_people.person_new, name="person_new"),
    path("people/<int:member_id>/", manage_people.person, name="person"),
    path("people/<int:member_id>/role/", manage_people.person_role, name="person_role"),
    path("people/<int:member_id>/password/", manage_people.person_password, name="person_password"),
    path("people/<int:member_id>/suspend/", manage_people.person_suspend, name="person_suspend"),
    path("people/<int:member_id>/readmit/", manage_people.person_readmit, name="person_readmit"),
]
