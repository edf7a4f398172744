"""What a load balancer and a monitoring system ask: is it alive, can it serve, how is it doing."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable

import prometheus_client
import structlog
from django.conf import settings
from django.db import Error, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import multiprocess

from ranking.broker import is_reachable
from ranking.errors import NoChampion, StoreUnreachable
from ranking.models import ModelVersion, Project, Promotion
from ranking.observability import StateCollector
from ranking.services import files
from ranking.services.serving import champion

log = structlog.get_logger(__name__)
LEAST_BYTES = 16 * 2**20  # about what a model and its training set take


@require_safe
@never_cache
def alive(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process does: nobody restarts it because the database or the broker is away."""
    return JsonResponse({"status": "alive"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 if lists can be served and work accepted, else 503 with what is wrong.

    `?exclude=broker` leaves a check out, as Kubernetes' own `/readyz` does: without a broker lists are still
    served and judgements still saved.
    """
    excluded = set(request.GET.getlist("exclude"))
    checks = {name: check() for name, check in CHECKS.items() if name not in excluded}
    failed = sorted(name for name, state in checks.items() if state not in ("ok", "degraded"))
    if failed:
        log.warning("not_ready", failed=failed, checks=checks)
    status = "not_ready" if failed else "degraded" if "degraded" in checks.values() else "ready"
    return JsonResponse({"status": status, "checks": checks}, status=503 if failed else 200)


def database() -> str:
    """Return "ok" if the database answers a query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        log.error("database_unreachable", problem=str(error))
        return "unreachable"
    return "ok"


def broker() -> str:
    """Return "ok" if the broker accepts a connection and the log-in, and answers, within two seconds."""
    return "ok" if is_reachable() else "unreachable"


def champions() -> str:
    """Return "ok", "missing" if no champion of a project loads, else "degraded" if a file is not whole.

    An earlier champion serves in its place, or the process goes on with what it has in memory until it ends.
    A project that is only described yet has nothing to load; all others are looked at, whatever one says.
    """
    try:
        in_service = Project.objects.filter(pk__in=Promotion.objects.values("project"))
        states = {_state_of_champion(project) for project in in_service}
    except Error:
        return "unknown"
    return next((state for state in ("missing", "degraded") if state in states), "ok")


def file_store() -> str:
    """Return "ok" if the file store answers at all."""
    try:
        files.ask()
    except StoreUnreachable:
        return "unreachable"
    return "ok"


def disk() -> str:
    """Return "ok" if there is room left where this process writes."""
    free = shutil.disk_usage(settings.VAR_DIR).free
    if free < LEAST_BYTES:
        log.error("disk_full", folder=str(settings.VAR_DIR), free=free)
        return "full"
    return "ok"


def _state_of_champion(project: Project) -> str:
    try:
        found = champion(project)
    except NoChampion as error:
        log.error("no_champion", project=project.slug, problem=str(error))
        return "missing"
    return "degraded" if found.degraded or not _file_is_whole(found.version) else "ok"


def _file_is_whole(version: ModelVersion) -> bool:
    try:
        whole, problem = files.is_whole(version.file, version.sha256), "missing or damaged"
    except StoreUnreachable as error:  # lists are served from memory meanwhile
        whole, problem = False, str(error)
    if not whole:
        log.error("champion_file_broken", version=version.number, file=version.file, problem=problem)
    return whole


CHECKS: dict[str, Callable[[], str]] = {
    "database": database,
    "broker": broker,
    "files": file_store,
    "disk": disk,
    "champion": champions,
}


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus, by the token that is set; anybody else, and without one everybody, gets a 404."""
    if not _may_scrape(request):
        raise Http404
    registry = prometheus_client.CollectorRegistry()
    registry.register(StateCollector())
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.MultiProcessCollector(registry)
        body = prometheus_client.generate_latest(registry)
    else:
        body = prometheus_client.generate_latest(
            prometheus_client.REGISTRY
        ) + prometheus_client.generate_latest(registry)
    return HttpResponse(body, content_type=prometheus_client.CONTENT_TYPE_LATEST)


def _may_scrape(request: HttpRequest) -> bool:
    token = settings.TIEBREAK_METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    # Nobody without one, nor from this machine: behind a proxy everybody may seem to come from there.
    return bool(token) and secrets.compare_digest(given.encode(), f"Bearer {token}".encode())
