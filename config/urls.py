"""Addresses of the whole site."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import URLPattern, URLResolver, include, path

from config.schema import Schema
from feedback import api_urls as feedback_api
from feedback.views import account, password
from ranking import api_urls as ranking_api
from ranking import health

handler400 = "config.exceptions.bad_request"
handler403 = "config.exceptions.permission_denied"
handler404 = "config.exceptions.page_not_found"
handler500 = "config.exceptions.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path(
        "login/",
        auth.LoginView.as_view(template_name="tiebreak/login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("account/", account.own_account, name="account"),
    path("password/", password.OwnPassword.as_view(), name="password_change"),
    path("", include("feedback.urls")),
    path("manage/<slug:slug>/", include("ranking.urls")),
    path("api/v1/schema/", Schema.as_view(), name="schema"),
    path("api/v1/", include(([*ranking_api.urlpatterns, *feedback_api.urlpatterns], "api"))),
    # The operators' back door: superusers only, who are no members and see none of the product's own pages.
    path("django-admin/", admin.site.urls),
]
