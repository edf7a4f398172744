"""Behind a real nginx, configured as in docs/operations.md, lock, logs and HTTPS go by who really calls."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deployment import ROOT, Deployment, free_port, wait_for
from tests.factories import PASSWORD

pytestmark = [pytest.mark.services, pytest.mark.slow]
HOST = "tiebreak.example"
PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
OPENSSL = shutil.which("openssl")
EXPERTS = [f"edda{number}" for number in range(4)]
PREPARE = f"""
from django.core.management import call_command
from tests import factories
call_command("collectstatic", interactive=False, verbosity=0)
for name in {EXPERTS}:
    factories.make_expert(name)
"""
FORGED = "6.6.6."
_addresses = (f"127.0.0.{last}" for last in itertools.count(11))

Headers = Sequence[tuple[str, str]]


def forgeries(number: int) -> Headers:
    """Return what a client may write into the header, each time something else."""
    forged = f"{FORGED}{number}"
    forms: list[list[str]] = [
        [forged],
        [f"{forged}, 10.0.0.1"],
        [f"{forged}, 10.0.0.1, 127.0.0.1"],
        [forged, f"{forged}, 127.0.0.1"],
        [f"2001:db8::{number}"],
        [f"[2001:db8::{number}]:4711, {forged}:80"],
        ["unknown", "", ", ,"],
        ["x" * 900],
    ]
    lines = [("X-Forwarded-For", line) for line in forms[number % len(forms)]]
    return [*lines, ("X-Real-IP", forged), ("Forwarded", f"for={forged}"), ("X_Forwarded_For", forged)]


@dataclass
class Site:
    """A server with so many proxies of ours in front of it."""

    deployment: Deployment
    port: int
    tls: bool
    untried: Iterator[str]

    def ask(self, address: str, method: str, path: str, body: str = "", headers: Headers = ()) -> int:
        """Return the status of a request that comes from this address of the machine."""
        connection = self._connection(address)
        connection.putrequest(method, path, skip_host=True)
        kind, length = ("Content-Type", "application/json"), ("Content-Length", str(len(body)))
        for name, value in [("Host", HOST), kind, length, *headers]:
            connection.putheader(name, value)
        connection.endheaders(body.encode())
        status = connection.getresponse().status
        connection.close()
        return status

    def log_in(self, address: str, username: str, password: str, headers: Headers = ()) -> int:
        """Return 200 let in, 400 wrong, 429 locked."""
        body = json.dumps({"username": username, "password": password})
        return self.ask(address, "POST", "/api/v1/token/", body, headers)

    def requests(self) -> list[dict[str, str]]:
        """Return the log's lines of requests for tokens."""
        lines = [json.loads(line) for line in self.deployment.log("web").splitlines() if line[:1] == "{"]
        return [line for line in lines if line.get("request") == "POST /api/v1/token/"]

    def _connection(self, address: str) -> http.client.HTTPConnection:
        if not self.tls:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60, source_address=(address, 0))
        trusting = ssl._create_unverified_context()
        return http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=60, source_address=(address, 0), context=trusting
        )


