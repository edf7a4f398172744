"""The training child as its worker meets it: files in, lines out, files out, and no life of its own."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ranking.ltr.boosting import BoostingParams
from ranking.ltr.errors import LtrError
from ranking.ltr.model import checksum, load_ranker
from ranking.ltr.trainer import main, run

ROOT = Path(__file__).parents[3]


def lay_out(folder, world, **changes):
    """The folder that a worker prepares."""
    task = world.task
    champion = task.champion.to_bytes()
    (folder / "champion.json").write_bytes(champion)
    task.rows.to_parquet(folder / "rows.parquet", index=False)
    task.pairs.to_parquet(folder / "pairs.parquet", index=False)
    settings = {
        "features": [
            {"name": feature.name, "label": feature.name, "monotone": None, "categorical": False}
            for feature in task.features
        ],
        "params": {"rounds": 6, "min_data_in_leaf": 5, "num_threads": 2},
        "seed": 7,
        "mode": "preferences",
        "component": "version 1",
        "champion_sha256": checksum(champion),
        "memory_limit_mb": 2048,
        "min_rows": 10,
    }
    (folder / "task.json").write_text(json.dumps(settings | changes))


def start(folder, **how):
    return subprocess.Popen(
        [sys.executable, "-m", "ranking.ltr.trainer", str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **how,
    )


def finish(child):
    """(exit code, lines) of a child whose standard input stays open until it ends by itself."""
    lines = [json.loads(line) for line in child.stdout]
    code = child.wait(timeout=120)
    for pipe in (child.stdin, child.stdout, child.stderr):
        pipe.close()
    return code, lines


def trained(folder, world, **changes):
    lay_out(folder, world, **changes)
    return finish(start(folder))


@pytest.fixture(scope="module")
def done(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    return folder, *trained(folder, world)


def test_a_child_trains_and_leaves_a_model_and_its_result(done):
    folder, code, _ = done
    assert code == 0
    result = json.loads((folder / "result.json").read_text())
    ranker = load_ranker((folder / "model.json").read_bytes(), result["sha256"])
    assert ranker.components[0].name == "sorting rule"
    assert result["evaluation"]["verdict"] in ("promote", "refuse", "not_yet")
    assert result["columns"] == list(ranker.columns)
    assert sorted(path.name for path in folder.iterdir()) == [
        "champion.json",
        "model.json",
        "pairs.parquet",
        "provenance.json.gz",
        "result.json",
        "rows.parquet",
        "task.json",
    ]


def test_its_parameters_are_written_out_in_full_so_that_they_rebuild_it(done):
    folder, _, _ = done
    params = json.loads((folder / "result.json").read_text())["params"]
    assert BoostingParams(**params) == BoostingParams(rounds=6, min_data_in_leaf=5, num_threads=2)


def test_progress_comes_in_lines_of_json_not_more_than_four_a_second(done):
    _, _, lines = done
    assert [line["fraction"] for line in lines] == sorted(line["fraction"] for line in lines)
    assert all(set(line) == {"stage", "fraction", "message"} for line in lines)
    stages = [line["stage"] for line in lines]
    assert stages[-1] == "done"
    seconds = sum(json.loads((done[0] / "result.json").read_text())["report"]["seconds"].values())
    assert len(lines) <= 4 * seconds + len(set(stages)) + 1


def test_two_processes_write_the_same_bytes(done, world, tmp_path):
    folder, _, _ = done
    code, _ = trained(tmp_path, world)
    assert code == 0
    assert (tmp_path / "model.json").read_bytes() == (folder / "model.json").read_bytes()


def test_a_first_version_from_labels_needs_no_champion(world, tmp_path):
    lay_out(tmp_path, world, mode="labels", champion_sha256=None, memory_limit_mb=None)
    (tmp_path / "champion.json").unlink()
    run(tmp_path)
    assert json.loads((tmp_path / "result.json").read_text())["report"]["mode"] == "labels"


def spoil(name, **columns):
    def change(folder, world):
        (getattr(world.task, name).assign(**columns)).to_parquet(folder / f"{name}.parquet", index=False)

    return change


def remove(name):
    return lambda folder, world: (folder / name).unlink()


def write(name, data):
    return lambda folder, world: (folder / name).write_bytes(data)


FAILURES = {
    "a NaN target": (spoil("pairs", target=np.nan), "InvalidPreferences", "target is nan"),
    "a negative weight": (spoil("pairs", weight=-1.0), "InvalidPreferences", "weight is -1.0"),
    "a row out of range": (spoil("pairs", winner=10**6), "InvalidPreferences", "winner is 1000000"),
    "an infinite feature": (
        spoil("rows", **{"f:fee": np.inf}),
        "InvalidFeatures",
        "column 'fee', row 0 is infinite",
    ),
    "a negative label": (spoil("rows", label=-1.0), "InvalidFeatures", "label of row 0"),
    "an unreadable file": (write("rows.parquet", b"PAR1 not"), "InvalidFeatures", "cannot be read"),
    "no file": (remove("pairs.parquet"), "InvalidFeatures", "cannot be read"),
    "no task": (remove("task.json"), "InvalidFeatures", "task.json cannot be read"),
    "a task that is no object": (write("task.json", b"[]"), "InvalidFeatures", "expected an object"),
    "a damaged champion": (write("champion.json", b"{}"), "CorruptModel", "has checksum"),
}


@pytest.mark.parametrize(("change", "kind", "words"), FAILURES.values(), ids=FAILURES.keys())
def test_bad_input_is_a_named_error_and_nothing_is_written(world, tmp_path, change, kind, words):
    lay_out(tmp_path, world, memory_limit_mb=None)
    change(tmp_path, world)
    with pytest.raises(LtrError, match=words) as refusal:
        run(tmp_path)
    assert type(refusal.value).__name__ == kind
    assert not (tmp_path / "model.json").exists()
    assert not (tmp_path / "result.json").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"features": [{"name": "fees"}]}, "no column 'f:fees'"),
        ({"features": [{}]}, "no 'name'"),
        ({"params": {"leaves": 3}}, "unexpected keyword argument 'leaves'"),
        ({"params": {"rounds": 0}}, "parameter rounds is 0"),
        ({"mode": "guess"}, "mode is 'guess'"),
        ({"min_rows": 10**6}, "expected at least 1000000"),
    ],
)
def test_a_bad_setting_is_named(world, tmp_path, changes, words):
    lay_out(tmp_path, world, memory_limit_mb=None, **changes)
    with pytest.raises(LtrError, match=words):
        run(tmp_path)


def test_an_error_is_the_childs_last_line_and_its_exit_code_is_2(world, tmp_path):
    code, lines = trained(tmp_path, world, params={"rounds": 0})
    assert code == 2
    assert lines == [
        {"error": "parameter rounds is 0; expected a whole number, at least 1", "kind": "InvalidFeatures"}
    ]


def test_a_child_that_wants_too_much_memory_is_stopped_and_says_so(world, tmp_path):
    """A hundred thousand candidates do not fit in 16 MB; the machine must not be asked to try."""
    many = world.task.rows.iloc[np.tile(np.arange(len(world.task.rows)), 100)].assign(
        row=np.arange(100 * len(world.task.rows))
    )
    lay_out(tmp_path, world, memory_limit_mb=16)
    many.to_parquet(tmp_path / "rows.parquet", index=False)
    code, lines = finish(start(tmp_path))
    assert code == 2
    assert "memory" in lines[-1]["error"]
    assert not (tmp_path / "result.json").exists()


def test_a_child_whose_worker_dies_does_not_go_on_training(world, tmp_path):
    lay_out(tmp_path, world, params={"rounds": 2000, "num_threads": 1})
    child = start(tmp_path)
    while json.loads(child.stdout.readline())["stage"] != "judges":
        pass
    child.stdin.close()
    assert child.wait(timeout=30) == 3
    child.stdout.close()
    child.stderr.close()
    assert not (tmp_path / "model.json").exists()


def test_a_child_that_is_told_to_stop_stops_at_its_next_round(world, tmp_path):
    lay_out(tmp_path, world, params={"rounds": 2000, "num_threads": 1})
    child = start(tmp_path)
    while json.loads(child.stdout.readline())["stage"] != "judges":
        pass
    child.stdin.write("cancel\n")
    child.stdin.flush()
    code, lines = finish(child)
    assert (code, lines[-1]["kind"]) == (2, "TrainingCancelled")
    assert not (tmp_path / "model.json").exists()


def test_a_call_without_a_folder_says_how_to_call_it(capsys):
    assert main([]) == 2
    assert "usage" in json.loads(capsys.readouterr().out)["error"]
