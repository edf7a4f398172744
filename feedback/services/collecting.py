"""What sessions collected, as records without any id of the database. Reads only."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from feedback.exchange.schema import FORMAT, FORMAT_VERSION, TABLES, Record, session_key
from feedback.exchange.values import moment_text
from feedback.models import FeedbackSession, Judgement, Participation, Preference, Slate, SlateItem
from feedback.services.gold_records import GoldRecords
from feedback.services.snapshot import one_moment
from ranking.models import ItemVersion, Project

CHUNK = 2000


def records_of(project: Project, sessions: Iterable[FeedbackSession] | None = None) -> list[Record]:
    """Return the records of a project's sessions, or of some of them, in the order of an export.

    All as of one moment: who judges meanwhile is in all of them or in none.
    """
    with one_moment():
        keys = keys_of(project)
        wanted = {session.pk for session in (project.sessions.all() if sessions is None else sessions)}
        return Collection(project, {pk: key for pk, key in keys.items() if pk in wanted}).records()


def records_named(project: Project, sessions: Container[str]) -> list[Record]:
    """Return the records of the sessions of these keys, and of all lists of known order that are planted.

    Of what is here besides nothing is read: inside a transaction it may change from one read to the next.
    """
    keys = keys_of(project)
    named = {pk: key for pk, key in keys.items() if key in sessions}
    return Collection(project, named, planted_in=keys).records()


def keys_of(project: Project) -> dict[int, str]:
    """Return what names each session of a project outside the database, by its id."""
    found: dict[int, str] = {}
    rows = project.sessions.order_by("id").values_list("id", "opened_at", "opened_by", "title", "seed")
    for pk, opened_at, opened_by, title, seed in rows:
        key = session_key(moment_text(opened_at) or "", opened_by, title, seed)
        twins = sum(other.partition("-")[0] == key for other in found.values())
        found[pk] = f"{key}-{twins + 1}" if twins else key
    return found


class Collection:
    """The rows of some sessions of a project on their way to records."""

    def __init__(
        self, project: Project, keys: dict[int, str], planted_in: Iterable[int] | None = None
    ) -> None:
        self.project = project
        self.keys = keys
        self._slates: dict[int, tuple[str, str, int]] = {}
        self._cards: dict[int, int] = {}
        planted = Slate.objects.filter(session__in=planted_in or keys, gold__isnull=False)
        self._gold = GoldRecords(project, set(planted.values_list("gold", flat=True)))

    def records(self) -> list[Record]:
        """Return all records: types in the order of the schema, each type sorted by its key."""
        sessions = self._sessions()
        slates = self._slate_records()
        cards = self._card_records()
        gold, gold_items = self._gold.records()
        kinds = {
            "export": [
                _record("export", format=FORMAT, format_version=FORMAT_VERSION, project=self.project.slug)
            ],
            "person": self._people(),
            "item": self._items([*cards, *gold_items]),
            "session": sessions,
            "gold": gold,
            "gold_item": gold_items,
            "participation": self._participations(),
            "slate": slates,
            "card": cards,
            "judgement": self._judgements(),
            "preference": self._preferences(),
        }
        place = {session.values["session"]: i for i, session in enumerate(sessions)}
        return [record for name in TABLES for record in sorted(kinds[name], key=lambda r: _order(r, place))]

    def _sessions(self) -> list[Record]:
        rows = self._of(FeedbackSession.objects.select_related("version"), "pk")
        found = [_session_record(row, self.keys[row.pk]) for row in rows]
        return sorted(found, key=lambda r: (r.values["opened_at"], r.values["session"]))

    def _people(self) -> list[Record]:
        invited = Participation.objects.filter(session__in=self.keys).values("expert")
        shown = Slate.objects.filter(session__in=self.keys).values("expert")
        named = Q(pk__in=invited) | Q(pk__in=shown) | Q(pk__in=self._gold.people())
        users = User.objects.filter(named).select_related("member")
        return [
            _record(
                "person",
                expert=user.username,
                first_name=user.first_name,
                last_name=user.last_name,
                simulated=bool(getattr(user, "member", None) and user.member.simulated),
            )
            for user in users
        ]

    def _participations(self) -> list[Record]:
        return [
            _record(
                "participation",
                session=self.keys[row.session_id],
                expert=row.expert.username,
                invited_at=moment_text(row.invited_at),
            )
            for row in self._of(Participation.objects.select_related("expert"), "session")
        ]

    def _slate_records(self) -> list[Record]:
        rows = list(self._of(Slate.objects.select_related("expert", "query").defer("draft"), "session"))
        self._slates = {
            row.pk: (self.keys[row.session_id], row.expert.username, row.position) for row in rows
        }
        return [_slate_record(row, self._slates, self._gold.keys) for row in rows]

    def _card_records(self) -> list[Record]:
        rows = self._of(SlateItem.objects.select_related("item_version__item"), "slate__session")
        rows = rows.defer("item_version__content")
        found = []
        for row in rows.iterator(CHUNK):
            self._cards[row.pk] = row.shown_position
            found.append(_card_record(row, self._slates[row.slate_id]))
        return found

    def _items(self, shown: Iterable[Record]) -> list[Record]:
        wanted = {(one.values["item"], one.values["content_hash"]) for one in shown}
        rows = ItemVersion.objects.filter(item__project=self.project).values_list(
            "item__key", "content_hash", "content"
        )
        return [
            _record("item", item=key, content_hash=digest, content=content)
            for key, digest, content in rows.iterator(CHUNK)
            if (key, digest) in wanted
        ]

    def _judgements(self) -> list[Record]:
        rows = self._of(Judgement.objects.all(), "slate__session")
        return [
            _judgement_record(row, self._slates[row.slate_id], self._cards) for row in rows.iterator(CHUNK)
        ]

    def _preferences(self) -> list[Record]:
        rows = self._of(Preference.objects.select_related("judgement"), "judgement__slate__session")
        return [
            _record(
                "preference",
                **_slate_key(self._slates[row.judgement.slate_id]),
                winner=self._cards[row.winner_id],
                loser=self._cards[row.loser_id],
                **{name: getattr(row, name) for name in ("weight", "target", "origin", "shown_gap")},
            )
            for row in rows.iterator(CHUNK)
        ]

    def _of(self, rows: QuerySet[Any], session: str) -> QuerySet[Any]:
        return rows.filter(**{f"{session}__in": list(self.keys)})


def _record(kind: str, /, **values: Any) -> Record:
    return Record(kind, values)


def _order(record: Record, place: dict[str, int]) -> tuple[Any, ...]:
    """Sort by key, sessions by their opening and judgements by when they were made."""
    values = record.values
    if record.type in ("session", "participation", "slate", "card", "judgement", "preference"):
        moment = values["created_at"] if record.type == "judgement" else ""
        return (place[values["session"]], moment, *record.key[2:])
    return record.key


def _slate_key(slate: tuple[str, str, int]) -> dict[str, Any]:
    return dict(zip(("session", "expert", "position"), slate, strict=True))


def _session_record(row: FeedbackSession, key: str) -> Record:
    origin = row.origin or {}
    texts = ("title", "instructions", "state", "opened_by")
    figures = (
        "slates_per_expert",
        "items_per_slate",
        "random_share",
        "overlap_share",
        "gold_per_expert",
        "seed",
    )
    plain = (*texts, *figures, "asks_ratings", "simulated")
    return _record(
        "session",
        session=key,
        **{name: getattr(row, name) for name in plain},
        version=origin.get("version", row.version.number),
        version_sha256=origin.get("version_sha256", row.version.sha256),
        source=origin.get("source", ""),
        opened_at=moment_text(row.opened_at),
        closed_at=moment_text(row.closed_at),
    )


def _slate_record(row: Slate, slates: dict[int, tuple[str, str, int]], gold: dict[int, str]) -> Record:
    plain = ("query_content", "randomised", "shared", "arm", "selection_probability", "state")
    return _record(
        "slate",
        **_slate_key(slates[row.pk]),
        query=row.query.key,
        **{name: getattr(row, name) for name in plain},
        repeats=None if row.repeats_id is None else slates[row.repeats_id][2],
        gold=None if row.gold_id is None else gold[row.gold_id],
        first_seen_at=moment_text(row.first_seen_at),
        submitted_at=moment_text(row.submitted_at),
    )


def _card_record(row: SlateItem, slate: tuple[str, str, int]) -> Record:
    values = row.features.items()
    return _record(
        "card",
        **_slate_key(slate),
        shown_position=row.shown_position,
        item=row.item_version.item.key,
        content_hash=row.item_version.content_hash,
        model_rank=row.model_rank,
        selection_probability=float(row.selection_probability),
        # PostgreSQL gives whole numbers back without their ".0"
        features={name: None if value is None else float(value) for name, value in values},
    )


def _judgement_record(row: Judgement, slate: tuple[str, str, int], cards: dict[int, int]) -> Record:
    plain = ("kind", "reason_tags", "comment", "field", "seconds", "idempotency_key", "body_sha256")
    return _record(
        "judgement",
        **_slate_key(slate),
        **{name: getattr(row, name) for name in plain},
        tiers=[[cards[card] for card in tier] for tier in row.tiers],
        rest=[cards[card] for card in row.rest],
        ratings={str(cards[int(card)]): rating for card, rating in row.ratings.items()},
        items=[cards[card] for card in row.items],
        decided_by=row.decided_by or None,
        created_at=moment_text(row.created_at),
    )
