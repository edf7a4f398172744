"""Every part of a service's URL is passed on or refused: what is left out shows too late."""

import ssl

import pytest
from celery import Celery
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import ConnectionHandler, OperationalError

from config.environment import Environment
from config.services import hide_password

DATABASES = [
    (
        "postgresql://u%40x:p%2Fw@db.example:5433/tie%20break",
        ("tie break", "u@x", "p/w", "db.example", "5433", {}),
    ),
    ("postgres://db.example/tiebreak", ("tiebreak", "", "", "db.example", "", {})),
    (
        "postgresql://u@db/t?sslmode=verify-full&sslrootcert=/etc/ssl/our%20ca.pem",
        ("t", "u", "", "db", "", {"sslmode": "verify-full", "sslrootcert": "/etc/ssl/our ca.pem"}),
    ),
    ("postgresql://u:@db/t", ("t", "u", "", "db", "", {})),
    ("postgresql://u:p@[2001:db8::1]:5433/t", ("t", "u", "p", "2001:db8::1", "5433", {})),
    ("postgresql:///t?host=/var/run/PostgreSQL&user=u", ("t", "u", "", "/var/run/PostgreSQL", "", {})),
    ("postgresql://u@%2Fvar%2Frun%2FPostgreSQL/t", ("t", "u", "", "/var/run/PostgreSQL", "", {})),
    ("postgresql://u@one:5432,two:5433/t", ("t", "u", "", "one,two", "5432,5433", {})),
    ("postgresql://u:a+b#c@db/t", ("t", "u", "a+b#c", "db", "", {})),
    (
        "postgresql://db/t?options=-c%20search_path%3Dx&connect_timeout=9",
        ("t", "", "", "db", "", {"options": "-c search_path=x", "connect_timeout": "9"}),
    ),
]


@pytest.mark.parametrize(("url", "parts"), DATABASES)
def test_a_database_url_is_read_as_libpq_reads_it(url, parts):
    database = Environment({"X": url}).database("X", None)
    names = ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")
    assert tuple(database[name] for name in names) == parts


REFUSED = [
    ("database", "mysql://db/x", "X='mysql://db/x': expected a URL that begins with sqlite://"),
    ("database", "postgresql://u:pw@db/", "X='postgresql://u:***@db/': expected a URL that ends in"),
    ("database", "postgresql://u:pw@db:port/x", "X='postgresql://u:***@db:port/x': expected a URL"),
    ("database", "postgresql://u:pw@db/x?sslmod=require", 'invalid URI query parameter: "sslmod"'),
    ("database", "postgresql://u:pw@db/x?sslmode", "options of libpq after the ?"),
    ("database", "postgresql://u:pw@db/x?sslmode=verify", "expected sslmode to be one of disable, allow,"),
    ("database", "postgresql://u:pw%zz@db/x", "% in a password is written as %25"),
    ("database", "postgresql://u:pw%ff@db/x", "a URL whose escapes are UTF-8"),
    ("database", "postgresql://u:pw@pw@db/x", "in a password it is written as %40"),
    ("database", "postgresql://db/x?password=pw&sslmod=1", "X='postgresql://db/x?password=***&sslmod=1'"),
    ("database", "sqlite://", "expected sqlite:///PATH, with four slashes if absolute."),
    ("database", "sqlite:///t.sqlite3?mode=ro", "expected a path alone after sqlite:///"),
    ("database", "sqlite:///t#1.sqlite3", "# as %23"),
    ("broker", "amqp", "X='amqp': expected a URL that begins with filesystem:// or amqp://"),
    ("broker", "redis:///0", "X='redis:///0': expected a host"),
    ("broker", "amqp://u:pw@mq:port//", "X='amqp://u:***@mq:port//': expected a URL"),
    ("broker", "amqp://u:pw@mq//?ssl_cert_reqs=required", "expected a URL without options after a ?"),
    ("broker", "redis://mq/0#x", "expected a URL without #"),
    ("broker", "amqps://mq//?heartbeat=9", "expected no options but ssl_cert_reqs, ssl_ca_certs"),
    ("broker", "rediss://mq/0?ssl_cert_reqs=maybe", "expected ssl_cert_reqs to be one of required"),
]


