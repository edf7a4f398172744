"""The product's settings, with everything it writes in a folder of this run, and the services under test.

`TIEBREAK_TEST_DATABASE_URL` and `TIEBREAK_TEST_BROKER_URL` run the same tests on real services instead of the
embedded default. Set before the product's settings are read, since those read the environment once.
"""

import atexit
import os
import shutil
import tempfile

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
_folder = tempfile.mkdtemp(prefix=f"tiebreak-{WORKER}-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)

for _name in [name for name in os.environ if name.startswith("TIEBREAK_") and "_TEST_" not in name]:
    del os.environ[_name]  # what a developer has set for a running server must not reach a test
os.environ |= {
    "TIEBREAK_VAR_DIR": _folder,
    "TIEBREAK_ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "TIEBREAK_QUEUE": f"tiebreak-test-{os.getpid()}",
    "TIEBREAK_THROTTLE_ANONYMOUS": "100000/minute",
    "TIEBREAK_THROTTLE_USER": "100000/minute",
    "TIEBREAK_LOG_LEVEL": "WARNING",
    "TIEBREAK_TRAINING_RESEEDS": "0",  # three more trainings each; tests/test_demo.py has them
    "TIEBREAK_DATABASE_URL": os.environ.get("TIEBREAK_TEST_DATABASE_URL", ""),
    "TIEBREAK_BROKER_URL": os.environ.get("TIEBREAK_TEST_BROKER_URL", ""),
}

from config.settings import *  # noqa: E402, F403

# A strong hash costs a quarter of a second for each user that a test makes.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, as in the product: in memory, threads share one cache whose locks wait for nobody.
    DATABASES["default"]["TEST"] = {"NAME": os.path.join(_folder, "test.sqlite3")}  # noqa: F405
