"""Settings of Tiebreak: environment first, one file.

Without any variable the embedded default runs on this machine alone: SQLite, a broker made of files, and
everything under `var/`. With `TIEBREAK_ENV=production` nothing secret or external has a default.
`docs/operations.md` lists every variable; a value that cannot be meant stops the start with a message.
"""

import logging
import os
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config.embedded import broker_folders, secret_key
from config.environment import Environment
from config.logs import configure_structlog, logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(os.environ)

# --- where we run -------------------------------------------------------------------------------------------
ENVIRONMENT = env.choice("TIEBREAK_ENV", "embedded", ("embedded", "production"))
PRODUCTION = ENVIRONMENT == "production"
DEBUG = env.boolean("TIEBREAK_DEBUG", False)
VAR_DIR = env.folder("TIEBREAK_VAR_DIR", BASE_DIR / "var")
VAR_DIR.mkdir(parents=True, exist_ok=True)

# A default is given only to the embedded environment: in production an unset variable stops the start.
_key = env.text("TIEBREAK_SECRET_KEY", None if PRODUCTION else "generated", secret=True)
SECRET_KEY = secret_key(VAR_DIR) if _key == "generated" else _key
ALLOWED_HOSTS = env.strings(
    "TIEBREAK_ALLOWED_HOSTS", None if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"]
)
CSRF_TRUSTED_ORIGINS = env.strings("TIEBREAK_TRUSTED_ORIGINS", [])
INTERNAL_IPS = ["127.0.0.1"]

# --- applications -------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "django_filters",
    "django_htmx",
    "csp",
    "axes",
    "django_prometheus",
    "django_structlog",
    "ranking",
    "feedback",
]

MIDDLEWARE = [
    "config.exceptions.OutageMiddleware",
    # Before everything that asks where a request came from.
    "config.addresses.believe_own_proxies",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.requests.keep_private",
    "csp.middleware.CSPMiddleware",
    "config.requests.refuse_unstorable_text",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.requests.answer_health_first",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # After authentication, which it reads; before everything that logs.
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "config.requests.lead_to_the_page_above",
    "feedback.access.AccessMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # axes asks to be near the end: it turns a refused log-in into its answer.
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- database -----------------------------------------------------------------------------------------------
_database = env.database(
    "TIEBREAK_DATABASE_URL", None if PRODUCTION else f"sqlite:///{VAR_DIR / 'tiebreak.sqlite3'}"
)
if _database["ENGINE"].endswith("sqlite3"):
    # All three are needed: each of them alone still ends in "database is locked" under load.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
    }
else:
    _database |= {
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5} | _database["OPTIONS"],
    }
DATABASES: dict[str, dict[str, Any]] = {"default": _database | {"ATOMIC_REQUESTS": False}}

_cache = env.text("TIEBREAK_CACHE_URL", "none", secret=True)
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    if _cache == "none"
    else {"BACKEND": "config.cache.SharedCache", "LOCATION": _cache}
}

# --- files --------------------------------------------------------------------------------------------------
_storage = env.text("TIEBREAK_STORAGE", "django.core.files.storage.FileSystemStorage")
_storage_options = env.json_object("TIEBREAK_STORAGE_OPTIONS")
if _storage.endswith(".FileSystemStorage"):
    Path(_storage_options.setdefault("location", str(VAR_DIR / "files"))).mkdir(parents=True, exist_ok=True)
