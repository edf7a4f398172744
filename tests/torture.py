"""Judge lists while everything goes wrong: requests and answers get lost, come twice, late or in another
order, log-ins run out, tabs compete, the server is killed and started again. Then count what was lost.
"""

from __future__ import annotations

import http.client
import json
import random
import sqlite3
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.client import Client
from tests.deployment import Deployment, answers, free_port
from tests.page_model import Browser, Ledger, Tab

ADVISERS = Path(__file__).resolve().parent.parent / "fixtures" / "advisers"
FATES = {"passes": 62, "request lost": 8, "answer lost": 10, "sent twice": 8, "late": 8, "signed out": 4}
SITTING_SECONDS = 240
#: In one process: starting another one takes longer than what it would do.
SET_UP = f"""
from django.core.management import call_command
call_command("load_project", {str(ADVISERS)!r}, verbosity=0)
call_command("create_person", "ada", "admin")
"""


class Server:
    """A web server at one address, killed without warning and started again."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment, self.port = deployment, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.kills = 0
        self._start()

    def kill(self) -> None:
        """Kill the server and all its workers in the middle of whatever they do, and start it again."""
        self.deployment.kill(self.process)
        self.kills += 1
        self._start()

    def _start(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", "config.wsgi"]
        extra = {"TIEBREAK_BIND": f"127.0.0.1:{self.port}", "TIEBREAK_THROTTLE_USER": "1000000/minute"}
        self.process = self.deployment.start("web", command, **extra)
        self.deployment.await_start("web", self.process, lambda: answers(f"{self.address}/healthz"))


@dataclass
class Network:
    """Requests of one person, each with a fate drawn from the dice."""

    address: str
    token: str
    dice: random.Random
    met: Counter[str] = field(default_factory=Counter)
    late: list[tuple[Any, ...]] = field(default_factory=list)
    calm: bool = False

    def call(self, method: str, path: str, body: str | None = None, headers: Any = None) -> tuple[int, Any]:
        """Send a request; return status and body as the page sees them, (0, None) when nothing came back."""
        fate = "passes" if self.calm else self.dice.choices(list(FATES), list(FATES.values()))[0]
        self.met[fate] += 1
        request = (method, path, body, headers or {})
        if fate == "request lost":
            return 0, None
        if fate == "late":
            self.late.append(request)
            return 0, None
        if fate == "signed out":
            return self._send(*request, token="no longer valid")
        if fate == "sent twice":
            with ThreadPoolExecutor(2) as both:
                return self.dice.choice(list(both.map(lambda _: self._send(*request), range(2))))
        found = self._send(*request)
        return (0, None) if fate == "answer lost" else found

    def deliver(self) -> None:
        """Let a request arrive that was given up long ago."""
        if self.late:
            self._send(*self.late.pop(self.dice.randrange(len(self.late))))

    def _send(self, method: str, path: str, body: Any, headers: Any, *, token: str = "") -> tuple[int, Any]:
        said = {"Content-Type": "application/json", "Authorization": f"Token {token or self.token}"}
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=30)
        try:
            connection.request(method, f"/api/v1/{path}", body, {**said, **headers})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except (OSError, http.client.HTTPException, ValueError):
            self.met["no connection"] += 1
            time.sleep(0.1)
            return 0, None
        finally:
            connection.close()


@dataclass
class Audit:
    """What became of all that was done."""

    sittings: int = 0
    moves: int = 0
    given_up: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    haunting: list[str] = field(default_factory=list)  # saved although a decision against them was saved, too
    judgements: int = 0
    judgements_lost: list[int] = field(default_factory=list)
    judgements_doubled: list[int] = field(default_factory=list)
    judgements_wrong: list[int] = field(default_factory=list)
    kills: int = 0
    met: Counter[str] = field(default_factory=Counter)

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled, reordered or judged otherwise than it was put."""
        moves = (*self.lost, *self.doubled, *self.reordered, *self.haunting)
        judged = (*self.judgements_lost, *self.judgements_doubled, *self.judgements_wrong)
        return not moves and not judged