@pytest.mark.parametrize(("kind", "url", "message"), REFUSED)
def test_what_would_be_left_out_is_refused_and_no_password_shown(kind, url, message):
    with pytest.raises(ImproperlyConfigured) as refusal:
        getattr(Environment({"X": url}), kind)("X", None)
    assert message in str(refusal.value)
    assert str(refusal.value).startswith("X=")
    assert "pw" not in str(refusal.value)


def test_a_relative_sqlite_path_has_three_slashes_and_an_absolute_one_four(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    relative = Environment({"X": "sqlite:///data/t.sqlite3"}).database("X", None)
    absolute = Environment({"X": "sqlite:////srv/t.sqlite3"}).database("X", None)
    assert (relative["NAME"], absolute["NAME"]) == (str(tmp_path / "data/t.sqlite3"), "/srv/t.sqlite3")


BROKERS = [
    ("amqp://u:p%40w@mq:5672//", None),
    ("redis://:p@[2001:db8::1]:6379/0", None),
    ("amqps://mq//", {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None}),
    (
        "amqps://mq//?ssl_ca_certs=/etc/ssl/our%20ca.pem",
        {"cert_reqs": ssl.CERT_REQUIRED, "ca_certs": "/etc/ssl/our ca.pem", "server_hostname": None},
    ),
    ("amqps://mq//?ssl_cert_reqs=none", {"cert_reqs": ssl.CERT_NONE}),
    ("rediss://mq/0", {"ssl_cert_reqs": "required", "ssl_check_hostname": True}),
    ("rediss://mq/0?ssl_cert_reqs=none", {"ssl_cert_reqs": "none", "ssl_check_hostname": False}),
]


@pytest.mark.parametrize(("url", "tls"), BROKERS)
def test_a_broker_is_checked_by_its_certificate_unless_told_otherwise(url, tls):
    broker = Environment({"X": url}).broker("X", None)
    assert (broker.url, broker.tls) == (url.partition("?")[0], tls)


@pytest.mark.parametrize("url", ["amqps://127.0.0.1:1//", "rediss://127.0.0.1:1/0"])
def test_transports_know_the_options_that_they_are_given(url):
    """With an option that they do not know they raise TypeError, with these only that nobody is there."""
    url, tls = Environment({"X": f"{url}?ssl_ca_certs=/etc/ssl/ca.pem"}).broker("X", None)
    app = Celery(set_as_current=False, broker=url)
    app.conf.broker_use_ssl = tls
    connection = app.connection_for_write(connect_timeout=1)
    with pytest.raises((*connection.connection_errors, OSError), match=r"refused|111"):
        connection.connect()


def postgresql(url, **extra):
    return ConnectionHandler({"default": Environment({"X": url}).database("X", None) | extra})["default"]


@pytest.mark.services
def test_options_of_the_url_reach_the_database(require_service, django_db_blocker):
    url = require_service("postgresql")
    connection = postgresql(f"{url}?application_name=by%20the%20url")
    unchecked = postgresql(f"{url}?sslmode=verify-full&sslrootcert=/nowhere/ca.pem")
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute("SHOW application_name")
            assert cursor.fetchone() == ("by the url",)
        connection.close()
        with pytest.raises(OperationalError, match=r"SSL|certificate"):
            unchecked.ensure_connection()


def test_a_password_is_hidden_whatever_it_holds():
    assert hide_password("redis://u:p@ss:w/rd@host/0") == "redis://u:***@host/0"
    assert hide_password("redis://host/0") == "redis://host/0"
    assert hide_password("postgresql://h/d?sslpassword=a&password=b&x=1") == (
        "postgresql://h/d?sslpassword=***&password=***&x=1"
    )