_manifest = "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": _storage, "OPTIONS": _storage_options},
    "staticfiles": {
        "BACKEND": _manifest if PRODUCTION else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
# The embedded default serves straight from the apps: nobody has to run `collectstatic` to try it out.
WHITENOISE_USE_FINDERS = not PRODUCTION
if not PRODUCTION:
    STATIC_ROOT.mkdir(exist_ok=True)  # in production a missing one is worth whitenoise's warning
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# --- web server: read by config/gunicorn.py -----------------------------------------------------------------
TIEBREAK_BIND = env.text("TIEBREAK_BIND", "127.0.0.1:8000")
TIEBREAK_WEB_WORKERS = env.integer("TIEBREAK_WEB_WORKERS", 2, low=1, high=64)
TIEBREAK_WEB_THREADS = env.integer("TIEBREAK_WEB_THREADS", 8, low=1, high=256)
TIEBREAK_PROXIES = env.integer("TIEBREAK_PROXIES", 0, low=0, high=10)
if TIEBREAK_BIND.startswith("unix:") and TIEBREAK_PROXIES == 0:
    raise ImproperlyConfigured(
        f"TIEBREAK_BIND={TIEBREAK_BIND!r}: only a proxy reaches a socket; set TIEBREAK_PROXIES to 1 or more."
    )

# --- training -----------------------------------------------------------------------------------------------
TIEBREAK_TRAINING_MEMORY_MB = env.integer("TIEBREAK_TRAINING_MEMORY_MB", 4096, low=512, high=1_048_576)
TIEBREAK_TRAINING_SECONDS = env.integer("TIEBREAK_TRAINING_SECONDS", 3600, low=10, high=86_400)
TIEBREAK_TRAINING_RESEEDS = env.integer("TIEBREAK_TRAINING_RESEEDS", 3, low=0, high=20)
TIEBREAK_TRAINING_THREADS = env.integer("TIEBREAK_TRAINING_THREADS", 2, low=1, high=256)
TIEBREAK_LEASE_SECONDS = env.integer("TIEBREAK_LEASE_SECONDS", 30, low=3, high=3600)
TIEBREAK_REAP_SECONDS = env.integer("TIEBREAK_REAP_SECONDS", 10, low=1, high=3600)
TIEBREAK_SCHEDULE_SECONDS = env.integer("TIEBREAK_SCHEDULE_SECONDS", 180, low=5, high=86_400)

# --- Celery: the broker only wakes workers, the row in the database is the truth ----------------------------
_broker = env.broker("TIEBREAK_BROKER_URL", None if PRODUCTION else "filesystem://")
CELERY_BROKER_URL, CELERY_BROKER_USE_SSL = _broker
_BROKER_SCHEME = CELERY_BROKER_URL.split(":")[0]
BROKER_KIND = {"amqps": "amqp", "rediss": "redis"}.get(_BROKER_SCHEME, _BROKER_SCHEME)  # these over TLS
# The child has its own limit; the task around it is given time to record how it ended.
CELERY_TASK_TIME_LIMIT = TIEBREAK_TRAINING_SECONDS + 300
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {}
if BROKER_KIND == "filesystem":
    # A second of polling, the default, is what a visitor would wait for each press of a button.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.1, **broker_folders(VAR_DIR)}
elif BROKER_KIND == "redis":
    # A task that outlives the visibility timeout is handed to a second worker while it runs.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": CELERY_TASK_TIME_LIMIT + 600,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,  # else a worker never learns that the other host is gone
    }
else:
    # Quorum queues survive the loss of a node. Their delayed tasks need a topic exchange; RabbitMQ's own
    # `consumer_timeout` (30 minutes) must be above the longest task: docs/operations.md.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"confirm_publish": True}
    CELERY_TASK_DEFAULT_QUEUE_TYPE = "quorum"
    CELERY_TASK_DEFAULT_EXCHANGE_TYPE = "topic"
# Two installations may share a broker, each with a queue of its own.
CELERY_TASK_DEFAULT_QUEUE = env.text("TIEBREAK_QUEUE", "tiebreak")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TRACK_STARTED = False
# With the broker down a publisher gives up after seconds; the reaper publishes the job later.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2}
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = env.integer("TIEBREAK_WORKER_CONCURRENCY", 2, low=1, high=256)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Cancelling goes by the row. The queue for remote control is exclusive to a worker's name: a second worker on
# the same machine, or one restarted before RabbitMQ has noticed that the first was killed, could not start.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_TIMEZONE = "UTC"
# Nothing is kept in a file: one that was cut off, as by a kill in the midst of writing, stops beat for good.
CELERY_BEAT_SCHEDULER = "config.celery:Beat"
CLOCKS_DIFFER_SECONDS = 600
CELERY_BEAT_SCHEDULE = {
    # Ticks that nobody takes do not pile up: they expire. By the worker's clock, though, which may be another
    # than beat's by minutes: were it only until the next tick, a worker that is ahead would drop them all.
    "reap": {
        "task": "ranking.tasks.reap",
        "schedule": TIEBREAK_REAP_SECONDS,
        "options": {"expires": TIEBREAK_REAP_SECONDS + CLOCKS_DIFFER_SECONDS},
    },
    "watch-drift": {
        "task": "ranking.tasks.watch_drift",
        "schedule": TIEBREAK_SCHEDULE_SECONDS,
        "options": {"expires": TIEBREAK_SCHEDULE_SECONDS + CLOCKS_DIFFER_SECONDS},
    },
    "retrain-when-due": {
        "task": "feedback.tasks.retrain_when_due",
        "schedule": TIEBREAK_SCHEDULE_SECONDS,
        "options": {"expires": TIEBREAK_SCHEDULE_SECONDS + CLOCKS_DIFFER_SECONDS},
    },
}

