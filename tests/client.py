"""A client of the API over real HTTP, as another program would write it."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

JOB_SECONDS = 180


class Refused(AssertionError):
    """The API answered with an error."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body


class Client:
    """One log-in at one server."""

    def __init__(self, address: str, username: str = "", password: str = "") -> None:
        self.address, self.token, self.password = address, "", password
        if username:
            self.token = self.post("token/", username=username, password=password)["token"]
            self._choose_own_password()

    def get(self, path: str, **query: Any) -> Any:
        """Return the body of a GET."""
        words = urllib.parse.urlencode(query)
        return self._send("GET", f"{path}?{words}" if words else path)

    def post(self, path: str, *, headers: dict[str, str] | None = None, **body: Any) -> Any:
        """Return the body of a POST."""
        return self._send("POST", path, body, headers)

    def put(self, path: str, *, headers: dict[str, str] | None = None, **body: Any) -> Any:
        """Return the body of a PUT."""
        return self._send("PUT", path, body, headers)

    def all(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Go through every row of a list, page after page."""
        page = 1
        while True:
            answer = self.get(path, page=page, **query)
            yield from answer["results"]
            if not answer["next"]:
                return
            page += 1

    def submit(self, slate: int, **judgement: Any) -> Any:
        """Submit a slate with a key of its own."""
        return self.post(
            f"slates/{slate}/judgement/", headers={"Idempotency-Key": str(uuid.uuid4())}, **judgement
        )

    def finished(self, job: int, *, seconds: float = JOB_SECONDS) -> dict[str, Any]:
        """Wait until a training has ended, and return it."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.get(f"jobs/{job}/")
            if found["state"] not in ("queued", "running"):
                return found
            assert time.monotonic() < deadline, f"no end of job {job} after {seconds:g} s: {found}"
            time.sleep(0.2)

    def _choose_own_password(self) -> None:
        """Change a temporary password, as everybody has to."""
        try:
            self.get("me/")
        except Refused as refused:
            if "password_change_required" not in str(refused.body):
                raise
            old, self.password = self.password, f"own-{self.password}"
            self.token = self.post("me/password/", password=old, new_password=self.password)["token"]

    def _send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.address}/api/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        if self.token:
            request.add_header("Authorization", f"Token {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode()) from error