def start_proxy(deployment: Deployment, server: str) -> tuple[int, int]:
    """Start nginx as the page configures it, with another proxy in front; return the ports of both."""
    folder, inner, outer = deployment.folder / "nginx", free_port(), free_port()
    folder.mkdir()
    certificate = ["-keyout", folder / "key.pem", "-out", folder / "chain.pem", "-subj", f"/CN={HOST}"]
    subprocess.run(
        [OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *certificate],
        check=True,
        capture_output=True,
    )
    block = re.search(r"^```nginx ci proxy\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert block
    site = block[1]
    for written, here in {
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "listen 443 ssl;": f"listen 127.0.0.1:{inner} ssl;",
        "127.0.0.1:8000": server.removeprefix("http://"),
        "/etc/ssl/tiebreak/chain.pem": str(folder / "chain.pem"),
        "/etc/ssl/tiebreak/key.pem": str(folder / "key.pem"),
    }.items():
        assert written in site
        site = site.replace(written, here)
    (folder / "nginx.conf").write_text(_around(folder, site, inner, outer))
    deployment.start("nginx", [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")])
    return inner, outer


def _around(folder: Path, site: str, inner: int, outer: int) -> str:
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    user = "user root;" if os.getuid() == 0 else ""
    return f"""{user} daemon off; pid {folder}/pid; error_log stderr; worker_processes 1;
events {{ }}
http {{
    access_log {folder}/access.log;
    {temporary}
    proxy_bind 127.0.0.9;  # as from another host: nothing on this machine is believed more
    {site}
    server {{
        listen 127.0.0.1:{outer} ssl;
        ssl_certificate {folder}/chain.pem;
        ssl_certificate_key {folder}/key.pem;
        location / {{
            proxy_pass https://127.0.0.1:{inner};
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
}}
"""


def start_site(deployment: Deployment, require, *, proxies: int, configured: int) -> Site:
    """Start a server in production mode with proxies in front, told of so many."""
    require(NGINX, "nginx (Debian: apt-get install nginx-light)")
    require(OPENSSL, "openssl")
    deployment.environment |= {
        "TIEBREAK_ENV": "production",
        "TIEBREAK_SECRET_KEY": "a-key-of-more-than-fifty-characters-for-this-test-alone-0123456789",
        "TIEBREAK_ALLOWED_HOSTS": f"{HOST},127.0.0.1",
        "TIEBREAK_THROTTLE_ANONYMOUS": "100000/minute",
        "TIEBREAK_PROXIES": str(configured),
    }
    if proxies == 0:
        deployment.environment["TIEBREAK_HTTPS_REDIRECT"] = "off"
    deployment.manage("shell", "--no-imports", "-c", PREPARE)
    server = deployment.web()
    if proxies == 0:
        return Site(deployment, int(server.rpartition(":")[2]), tls=False, untried=iter(EXPERTS))
    site = Site(deployment, start_proxy(deployment, server)[proxies - 1], tls=True, untried=iter(EXPERTS))
    wait_for(lambda: _answers(site), seconds=30, what="nginx")
    return site


def _answers(site: Site) -> bool:
    try:
        return site.ask("127.0.0.1", "GET", "/healthz") == 200
    except OSError:
        return False


@pytest.fixture(scope="module", params=[0, 1, 2])
def site(request, deploy_for_module, require) -> Iterator[Site]:
    """A server behind none, one and two proxies, and told so."""
    deployment = deploy_for_module()
    yield start_site(deployment, require, proxies=request.param, configured=request.param)
    for process in deployment.processes:
        deployment.kill(process)


@pytest.fixture
def edda(site) -> str:
    """An expert whom no other test has tried to log in."""
    return next(site.untried)


@pytest.mark.parametrize("forged", [False, True], ids=["as it comes", "forged"])
def test_twenty_wrong_passwords_never_pass_the_lock(site, edda, forged):
    here = next(_addresses)
    headers = [forgeries(number) if forged else [] for number in range(20)]
    answers = [site.log_in(here, edda, "wrong", header) for header in headers]
    assert answers == [400] * 4 + [429] * 16
    assert site.log_in(here, edda, PASSWORD, headers[0]) == 429
    assert {line["ip"] for line in site.requests()[-21:]} == {here}


def test_a_stranger_locks_nobody_out_elsewhere_whatever_address_is_claimed(site, edda):
    stranger, colleague = next(_addresses), next(_addresses)
    claimed = [("X-Forwarded-For", f"{colleague}, {colleague}, {colleague}")]
    answers = [site.log_in(stranger, edda, "wrong", claimed) for _ in range(5)]
    assert answers[-1] == 429
    assert site.log_in(colleague, edda, PASSWORD) == 200
    assert site.log_in(stranger, edda, PASSWORD) == 429


def test_nothing_that_a_client_claims_reaches_the_log(site, edda):
    for number in range(8):
        site.log_in(next(_addresses), edda, "wrong", forgeries(number))
    assert FORGED not in site.deployment.log("web")
    assert all(line["ip"].startswith("127.0.0.") for line in site.requests())


def test_a_page_is_no_endless_redirect_to_itself(site):
    forged = [("X-Forwarded-Proto", "http")] if site.tls else []
    assert site.ask("127.0.0.1", "GET", "/login/", headers=forged) == 200


def test_with_too_many_proxies_configured_guesses_end_and_the_log_says_what_is_wrong(deploy, require):
    site = start_site(deploy(), require, proxies=1, configured=2)
    here, colleague = next(_addresses), next(_addresses)
    assert site.log_in(here, EXPERTS[0], "wrong") == 400
    assert site.requests()[-1]["ip"] == here  # and not the proxy, whom everybody would share
    assert site.deployment.log("web").count("TIEBREAK_PROXIES is 2, but a request came through fewer") == 1
    assert site.log_in(colleague, EXPERTS[0], PASSWORD) == 200
    answers = [
        site.log_in(here, EXPERTS[0], "wrong", [("X-Forwarded-For", f"{FORGED}{number}")])
        for number in range(20)
    ]
    assert answers == [400] * 8 + [429] * 12
    assert site.log_in(colleague, EXPERTS[0], PASSWORD) == 200
