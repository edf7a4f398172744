"""What sessions collected goes out and comes back the same, byte for byte."""

import pytest

from feedback.services.exchanging import export_file
from feedback.services.importing import import_sessions
from tests import exchange, factories

FORMATS = ("jsonl", "csv", "parquet")


@pytest.fixture
def project(db):
    return factories.make_project()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("close", [True, False])
def test_export_wipe_import_gives_the_same_bytes(project, tmp_path, name, close):
    exchange.make_rich_session(project, close=close)
    before = {one: export_file(project, one) for one in FORMATS}
    path = tmp_path / "sessions.any"
    path.write_bytes(before[name])
    exchange.wipe()
    report = import_sessions(project, path)
    assert report.of("judgements").new == 8
    assert {one: export_file(project, one) for one in FORMATS} == before
