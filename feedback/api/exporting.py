"""A list as a file."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request

from feedback.services import reading
from feedback.services.exporting import csv_of, file_name
from ranking.api.base import Endpoint, JsonWhateverIsAccepted
from ranking.api.catalogue import readable_queries
from ranking.models import Query


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
