"""Orders from other tools become a closed session: lists of known items for known needs, judged by people.

An order that came before, by its name and person, is not taken twice, and none that came otherwise replaces
it: judgements are never changed. Whether the items stood in an order of
the version is unknown, so nothing is taken for granted: where the file does not say what was shown, the cards
stand in an order drawn from a hash, which nobody's judgement can have followed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from feedback.exchange.argilla import read_argilla
from feedback.exchange.checking import Complaints
from feedback.exchange.label_studio import read_label_studio
from feedback.exchange.peers import Naming, PeerComplaints, PeerOrder, PeerRead, latest_orders
from feedback.exchange.preflib import read_preflib
from feedback.exchange.schema import Record
from feedback.exchange.values import json_text, moment_of
from feedback.models import FeedbackSession, Judgement, Participation, Slate, SlateItem
from feedback.models.sessions import LEAST_RANDOM_SHARE
from feedback.services.arriving import bring_people, check_names
from feedback.services.deriving import derive_preferences
from feedback.services.foreign_cards import Deck
from feedback.services.importing import PLAIN, importing
from ranking.errors import ImportRefused
from ranking.formats import counted
from ranking.importers.tables import Refusal
from ranking.models import Project, Query
from ranking.services import serving
from ranking.services.catalog import ImportReport, Options
from ranking.services.catalog_rows import Counts

READERS: dict[str, Callable[[Path, Naming], PeerRead]] = {
    "argilla": read_argilla,
    "label-studio": read_label_studio,
    "preflib": read_preflib,
}
LONGEST_TITLE, LONGEST_SOURCE = 200, 200
NOTHING = "holds no order that can be used: nobody ranked anything in it"


@dataclass(frozen=True)
class OrdersRequest:
    """A file of another tool, and what its fields mean. `random_order`: what it shows was shown at random."""

    path: Path
    tool: str
    naming: Naming = field(default_factory=Naming)
    title: str = ""
    random_order: bool = False

    @property
    def session_title(self) -> str:
        """The title of the session that the orders become."""
        return (self.title or f"Orders from {self.path.name}")[:LONGEST_TITLE]


def import_orders(project: Project, request: OrdersRequest, options: Options = PLAIN) -> ImportReport:
    """Import the orders of a file; what can't be used is left out and named in the report.

    Raises ImportRefused, for a file without any order that can be used, and NoChampion; then nothing was
    written.
    """
    read = READERS[request.tool](request.path, request.naming)
    usable, replaced = latest_orders(_known(project, read))
    with importing(project, options):
        new, unchanged = _new_orders(project, usable, request, read.complaints)
        if not new and not unchanged:
            raise ImportRefused(read.complaints.told or [Refusal(request.path.name, None, "", NOTHING)])
        made, people = 0, 0
        if new:
            users, people = bring_people(_people(new, request.path.name))
            made = _Writer(project, request, users, options).write(new)
    notes = [*read.notes, *replaced, *read.complaints.notes()]
    if new:
        notes.append(f"a closed session “{request.session_title}” with {counted(made, 'preference')}")
    if people:
        notes.append(f"people who were made, without a log-in: {people:,}")
    counts = Counts("judgements", new=len(new), unchanged=unchanged)
    return ImportReport(project.slug, (counts,), notes=tuple(notes), dry_run=options.dry_run)


def _known(project: Project, read: PeerRead) -> list[PeerOrder]:
    """Return the orders of needs, items and people that this installation can have; complain about others."""
    queries = set(project.queries.values_list("key", flat=True))
    items = set(project.items.filter(current__isnull=False).values_list("key", flat=True))
    strange_names = _strange_names(read)
    known = []
    for order in read.orders:
        wrong = [f"the project has no need {order.query!r}"] if order.query not in queries else []
        wrong += [f"the project has no item {item!r}" for item in order.items if item not in items]
        wrong += strange_names.get(order.person, [])
        if wrong:
            read.complaints.add(order.place, "; ".join(wrong))
        else:
            known.append(order)
    return known


def _strange_names(read: PeerRead) -> dict[str, list[str]]:
    """Return what is wrong with names that nobody here can have."""
    people = _people(read.orders, read.complaints.file)
    names = Complaints(most=2 * len(people))
    check_names([replace(person, line=line) for line, person in enumerate(people)], names)
    wrong: dict[str, list[str]] = defaultdict(list)
    for refusal in names.found:
        if refusal.line is not None:
            wrong[people[refusal.line].values["expert"]].append(refusal.message)
    return wrong


def _people(orders: Sequence[PeerOrder], file: str) -> list[Record]:
    plain = {"first_name": "", "last_name": "", "simulated": False}
    return [
        Record("person", {"expert": name, **plain}, file)
        for name in dict.fromkeys(order.person for order in orders)
    ]


def _key_of(project: Project, order: PeerOrder, tool: str) -> str:
    """Return the idempotency key of an order: the same in every export of the same tool."""
    named = "\n".join((project.slug, tool, order.query, order.person, order.name))
    return f"{tool}:{sha256(named.encode()).hexdigest()[:40]}"


def _digest(order: PeerOrder) -> str:
    body = [order.query, [sorted(tier) for tier in order.tiers], sorted(order.rest)]
    return sha256(json_text(body).encode()).hexdigest()


def _new_orders(
    project: Project, orders: Sequence[PeerOrder], request: OrdersRequest, complaints: PeerComplaints
) -> tuple[list[PeerOrder], int]:
    """Return the orders that have not come before, and how many have; complain where one came otherwise."""
    people = {order.person for order in orders}
    rows = Judgement.objects.filter(
        expert__username__in=people, idempotency_key__startswith=f"{request.tool}:"
    )
    here = {
        (expert, key): digest
        for expert, key, digest in rows.values_list("expert__username", "idempotency_key", "body_sha256")
    }
    new, unchanged = [], 0
    for order in orders:
        known = here.get((order.person, _key_of(project, order, request.tool)))
        if known is None:
            new.append(order)
        elif known == _digest(order):
            unchanged += 1
        else:
            complaints.add(
                order.place, f"{order.person} put {order.name!r} in another order before, which stays"
            )
    return new, unchanged


class _Writer:
    """Writes orders as a closed session."""

    def __init__(
        self, project: Project, request: OrdersRequest, users: Mapping[str, User], options: Options
    ) -> None:
        self.project, self.request, self.users = project, request, users
        self.on_progress = options.on_progress
        self.champion = serving.champion(project)
        self.now = timezone.now()

    def write(self, orders: Sequence[PeerOrder]) -> int:
        """Write session, lists and judgements; return how many preferences follow."""
        session = self._session(orders)
        Participation.objects.bulk_create(
            Participation(session=session, expert=self.users[name])
            for name in dict.fromkeys(order.person for order in orders)
        )
        slates = Slate.objects.bulk_create(self._slates(session, orders))
        deck = Deck(self.project, self.champion)
        for done, (slate, order) in enumerate(zip(slates, orders, strict=True), start=1):
            shown = self._shown(order)
            cards = SlateItem.objects.bulk_create(deck.cards(slate, shown))
            card_of = {key: card.pk for key, card in zip(shown, cards, strict=True)}
            self._judgement(slate, order, card_of).save()
            self.on_progress("lists", done, len(orders))
        return derive_preferences(session)

    def _shown(self, order: PeerOrder) -> tuple[str, ...]:
        def draw(item: str) -> str:
            return sha256("\n".join((self.project.slug, order.person, order.name, item)).encode()).hexdigest()

        return order.shown or tuple(sorted(order.items, key=draw))

    def _randomised(self, order: PeerOrder) -> bool:
        """What a hash drew is random; what a file says was shown is so only if somebody says so."""
        return self.request.random_order or not order.shown

    def _session(self, orders: Sequence[PeerOrder]) -> FeedbackSession:
        lists: dict[str, int] = defaultdict(int)
        for order in orders:
            lists[order.person] += 1
        shared = self._shared(orders)
        random = sum(map(self._randomised, orders)) / len(orders)
        session = FeedbackSession(
            project=self.project,
            version=self.champion.version,
            title=self.request.session_title,
            state=FeedbackSession.State.CLOSED,
            slates_per_expert=max(lists.values()),
            items_per_slate=max(len(order.items) for order in orders),
            random_share=max(random, LEAST_RANDOM_SHARE),  # less than that no session may ask for
            overlap_share=sum(_list_of(order) in shared for order in orders) / len(orders),
            opened_by="import",
            opened_at=self.now,
            closed_at=self.now,
            origin={"source": f"{self.request.tool}: {self.request.path.name}"[:LONGEST_SOURCE]},
        )
        session.save()
        return session

    def _shared(self, orders: Sequence[PeerOrder]) -> set[Any]:
        """Return the lists that several people saw."""
        people: dict[Any, set[str]] = defaultdict(set)
        for order in orders:
            people[_list_of(order)].add(order.person)
        return {one for one, names in people.items() if len(names) > 1}

    def _slates(self, session: FeedbackSession, orders: Sequence[PeerOrder]) -> list[Slate]:
        queries: dict[str, Query] = {query.key: query for query in self.project.queries.all()}
        shared = self._shared(orders)
        position: dict[str, int] = defaultdict(int)
        slates = []
        for order in orders:
            position[order.person] += 1
            query = queries[order.query]
            slates.append(
                Slate(
                    session=session,
                    expert=self.users[order.person],
                    query=query,
                    query_content=query.content,
                    position=position[order.person],
                    randomised=self._randomised(order),
                    shared=_list_of(order) in shared,
                    selection_probability=1.0,
                    state=Slate.State.SUBMITTED,
                    submitted_at=moment_of(order.made_at) or self.now,
                )
            )
        return slates

    def _judgement(self, slate: Slate, order: PeerOrder, card_of: Mapping[str, int]) -> Judgement:
        return Judgement(
            slate=slate,
            expert=slate.expert,
            kind=Judgement.Kind.REORDER,
            tiers=[[card_of[item] for item in tier] for tier in order.tiers],
            rest=[card_of[item] for item in order.rest],
            seconds=order.seconds,
            idempotency_key=_key_of(self.project, order, self.request.tool),
            body_sha256=_digest(order),
            created_at=slate.submitted_at,
        )


def _list_of(order: PeerOrder) -> tuple[str, frozenset[str]]:
    return order.query, frozenset(order.items)
