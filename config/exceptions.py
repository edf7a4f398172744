"""Domain errors to HTTP, in one table, and one shape for the body of every error of the API.

{"error": {"code": "session_closed", "message": "A sentence for a person.", "fields": {"order": ["..."]}}}

A stale draft (412) also carries what it has become, as `current`: a conflict is shown with both orders.
Ratings against the order (409) carry the pairs, and whether it looks as if 1 was meant as the best.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from config.outages import Outage, outage_of
from feedback import errors as feedback
from feedback.serializers.moves import CurrentDraftSerializer
from ranking import errors as ranking
from ranking.ltr.errors import CorruptModel

log = structlog.get_logger(__name__)

#: What went wrong -> (status, code). The first class that fits counts, so the base classes stand last.
HTTP_OF_ERROR: dict[type[Exception], tuple[int, str]] = {
    ranking.NoChampion: (503, "no_champion"),
    ranking.StoreUnreachable: (503, "file_store_unavailable"),
    ranking.BrokenFile: (503, "broken_file"),
    CorruptModel: (503, "broken_file"),
    ranking.NoProvenance: (404, "no_provenance"),
    ranking.ImportRefused: (400, "import_refused"),
    ranking.StalePromotion: (409, "stale_promotion"),
    ranking.ConfirmationNeeded: (400, "confirmation_needed"),
    ranking.PromotionRefused: (409, "promotion_refused"),
    ranking.NothingToTrain: (409, "nothing_to_train"),
    ranking.TrainingInProgress: (409, "training_in_progress"),
    ranking.JobFinished: (409, "job_finished"),
    ranking.JobCancelled: (409, "job_cancelled"),
    ranking.LostLease: (409, "lost_lease"),
    feedback.InvalidJudgement: (400, "invalid_judgement"),
    feedback.InvalidMove: (400, "invalid_move"),
    feedback.InvalidSession: (400, "invalid_session"),
    feedback.InvalidComparison: (400, "invalid_comparison"),
    feedback.InvitationUnusable: (410, "invitation_unusable"),
    feedback.InvalidPerson: (400, "invalid_person"),
    feedback.InvalidOutcome: (400, "invalid_outcome"),
    feedback.InvalidGapNote: (400, "invalid_gap_note"),
    feedback.InvalidGold: (400, "invalid_gold"),
    feedback.GoldRetired: (409, "gold_retired"),
    feedback.SessionClosed: (409, "session_closed"),
    feedback.SessionPaused: (409, "session_paused"),
    feedback.AlreadyJudged: (409, "already_judged"),
    feedback.RatingsContradictOrder: (409, "ratings_contradict_order"),
    feedback.KeyReused: (422, "key_reused"),
    feedback.StaleDraft: (412, "stale_draft"),
    feedback.UnconditionalDraft: (428, "if_match_required"),
    feedback.MissingKey: (400, "idempotency_key_required"),
    ranking.RankingError: (400, "refused"),
    feedback.FeedbackError: (400, "refused"),
}


def api_exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the answer for an error of a domain or of the framework; None (a 500) for anything else."""
    outage = _outage_of(error)
    if outage is not None:
        _log_outage(outage, error)
        return Response(error_body(outage.code, outage.message), status=503, headers=outage.headers)
    for kind, (status, code) in HTTP_OF_ERROR.items():
        if isinstance(error, kind):
            field = getattr(error, "field", "")
            fields = {field: [str(error)]} if field else {}
            body = error_body(code, str(error), fields)
            if isinstance(error, feedback.RatingsContradictOrder) and error.pairs:
                pairs = [{"above": above, "rated_higher": below} for above, below in error.pairs]
                body |= {"contradictions": pairs, "looks_turned": error.turned}
            if isinstance(error, feedback.StaleDraft) and error.current:
                return Response(
                    {**body, "current": CurrentDraftSerializer(error.current).data},
                    status=status,
                    headers={"ETag": f'"{error.current["draft_version"]}"'},
                )
            return Response(body, status=status)
    response = exception_handler(error, context)
    if response is not None:
        response.data = _framework_body(error, response)
    return response


class OutageMiddleware:
    """Answer 503 to an outage that ends a view; `server_error` does so where it ends a middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the answer; None leaves the error to the handler of errors."""
        return _outage_answer(request, exception)


def _outage_answer(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """Return the answer to an outage, a page that asks neither database nor session; None to other errors."""
    outage = _outage_of(error)
    if outage is None:
        return None
    _log_outage(outage, error)
    if _is_api(request):
        body = error_body(outage.code, outage.message)
        return JsonResponse(body, status=503, headers=outage.headers)
    page = loader.get_template("503.html").render({"outage": outage})
    return HttpResponse(page, status=503, headers=outage.headers)


def _outage_of(error: BaseException | None) -> Outage | None:
    for kind, (status, code) in HTTP_OF_ERROR.items():
        if status == 503 and isinstance(error, kind):
            return Outage(code, str(error), passes=kind is ranking.StoreUnreachable)
    return outage_of(error)


def _log_outage(outage: Outage, error: BaseException | None) -> None:
    log.error("outage", code=outage.code, problem=f"{type(error).__name__}: {error}")


def error_body(code: str, message: str, fields: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """Return the one shape of an error."""
    return {"error": {"code": code, "message": message, "fields": fields or {}}}


def _framework_body(error: Exception, response: Response) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        fields = _flatten(error.detail)
        message = "; ".join(f"{name}: {texts[0]}" if name else texts[0] for name, texts in fields.items())
        return error_body("invalid", message, fields)
    if isinstance(error, Http404 | exceptions.NotFound):
        # One text, whatever the view said: it must not tell a foreign object from a missing one.
        return error_body("not_found", "Not found.")
    if isinstance(error, PermissionDenied):
        return error_body("permission_denied", "You may not do this.")
    detail = response.data.get("detail", "") if isinstance(response.data, dict) else ""
    return error_body(getattr(detail, "code", None) or "error", str(detail))


def _flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Return `{"items.3.rank": ["..."]}` from nested validation errors.

    >>> _flatten({"items": [{}, {"rank": ["Not a number."]}]})
    {'items.1.rank': ['Not a number.']}
    """
    if isinstance(detail, list) and any(isinstance(inner, dict | list) for inner in detail):
        detail = dict(enumerate(detail))
    if not isinstance(detail, dict):
        return {path: [str(text) for text in (detail if isinstance(detail, list) else [detail])]}
    found: dict[str, list[str]] = {}
    for key, inner in detail.items():
        name = "" if key == "non_field_errors" else str(key)
        found |= _flatten(inner, ".".join(filter(None, (path, name))))
    return found


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400, as JSON under /api/."""
    if _is_api(request):
        return JsonResponse(error_body("bad_request", "The request cannot be read."), status=400)
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403, as JSON under /api/."""
    if _is_api(request):
        return JsonResponse(error_body("permission_denied", "You may not do this."), status=403)
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404, as JSON under /api/."""
    if _is_api(request):
        return JsonResponse(error_body("not_found", "Not found."), status=404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 to an outage, else 500; as JSON under /api/."""
    outage = _outage_answer(request, sys.exc_info()[1])
    if outage is not None:
        return outage
    if _is_api(request):
        return JsonResponse(
            error_body("server_error", "Something failed here. It has been logged."), status=500
        )
    return defaults.server_error(request)


def locked_out(request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
    """Answer 429 to a log-in that was refused too often."""
    message = "Too many failed log-ins with this name. Try again in 15 minutes."
    if _is_api(request):
        return JsonResponse(error_body("locked_out", message), status=429)
    return render(request, "tiebreak/locked.html", {"message": message}, status=429)
