"""The start of a training: what was said is frozen here and handed to the lower app."""

from __future__ import annotations

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.serializers.judgements import JobBody
from feedback.services import learning
from ranking.api.training import JobList
from ranking.serializers import JobSerializer
from ranking.tasks import start_training

LEARN = {"preferences": learning.retrain, "labels": learning.retrain_from_labels}


class Jobs(JobList):
    """The trainings, latest first."""

    @extend_schema(request=JobBody, responses={202: JobSerializer})
    def post(self, request: Request) -> Response:
        """Freeze what there is to learn from and queue a training; a worker takes it up."""
        body = JobBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        job = LEARN[asked["learn_from"]](asked["project"], by=self.access.name, seed=asked["seed"])
        start_training(job)
        job.refresh_from_db()
        address = reverse("api:job", args=[job.pk])
        return Response(
            self.get_serializer(job).data, status=status.HTTP_202_ACCEPTED, headers={"Location": address}
        )
