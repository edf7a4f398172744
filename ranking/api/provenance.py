"""Which sessions moved what: of one match, and of the lists of one version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ranking.api.comparing import OneVersion
from ranking.api.serving import OneMatch
from ranking.errors import NoProvenance
from ranking.models import ModelVersion
from ranking.serializers.provenance import MatchProvenanceSerializer, VersionProvenanceSerializer
from ranking.services import influence, provenance


class MatchProvenance(OneMatch):
    """The sessions behind one line of a list."""

    serializer_class = MatchProvenanceSerializer

    @extend_schema(responses=MatchProvenanceSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Say which sessions moved a line, by its place without each of them."""
        match = self.get_object()
        body = _said("trace", match.ranking.version, lambda: provenance.trace(match))
        return Response(self.get_serializer(body).data)


class VersionProvenance(OneVersion):
    """The sessions behind one version."""

    serializer_class = VersionProvenanceSerializer

    @extend_schema(responses=VersionProvenanceSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Say which sessions moved the first lines of the lists, over at most a dozen needs."""
        version = self.get_object()
        body = _said("found", version, lambda: influence.influences(version))
        return Response(self.get_serializer(body).data)


def _said(name: str, version: ModelVersion, ask: Callable[[], Any]) -> dict[str, Any]:
    """Return the answer, or why there is none: that no session can be named is an answer too."""
    body = {"version": version.number, "before": version.parent.number if version.parent else None}
    try:
        return body | {"missing": "", name: ask()}
    except NoProvenance as error:
        return body | {"missing": str(error), name: None}
