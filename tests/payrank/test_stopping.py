"""A command that is stopped cleans up: nothing published, and no patient's row left in a temporary folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from payrank.extracts.workspace import LOCK, make_workspace, remove_workspace, sweep_abandoned

ROWS = 1_500_000
MAPPING = """
[[accounts]]
account_id = "id"
guarantor_id = "id"
opened_on = "day"
"""


@pytest.fixture
def start(tmp_path):
    """Start a long import, with its temporary folders in a place of its own; wait until it works."""
    source, scratch = tmp_path / "source.csv", tmp_path / "scratch"
    source.write_text("id,day\n" + "".join(f"{n},2026-01-05\n" for n in range(ROWS)))
    (tmp_path / "mapping.toml").write_text(MAPPING)
    scratch.mkdir()

    def run():
        command = ["import", "csv", source, "--mapping", tmp_path / "mapping.toml", "--out", tmp_path / "out"]
        process = subprocess.Popen(
            [sys.executable, "-m", "payrank", *map(str, command)],
            env={**os.environ, "TMPDIR": str(scratch)},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        while process.poll() is None and not list(scratch.glob("payrank-*")):
            time.sleep(0.02)
        return process

    return run


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_stops_in_one_line_and_leaves_nothing(start, tmp_path, number):
    process = start()
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert told.strip().splitlines()[-1] == "Stopped. What was published before stands as it was."
    assert not list((tmp_path / "scratch").iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mapping.toml", "scratch", "source.csv"]


def test_what_a_killed_run_left_is_swept_by_the_next(start, tmp_path):
    process = start()
    process.kill()
    process.communicate(timeout=60)
    assert list((tmp_path / "scratch").iterdir())
    assert sweep_abandoned(tmp_path / "scratch") >= 1
    assert not list((tmp_path / "scratch").iterdir())


def test_a_workspace_of_a_living_run_and_a_folder_of_someone_else_are_left_alone(tmp_path):
    mine = make_workspace(tmp_path)
    (tmp_path / "payrank-without-lock").mkdir()
    script = (
        "import sys; from pathlib import Path; from payrank.extracts.workspace import sweep_abandoned; "
        f"sys.exit(sweep_abandoned(Path({str(tmp_path)!r})))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
    assert (mine / LOCK).exists()
    remove_workspace(mine)
    assert [path.name for path in tmp_path.iterdir()] == ["payrank-without-lock"]