class Arena:
    """An installation with a project and experts, whose lists can be judged under torture."""

    def __init__(self, deployment: Deployment, *, experts: int) -> None:
        self.deployment = deployment
        password = deployment.manage("shell", "--no-imports", "-c", SET_UP).split()[-1]
        self.server = Server(deployment)
        self.sat: list[tuple[int, Ledger, Counter[str]]] = []
        self.admin = Client(self.server.address, "ada", password)
        self.tokens = [self._expert(f"expert{number}") for number in range(experts)]

    def torture(self, seed: int, *, sittings: int, kills: int, threads: int = 8) -> None:
        """Judge that many lists, and kill the server that often meanwhile."""
        each = -(-sittings // len(self.tokens))
        self.admin.post(
            "sessions/",
            project="advisers",
            title=f"seed {seed}",
            experts=[f"expert{number}" for number in range(len(self.tokens))],
            slates_per_expert=each,
            items_per_slate=8,
            asks_ratings=True,
            seed=seed,
        )
        lists = [(token, slate) for token in self.tokens for slate in self._open_slates(token)][:sittings]
        assert len(lists) == sittings, f"{len(lists)} lists for {sittings} sittings"
        over = threading.Event()
        killer = threading.Thread(target=self._kill, args=(random.Random(seed), kills, over))
        killer.start()
        try:
            with ThreadPoolExecutor(threads) as pool:
                self.sat += pool.map(lambda n: self._sit(seed * 10_000 + n, *lists[n]), range(sittings))
        finally:
            over.set()
            killer.join()

    def audit(self) -> Audit:
        """Return what became of all that was done since the last audit; fail where log and draft disagree."""
        self.deployment.manage("check_drafts")
        moves, judgements = self._rows("feedback_slatemove"), self._rows("feedback_judgement")
        audit = Audit(sittings=len(self.sat), kills=self.server.kills)
        for slate, ledger, met in self.sat:
            audit.met += met
            rows = sorted((row for row in moves if row["slate_id"] == slate), key=lambda row: row["version"])
            audit_moves(audit, ledger, [row["client_at"] for row in rows])
            _audit_judgement(audit, slate, ledger, [row for row in judgements if row["slate_id"] == slate])
        self.sat, self.server.kills = [], 0
        return audit

    def _expert(self, name: str) -> str:
        password = self.admin.post("members/", username=name, role="expert")["password"]
        return Client(self.server.address, name, password).token

    def _open_slates(self, token: str) -> list[int]:
        reader = Client(self.server.address)
        reader.token = token
        return [row["id"] for row in reader.all("slates/", state="open", page_size=200)]

    def _kill(self, dice: random.Random, kills: int, over: threading.Event) -> None:
        for _ in range(kills):
            if over.wait(dice.uniform(0.5, 2.5)):
                return
            self.server.kill()

    def _sit(self, seed: int, token: str, slate: int) -> tuple[int, Ledger, Counter[str]]:
        """Judge one list in one to three tabs, some of which are closed on the way, and submit it."""
        dice = random.Random(seed)
        network = Network(self.server.address, token, dice)
        shown = self._until(lambda: _ok(network.call("GET", f"slates/{slate}/")))
        cards = [str(card["id"]) for card in shown["cards"]]
        tags = [tag["name"] for tag in shown["reason_tags"]]
        browser = Browser(slate, cards, tags, dice)
        tabs = [Tab(browser, network.call) for _ in range(dice.choice([1, 1, 2, 3]))]
        for _ in range(dice.randint(15, 40)):
            place = dice.randrange(len(tabs))
            if dice.random() < 0.06:
                tabs[place] = Tab(browser, network.call)  # closed or reloaded: only the storage remains
            tab = tabs[place]
            if not tab.open:
                tab.load()
                continue
            for _ in range(dice.choice([0, 1, 1, 2, 4])):
                tab.act()
            for _ in range(dice.choice([0, 1, 2, 3])):
                tab.send()
            if dice.random() < 0.2:
                network.deliver()
        for tab in tabs:
            self._until(lambda tab=tab: not tab.own or not tab.open or tab.send())
        self._finish(browser, network)
        return slate, browser.ledger, network.met

    def _finish(self, browser: Browser, network: Network) -> None:
        """Open the page once more, send what waits, and submit; late requests arrive before and after it."""
        tab, key = Tab(browser, network.call), browser.new_key()

        def done() -> bool:
            if not tab.open:
                tab.load()
            elif tab.own:
                tab.send()
            else:
                return tab.submit(key)
            return False

        self._until(done)
        while network.late:
            network.deliver()
        assert browser.stored == []

    def _until(self, step: Any) -> Any:
        deadline = time.monotonic() + SITTING_SECONDS
        while not (found := step()):
            assert time.monotonic() < deadline, "a sitting never came to its end"
        return found

    def _rows(self, table: str) -> list[dict[str, Any]]:
        """Return the rows of a table as they stand in the database, whatever the server says."""
        if self.deployment.database == "sqlite":
            with closing(sqlite3.connect(self.deployment.folder / "tiebreak.sqlite3")) as opened:
                opened.row_factory = sqlite3.Row
                return [_read(dict(row)) for row in opened.execute(f"SELECT * FROM {table}")]
        import psycopg
        from psycopg.rows import dict_row

        url = self.deployment.environment["TIEBREAK_DATABASE_URL"]
        with psycopg.connect(url, row_factory=dict_row) as opened:
            return list(opened.execute(f"SELECT * FROM {table}"))


def _read(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of SQLite with its moments and JSON read."""
    for name in row:
        if name == "client_at":
            row[name] = datetime.fromisoformat(row[name]).replace(tzinfo=UTC)
        elif name in ("tiers", "rest"):
            row[name] = json.loads(row[name])
    return row


def _ok(answer: tuple[int, Any]) -> Any:
    return answer[1] if answer[0] == 200 else None


def audit_moves(audit: Audit, ledger: Ledger, landed: list[datetime]) -> None:
    """Count what was done in a sitting against what landed, in the order of the log."""
    found = Counter(landed)
    given_up = {
        datetime.fromisoformat(at): by and datetime.fromisoformat(by) for at, by in ledger.given_up.items()
    }
    audit.doubled += [at.isoformat() for at, times in found.items() if times > 1]
    audit.given_up += len(given_up)
    for made in ledger.made.values():
        moments = [datetime.fromisoformat(at) for at in made]
        kept = [at for at in moments if at in found]
        audit.moves += len(made)
        audit.lost += [at.isoformat() for at in moments if at not in found and at not in given_up]
        audit.haunting += [
            at.isoformat()
            for at in kept
            if at in given_up and (given_up[at] is None or given_up[at] in found)
        ]
        if sorted(kept, key=landed.index) != kept:
            audit.reordered.append(made[0])


def _audit_judgement(audit: Audit, slate: int, ledger: Ledger, rows: list[dict[str, Any]]) -> None:
    audit.judgements += len(rows)
    if not rows:
        audit.judgements_lost.append(slate)
    elif len(rows) > 1:
        audit.judgements_doubled.append(slate)
    elif ledger.judged is None or any(
        json.dumps(rows[0][name]) != json.dumps(_numbers(ledger.judged[name])) for name in ("tiers", "rest")
    ):
        audit.judgements_wrong.append(slate)


def _numbers(cards: Any) -> Any:
    return [_numbers(card) for card in cards] if isinstance(cards, list) else int(cards)
