"""Settings come from the environment, and a value that cannot be meant stops the start and says why."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.embedded import secret_key
from config.environment import Environment
from ranking.services.running import BEAT_SECONDS
from tests.deployment import ROOT, product_free

PRODUCTION = {
    "TIEBREAK_ENV": "production",
    "TIEBREAK_SECRET_KEY": "a-key-of-more-than-fifty-characters-for-this-test-alone-0123456789",
    "TIEBREAK_ALLOWED_HOSTS": "tiebreak.example",
    "TIEBREAK_DATABASE_URL": "postgresql://tiebreak:secret@db.example:5433/tiebreak",
    "TIEBREAK_BROKER_URL": "amqp://tiebreak:secret@mq.example:5672//",
}
SHOW = """
import json, django
from django.conf import settings
django.setup()
names = json.loads(input())
print(json.dumps({name: getattr(settings, name, None) for name in names}, default=str))
"""


def settings_of(var_dir: Path, *names: str, **variables: str) -> dict[str, object]:
    """Return settings as a fresh process reads them; raise with its last line if it refuses to start."""
    done = run_python(["-c", SHOW], var_dir, variables, stdin=json.dumps(names))
    if done.returncode:
        raise ImproperlyConfigured(done.stderr.strip().splitlines()[-1])
    return dict(json.loads(done.stdout))


def run_python(
    arguments: list[str], var_dir: Path, variables: dict[str, str], stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    clean = product_free(os.environ)
    environment = clean | {"DJANGO_SETTINGS_MODULE": "config.settings", "TIEBREAK_VAR_DIR": str(var_dir)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment | variables,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


REFUSED = [
    ("integer", {"low": 1, "high": 9}, "ten", "X='ten': expected a whole number from 1 to 9."),
    ("integer", {"low": 1, "high": 9}, "10", "X='10': expected a whole number from 1 to 9."),
    ("integer", {"low": 1, "high": 9}, "1.5", "X='1.5': expected a whole number from 1 to 9."),
    ("integer", {"low": 1, "high": 9}, "٣", "expected a whole number from 1 to 9."),
    ("boolean", {}, "maybe", "X='maybe': expected true or false."),
    ("choice", {"choices": ("a", "b")}, "c", "X='c': expected one of a, b."),
    (
        "time_zone",
        {},
        "Europe/Berln",
        "X='Europe/Berln': expected the name of a time zone, such as Europe/Berlin.",
    ),
    ("time_zone", {}, "+01:00", "X='+01:00': expected the name of a time zone, such as Europe/Berlin."),
    ("rate", {}, "60", "X='60': expected a number per second, minute, hour or day"),
    ("rate", {}, "0/minute", "X='0/minute': expected a number per second"),
]


@pytest.mark.parametrize(("kind", "options", "value", "message"), REFUSED)
def test_a_value_that_cannot_be_meant_is_refused_by_name(kind, options, value, message):
    read = getattr(Environment({"X": value}), kind)
    with pytest.raises(ImproperlyConfigured) as refusal:
        read("X", None, **options)
    assert message in str(refusal.value)
    assert str(refusal.value).startswith("X=")


def test_what_a_json_variable_holds_is_never_shown():
    with pytest.raises(ImproperlyConfigured) as refusal:
        Environment({"X": '{"secret_key": "hunter2"'}).json_object("X")
    assert "hunter2" not in str(refusal.value)
    with pytest.raises(ImproperlyConfigured, match="expected a JSON object such as"):
        Environment({"X": '["hunter2"]'}).json_object("X")


def test_an_empty_variable_counts_as_unset():
    assert Environment({"X": ""}).integer("X", 7, low=1, high=9) == 7


def test_a_variable_without_default_is_asked_for_by_name():
    with pytest.raises(ImproperlyConfigured, match="X is not set"):
        Environment({}).text("X")


def test_a_misspelt_variable_is_refused_with_the_name_that_was_probably_meant():
    env = Environment({"TIEBREAK_LEASE_SECOND": "3", "TIEBREAK_TEST_REDIS": "x", "OTHER": "x"})
    env.integer("TIEBREAK_LEASE_SECONDS", 30, low=1, high=99)
    with pytest.raises(
        ImproperlyConfigured, match=r"TIEBREAK_LEASE_SECOND is not a setting.*TIEBREAK_LEASE_SECONDS"
    ):
        env.refuse_unknown()


def test_the_secret_key_is_made_once_and_readable_by_the_owner_alone(tmp_path):
    first = secret_key(tmp_path)
    assert secret_key(tmp_path) == first
    assert len(first) >= 50
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_the_embedded_default_keeps_everything_under_var(tmp_path):
    found = settings_of(
        tmp_path, "DATABASES", "STORAGES", "CELERY_BROKER_URL", "CELERY_BROKER_TRANSPORT_OPTIONS", "DEBUG"
    )
    assert found["DATABASES"]["default"]["NAME"] == str(tmp_path / "tiebreak.sqlite3")
    assert found["DATABASES"]["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert found["STORAGES"]["default"]["OPTIONS"]["location"] == str(tmp_path / "files")
    assert found["CELERY_BROKER_URL"] == "filesystem://"
    assert found["CELERY_BROKER_TRANSPORT_OPTIONS"]["polling_interval"] == 0.1
    assert found["DEBUG"] is False
    assert (tmp_path / "broker" / "queue").is_dir()


@pytest.mark.parametrize("name", sorted(set(PRODUCTION) - {"TIEBREAK_ENV"}))
def test_in_production_nothing_secret_or_external_has_a_default(tmp_path, name):
    rest = {key: value for key, value in PRODUCTION.items() if key != name}
    with pytest.raises(ImproperlyConfigured, match=f"{name} is not set"):
        settings_of(tmp_path, "DEBUG", **rest)


@pytest.mark.parametrize("scheme", ["amqp", "amqps"])
def test_production_on_rabbitmq_uses_quorum_queues_and_confirms(tmp_path, scheme):
    found = settings_of(
        tmp_path,
        "CELERY_TASK_DEFAULT_QUEUE_TYPE",
        "CELERY_BROKER_TRANSPORT_OPTIONS",
        "CELERY_TASK_ACKS_LATE",
        "CELERY_TASK_REJECT_ON_WORKER_LOST",
        **PRODUCTION | {"TIEBREAK_BROKER_URL": f"{scheme}://tiebreak:secret@mq.example//"},
    )
    assert list(found.values()) == ["quorum", {"confirm_publish": True}, True, True]


def test_in_production_too_an_open_page_can_read_the_token_of_a_later_log_in(tmp_path):
    names = ("CSRF_COOKIE_NAME", "CSRF_COOKIE_HTTPONLY", "CSRF_USE_SESSIONS")
    found = settings_of(tmp_path, *names, **PRODUCTION)
    assert list(found.values()) == ["csrftoken", False, False]


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_on_redis_no_task_outlives_the_visibility_timeout(tmp_path, scheme):
    found = settings_of(
        tmp_path,
        "CELERY_BROKER_TRANSPORT_OPTIONS",
        "CELERY_TASK_TIME_LIMIT",
        "TIEBREAK_TRAINING_SECONDS",
        **PRODUCTION
        | {"TIEBREAK_BROKER_URL": f"{scheme}://mq.example/0", "TIEBREAK_TRAINING_SECONDS": "7200"},
    )
    visible = found["CELERY_BROKER_TRANSPORT_OPTIONS"]["visibility_timeout"]
    assert visible > found["CELERY_TASK_TIME_LIMIT"] > found["TIEBREAK_TRAINING_SECONDS"] == 7200


def test_a_lease_lasts_several_heartbeats(tmp_path):
    shortest = int(4 * BEAT_SECONDS)
    with pytest.raises(ImproperlyConfigured, match=f"expected a whole number from {shortest + 1}"):
        settings_of(tmp_path, "DEBUG", TIEBREAK_LEASE_SECONDS=str(shortest))


def test_files_can_live_in_any_django_storage(tmp_path):
    found = settings_of(
        tmp_path,
        "STORAGES",
        TIEBREAK_STORAGE="storages.backends.s3.S3Storage",
        TIEBREAK_STORAGE_OPTIONS='{"bucket_name": "tiebreak"}',
    )
    assert found["STORAGES"]["default"] == {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {"bucket_name": "tiebreak"},
    }


def test_the_production_settings_pass_the_deployment_check_without_a_warning(tmp_path):
    done = run_python(["manage.py", "check", "--deploy", "--fail-level", "DEBUG"], tmp_path, PRODUCTION)
    assert done.returncode == 0, done.stderr
    assert "no issues (2 silenced)" in done.stdout  # HSTS for other hosts: the operator's choice


HSTS = [
    ({}, [False, False]),
    ({"TIEBREAK_HSTS_SUBDOMAINS": "on"}, [True, False]),
    ({"TIEBREAK_HSTS_SUBDOMAINS": "on", "TIEBREAK_HSTS_PRELOAD": "on"}, [True, True]),
]


@pytest.mark.parametrize(("switches", "expected"), HSTS)
def test_https_is_demanded_of_other_hosts_only_on_request(tmp_path, switches, expected):
    names = ("SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD")
    assert list(settings_of(tmp_path, *names, **PRODUCTION, **switches).values()) == expected


def test_preload_is_refused_without_subdomains(tmp_path):
    with pytest.raises(ImproperlyConfigured, match="set TIEBREAK_HSTS_SUBDOMAINS too"):
        settings_of(tmp_path, "DEBUG", **PRODUCTION, TIEBREAK_HSTS_PRELOAD="on")


BEHIND = [
    ({}, None),
    ({"TIEBREAK_PROXIES": "1"}, ["HTTP_X_FORWARDED_PROTO", "https"]),
    ({"TIEBREAK_PROXIES": "1", "TIEBREAK_BEHIND_PROXY": "off"}, None),
    ({"TIEBREAK_BEHIND_PROXY": "on"}, ["HTTP_X_FORWARDED_PROTO", "https"]),
]


@pytest.mark.parametrize(("variables", "header"), BEHIND)
def test_who_is_behind_proxies_believes_what_they_say_of_https(tmp_path, variables, header):
    found = settings_of(tmp_path, "SECURE_PROXY_SSL_HEADER", **PRODUCTION, **variables)
    assert found["SECURE_PROXY_SSL_HEADER"] == header


def test_a_socket_is_refused_without_a_proxy(tmp_path):
    socket = {"TIEBREAK_BIND": "unix:/run/tiebreak.sock"}
    with pytest.raises(ImproperlyConfigured, match="set TIEBREAK_PROXIES to 1 or more"):
        settings_of(tmp_path, "DEBUG", **socket)
    assert settings_of(tmp_path, "DEBUG", TIEBREAK_PROXIES="1", **socket) == {"DEBUG": False}


def test_the_two_files_that_list_every_setting_agree():
    told = set(_names((ROOT / "docs/operations.md").read_text(encoding="utf-8")))
    read = set(_names((ROOT / "config/settings.py").read_text(encoding="utf-8")))
    assert read == told


def _names(text: str) -> list[str]:
    return [name for name in re.findall(r"TIEBREAK_[A-Z_]*[A-Z]", text) if "_TEST_" not in name]
