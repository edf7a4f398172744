"""Lists and sessions as files."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request

from feedback.models import ComparisonSession, FeedbackSession
from feedback.services import answer_files, reading
from feedback.services.exchanging import FORMATS, export_file, export_name
from feedback.services.exporting import csv_of, file_name
from ranking.api.base import Endpoint, JsonWhateverIsAccepted
from ranking.api.catalogue import readable_queries
from ranking.models import Project, Query

AS = OpenApiParameter("as", enum=list(FORMATS), default="jsonl", description="kind of file")
FILES = {
    (200, one.content_type.partition(";")[0]): OpenApiTypes.STR if one.is_text else OpenApiTypes.BINARY
    for one in FORMATS.values()
}

ANSWERS_AS = OpenApiParameter(
    "as", enum=list(answer_files.FORMATS), default="csv", description="kind of file"
)
ANSWER_FILES = {
    (200, one.content_type.partition(";")[0]): OpenApiTypes.STR for one in answer_files.FORMATS.values()
}


class QueryExport(Endpoint):
    """The list of one need, as a spreadsheet reads it."""

    roles = ("reader", "admin")
    queryset = Query.objects.all()
    content_negotiation_class = JsonWhateverIsAccepted

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, pk: int) -> HttpResponse:
        """Return the list as CSV, with every declared field of the items; no cell is a formula."""
        sheet = reading.sheet(get_object_or_404(readable_queries(self), pk=pk))
        response = HttpResponse(csv_of(sheet, sheet.lines), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{file_name(sheet)}"'
        return response


class ProjectExport(Endpoint):
    """What all sessions of a project collected."""

    queryset = Project.objects.all()
    lookup_field = "slug"
    content_negotiation_class = JsonWhateverIsAccepted
    parameters = ("as",)

    @extend_schema(parameters=[AS], responses=FILES)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Return sessions, lists, judgements and preferences as a file; `import_sessions` reads it again."""
        return _answer(request, self.get_object())


class SessionExport(Endpoint):
    """What one session collected."""

    queryset = FeedbackSession.objects.select_related("project")
    content_negotiation_class = JsonWhateverIsAccepted
    parameters = ("as",)

    @extend_schema(parameters=[AS], responses=FILES)
    def get(self, request: Request, pk: int) -> HttpResponse:
        """Return the session with its lists, judgements and preferences as a file."""
        session = self.get_object()
        return _answer(request, session.project, session)


class ComparisonsExport(Endpoint):
    """What all comparisons of a project collected."""

    queryset = Project.objects.all()
    lookup_field = "slug"
    content_negotiation_class = JsonWhateverIsAccepted
    parameters = ("as",)

    @extend_schema(parameters=[ANSWERS_AS], responses=ANSWER_FILES)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Return one row an answer, with the version that was preferred and both lists as they were shown."""
        return _answers(request, self.get_object())


class ComparisonExport(Endpoint):
    """What one comparison collected."""

    queryset = ComparisonSession.objects.select_related("project")
    content_negotiation_class = JsonWhateverIsAccepted
    parameters = ("as",)

    @extend_schema(parameters=[ANSWERS_AS], responses=ANSWER_FILES)
    def get(self, request: Request, pk: int) -> HttpResponse:
        """Return one row an answer, with the version that was preferred and both lists as they were shown."""
        session = self.get_object()
        return _answers(request, session.project, session)


def _answers(request: Request, project: Project, session: ComparisonSession | None = None) -> HttpResponse:
    name = request.query_params.get("as", "csv")
    if name not in answer_files.FORMATS:
        raise ValidationError({"as": f"expected one of {', '.join(answer_files.FORMATS)}"})
    content = answer_files.answers_file(project, name, session)
    response = HttpResponse(content, content_type=answer_files.FORMATS[name].content_type)
    file = answer_files.answers_name(project, name, session)
    response["Content-Disposition"] = f'attachment; filename="{file}"'
    return response


def _answer(request: Request, project: Project, session: FeedbackSession | None = None) -> HttpResponse:
    name = request.query_params.get("as", "jsonl")
    if name not in FORMATS:
        raise ValidationError({"as": f"expected one of {', '.join(FORMATS)}"})
    content = export_file(project, name, None if session is None else [session])
    response = HttpResponse(content, content_type=FORMATS[name].content_type)
    response["Content-Disposition"] = f'attachment; filename="{export_name(project, name, session)}"'
    return response
