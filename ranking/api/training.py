"""Training sets, trainings and their progress; `feedback`, which has what to learn from, queues trainings."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from ranking.api.base import Endpoint
from ranking.filters import JobFilter, TrainingSetFilter
from ranking.models import TrainingJob, TrainingSet
from ranking.serializers import JobDetailSerializer, JobSerializer, TrainingSetSerializer
from ranking.services import jobs


class TrainingSets(Endpoint, ListAPIView):
    """What models were trained from."""

    queryset = TrainingSet.objects.select_related("project")
    serializer_class = TrainingSetSerializer
    filterset_class = TrainingSetFilter


class TrainingSetDetail(Endpoint, RetrieveAPIView):
    """One training set."""

    queryset = TrainingSet.objects.select_related("project")
    serializer_class = TrainingSetSerializer


class JobList(Endpoint, ListAPIView):
    """The trainings, latest first."""

    queryset = TrainingJob.objects.select_related("project", "version")
    serializer_class = JobSerializer
    filterset_class = JobFilter


class JobDetail(Endpoint, RetrieveAPIView):
    """One training, with its log; ask again every second to watch it."""

    queryset = TrainingJob.objects.select_related("project", "version")
    serializer_class = JobDetailSerializer


class JobCancel(Endpoint):
    """The stopping of a training."""

    queryset = TrainingJob.objects.select_related("project", "version")
    serializer_class = JobSerializer

    @extend_schema(request=None, responses=JobSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Ask for a training to be stopped: a queued one ends at once, a running one in a second."""
        return Response(JobSerializer(jobs.cancel(self.get_object())).data)
