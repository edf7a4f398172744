"""Rows from the records of an export: sessions, slates, cards and judgements with their own moments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User

from feedback.exchange.schema import Record, of_type
from feedback.exchange.values import moment_of
from feedback.models import FeedbackSession, Judgement, Participation, Slate, SlateItem
from feedback.services.arriving import bring_items, bring_people
from feedback.services.collecting import keys_of
from feedback.services.deriving import derive_preferences
from feedback.services.gold_records import GoldRecords, retire_again, write_gold
from ranking.models import ModelVersion, Project
from ranking.services.catalog_rows import OnProgress, chunks

SlateKey = tuple[str, str, int]
_SESSION_PLAIN = (
    "title",
    "instructions",
    "state",
    "slates_per_expert",
    "items_per_slate",
    "random_share",
    "overlap_share",
    "gold_per_expert",
    "asks_ratings",
    "simulated",
    "seed",
    "opened_by",
)
_SLATE_PLAIN = (
    "query_content",
    "position",
    "randomised",
    "shared",
    "arm",
    "selection_probability",
    "state",
)
_CARD_PLAIN = ("shown_position", "model_rank", "selection_probability", "features")
_JUDGEMENT_PLAIN = (
    "kind",
    "reason_tags",
    "comment",
    "field",
    "seconds",
    "idempotency_key",
    "body_sha256",
)


class Restorer:
    """Writes checked records into a project. `champion` stands in for versions that are not here."""

    def __init__(self, project: Project, champion: ModelVersion, on_progress: OnProgress) -> None:
        self.project = project
        self.champion = champion
        self.on_progress = on_progress
        self.sessions: dict[str, int] = {key: pk for pk, key in keys_of(project).items()}
        self.users: Mapping[str, User] = {}
        self.slates: dict[SlateKey, int] = {}
        self.gold: dict[str, int] = {}

    def write(self, new: Sequence[Record], moved: Sequence[Record]) -> list[str]:
        """Append what is new, move on what has gone on; return notes on what came along."""
        self.users, people = bring_people(of_type(new, "person"))
        versions, contents = bring_items(self.project, of_type(new, "item"))
        elsewhere = self._write_sessions(of_type(new, "session"))
        self._write_participations(of_type(new, "participation"))
        write_gold(self.project, of_type(new, "gold"), of_type(new, "gold_item"), versions, self.users)
        self.gold = {key: pk for pk, key in GoldRecords(self.project).keys.items()}
        self._write_slates(of_type(new, "slate"))
        self._write_cards(of_type(new, "card"), versions)
        self._write_judgements(of_type(new, "judgement"))
        self._move(moved)
        self._derive((*of_type(new, "session"), *of_type(moved, "session")))
        notes = {
            f"people who were made, without a log-in: {people:,}": people,
            f"earlier contents of items that were added: {contents:,}": contents,
            f"sessions that were held with a version that is not here: {elsewhere:,}": elsewhere,
        }
        return [words for words, count in notes.items() if count]

    def _write_sessions(self, records: Sequence[Record]) -> int:
        """Write the sessions; return how many were held with a version that is not here."""
        here = {(one.number, one.sha256): one for one in self.project.versions.all()}
        rows = []
        elsewhere = 0
        for values in (record.values for record in records):
            version = here.get((values["version"], values["version_sha256"]))
            origin = {"source": values["source"]} if values["source"] else {}
            if version is None:
                elsewhere += 1
                origin |= {name: values[name] for name in ("version", "version_sha256")}
            row = FeedbackSession(
                project=self.project,
                version=version or self.champion,
                origin=origin or None,
                opened_at=moment_of(values["opened_at"]),
                closed_at=moment_of(values["closed_at"]),
                **{name: values[name] for name in _SESSION_PLAIN},
            )
            row.save()
            rows.append(row)
        self.sessions |= {r.values["session"]: row.pk for r, row in zip(records, rows, strict=True)}
        return elsewhere

    def _write_participations(self, records: Iterable[Record]) -> None:
        Participation.objects.bulk_create(
            Participation(
                session_id=self.sessions[record.values["session"]],
                expert=self.users[record.values["expert"]],
                invited_at=moment_of(record.values["invited_at"]),
            )
            for record in records
        )

    def _write_slates(self, records: Sequence[Record]) -> None:
        queries = dict(self.project.queries.values_list("key", "pk"))
        rows = [self._slate(record.values, queries) for record in records]
        for part in chunks(rows):
            Slate.objects.bulk_create(part)
        self.slates = self._slates_here() | {r.slate: row.pk for r, row in zip(records, rows, strict=True)}
        again = [(row, r) for row, r in zip(rows, records, strict=True) if r.values["repeats"] is not None]
        for row, record in again:
            row.repeats_id = self.slates[(*record.slate[:2], record.values["repeats"])]
        Slate.objects.bulk_update([row for row, _ in again], ["repeats"], batch_size=500)

    def _slate(self, values: Mapping[str, Any], queries: Mapping[str, int]) -> Slate:
        return Slate(
            session_id=self.sessions[values["session"]],
            expert=self.users[values["expert"]],
            query_id=queries[values["query"]],
            gold_id=None if values["gold"] is None else self.gold[values["gold"]],
            first_seen_at=moment_of(values["first_seen_at"]),
            submitted_at=moment_of(values["submitted_at"]),
            **{name: values[name] for name in _SLATE_PLAIN},
        )

    def _slates_here(self) -> dict[SlateKey, int]:
        names = {pk: key for key, pk in self.sessions.items()}
        rows = Slate.objects.filter(session__in=names)  # and in none that was opened meanwhile
        found = rows.values_list("session_id", "expert__username", "position", "pk")
        return {(names[session], expert, position): pk for session, expert, position, pk in found}

    def _write_cards(self, records: Sequence[Record], versions: Mapping[tuple[str, str], int]) -> None:
        done = 0
        for part in chunks(records):
            SlateItem.objects.bulk_create(
                SlateItem(
                    slate_id=self.slates[record.slate],
                    item_version_id=versions[record.values["item"], record.values["content_hash"]],
                    **{name: record.values[name] for name in _CARD_PLAIN},
                )
                for record in part
            )
            done += len(part)
            self.on_progress("cards", done, len(records))

    def _write_judgements(self, records: Sequence[Record]) -> None:
        cards = self._cards_of({self.slates[record.slate] for record in records})
        done = 0
        for part in chunks(records):
            Judgement.objects.bulk_create(self._judgement(record, cards) for record in part)
            done += len(part)
            self.on_progress("judgements", done, len(records))

    def _cards_of(self, slates: Iterable[int]) -> dict[int, dict[int, int]]:
        """Return the card ids by slate and shown position."""
        found: dict[int, dict[int, int]] = {}
        for part in chunks(slates):
            rows = SlateItem.objects.filter(slate__in=part)
            for slate, place, card in rows.values_list("slate_id", "shown_position", "pk"):
                found.setdefault(slate, {})[place] = card
        return found

    def _judgement(self, record: Record, cards: Mapping[int, Mapping[int, int]]) -> Judgement:
        values, slate = record.values, self.slates[record.slate]
        card = cards[slate]
        return Judgement(
            slate_id=slate,
            expert=self.users[values["expert"]],
            tiers=[[card[place] for place in tier] for tier in values["tiers"]],
            rest=[card[place] for place in values["rest"]],
            ratings={str(card[int(place)]): rating for place, rating in values["ratings"].items()},
            decided_by=values["decided_by"] or "",
            items=[card[place] for place in values["items"]],
            created_at=moment_of(values["created_at"]),
            **{name: values[name] for name in _JUDGEMENT_PLAIN},
        )

    def _move(self, moved: Iterable[Record]) -> None:
        """Close sessions, submit slates and retire lists of known order that went on elsewhere."""
        for record in moved:
            values = record.values
            if record.type == "session":
                FeedbackSession.objects.filter(pk=self.sessions[values["session"]]).update(
                    state=values["state"], closed_at=moment_of(values["closed_at"])
                )
            elif record.type == "gold":
                retire_again(self.gold[values["gold"]], values)
            else:
                Slate.objects.filter(pk=self.slates[record.slate]).update(
                    state=values["state"],
                    first_seen_at=moment_of(values["first_seen_at"]),
                    submitted_at=moment_of(values["submitted_at"]),
                )

    def _derive(self, sessions: Iterable[Record]) -> None:
        closed = [r.values["session"] for r in sessions if r.values["state"] == "closed"]
        for done, key in enumerate(closed, start=1):
            derive_preferences(FeedbackSession.objects.get(pk=self.sessions[key]))
            self.on_progress("preferences", done, len(closed))
