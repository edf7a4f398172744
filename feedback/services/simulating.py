"""Simulated experts judge a session through the same door as people: always marked as simulated."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from feedback.models import FeedbackSession, Slate
from feedback.services import judging
from feedback.simulation import SimulatedExpert, Utility, hidden_utility
from feedback.submitting import Submission

SECONDS_A_CARD = (4.0, 12.0)  # how long a simulated expert claims to look at a card


def judge_session(
    session: FeedbackSession,
    utility: Utility,
    panel: Mapping[str, SimulatedExpert],
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> int:
    """Let simulated experts (by user name) judge their open slates of a session; return how many they judged.

    Raises ValueError for a session that is not marked as simulated: nobody may speak for a person.
    """
    if not session.simulated:
        raise ValueError(f"“{session.title}” is a session of people: it can't be judged by simulated experts")
    slates = list(
        session.slates.filter(state=Slate.State.OPEN, expert__username__in=panel)
        .select_related("expert", "session__project")
        .prefetch_related("items")
        .order_by("expert", "position")
    )
    for done, slate in enumerate(slates, start=1):
        judging.submit(slate, _judge(slate, utility, panel), key=f"simulated-{slate.pk}")
        on_progress(done, len(slates))
    return len(slates)


def _judge(slate: Slate, utility: Utility, panel: Mapping[str, SimulatedExpert]) -> Submission:
    cards = list(slate.items.all())
    features = pd.DataFrame([card.features for card in cards]).astype(np.float64)
    values = hidden_utility(features, utility)
    expert = panel[slate.expert.get_username()]
    number = 1000 * slate.session.seed + slate.position  # so that an expert errs differently on each list
    seconds = round(np.random.default_rng([expert.seed, number]).uniform(*SECONDS_A_CARD) * len(cards))
    if expert.finds_none_suitable(values):
        return Submission(kind="none_suitable", seconds=seconds)
    favoured = features[utility.bias_column].to_numpy() if utility.bias_column else None
    tiers = expert.order(values, range(len(cards)), favoured, slate=number)
    ratings = expert.ratings(values, slate=number) if slate.session.asks_ratings else []
    return Submission(
        kind="reorder",
        tiers=[[cards[i].pk for i in tier] for tier in tiers],
        ratings={card.pk: rating for card, rating in zip(cards, ratings, strict=False)},
        # Orders and ratings are drawn apart from each other: what a simulated expert has to say is the order.
        decided_by="order" if ratings else "",
        seconds=seconds,
    )