# --- people -------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
# Locked by name and address together: nobody can lock a colleague out by typing wrong passwords for them.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_HTTP_RESPONSE_CODE = 429
AXES_HANDLER = "config.locking.LoginLock"
AXES_CLIENT_IP_CALLABLE = "config.addresses.network_of"
# django-structlog asks ipware, which would believe any header that a client may write.
IPWARE_META_PRECEDENCE_ORDER = ["REMOTE_ADDR"]
AXES_LOCKOUT_CALLABLE = "config.exceptions.locked_out"
AXES_VERBOSE = False

# --- API ----------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # The first one decides between 401 and 403 for a request without credentials.
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.requests.StorableJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "config.requests.Pages",
    "PAGE_SIZE": 50,
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "config.addresses.StrangersThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": env.rate("TIEBREAK_THROTTLE_ANONYMOUS", "60/minute"),
        "user": env.rate("TIEBREAK_THROTTLE_USER", "1200/minute"),
    },
    "NUM_PROXIES": 0,  # config.addresses has counted them
    "EXCEPTION_HANDLER": "config.exceptions.api_exception_handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tiebreak",
    "DESCRIPTION": "Refines a ranking through expert feedback: rank, judge, retrain, compare, promote.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "JobState": "ranking.models.training.TrainingJob.State",
        "SessionState": "feedback.models.sessions.FeedbackSession.State",
        "SlateState": "feedback.models.sessions.Slate.State",
        "VersionKind": "ranking.models.versions.ModelVersion.Kind",
        "JudgementKind": "feedback.models.judgements.Judgement.Kind",
        "MoveKind": "feedback.models.judgements.SlateMove.Kind",
        "ListAnswerKind": "feedback.models.comparisons.ListAnswer.Kind",
        "GapNoteKind": "feedback.models.judgements.GapNote.Kind",
        "GapState": "feedback.serializers.gaps.STATES",
        "OutcomeKind": "feedback.models.people.Outcome.Kind",
        "TrainingMode": [("labels", "labels"), ("preferences", "preferences")],
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.schema.document_errors",
    ],
}

# --- what browsers are told ---------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
# An open page takes the token of a later log-in from the cookie.
CSRF_COOKIE_HTTPONLY = CSRF_USE_SESSIONS = False
_https_redirect = env.boolean("TIEBREAK_HTTPS_REDIRECT", True)
_hsts_subdomains = env.boolean("TIEBREAK_HSTS_SUBDOMAINS", False)
_hsts_preload = env.boolean("TIEBREAK_HSTS_PRELOAD", False)
if _hsts_preload and not _hsts_subdomains:
    raise ImproperlyConfigured(
        "TIEBREAK_HSTS_PRELOAD: browsers' lists take only domains with all subdomains; "
        "set TIEBREAK_HSTS_SUBDOMAINS too."
    )
if env.boolean("TIEBREAK_BEHIND_PROXY", TIEBREAK_PROXIES > 0):
    # Only behind a proxy that sets this header itself: anybody else could claim to have come by HTTPS.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
if PRODUCTION:
    SECURE_SSL_REDIRECT = _https_redirect
    # Probes and scrapers come from inside, over plain HTTP.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = _hsts_subdomains
    SECURE_HSTS_PRELOAD = _hsts_preload
    # Django warns while these are off; they would speak for hosts that are none of ours.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

# --- watching it --------------------------------------------------------------------------------------------
TIEBREAK_METRICS_TOKEN = env.text("TIEBREAK_METRICS_TOKEN", "", secret=True)
PROMETHEUS_EXPORT_MIGRATIONS = False
LOG_LEVEL = env.choice("TIEBREAK_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOG_FORMAT = env.choice("TIEBREAK_LOG_FORMAT", "json" if PRODUCTION else "console", ("json", "console"))
DJANGO_STRUCTLOG_CELERY_ENABLED = True
# One line a request and none for a tick of the clock; what fails is logged whatever the level.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_CELERY_DEFAULT_LOG_LEVEL = logging.DEBUG
configure_structlog()
LOGGING = logging_settings(LOG_LEVEL, LOG_FORMAT)

LANGUAGE_CODE = "en"
# Days end in this zone, and pages show times in it to everybody who has not chosen another one.
TIME_ZONE = env.time_zone("TIEBREAK_TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = False

env.refuse_unknown()
