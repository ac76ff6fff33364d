"""A stopped command cleans up: nothing is published, and no patient's row stays in a temporary folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.workspace import LOCK, make_workspace, remove_workspace, sweep_abandoned

pytestmark = pytest.mark.slow

ROWS = 1_500_000
MAPPING = """
[[accounts]]
account_id = "id"
guarantor_id = "id"
opened_on = "day"
"""


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., Any]:
    """Start a long import with its own place for temporary folders, and wait until it is running."""
    source, scratch = tmp_path / "source.csv", tmp_path / "scratch"
    source.write_text("id,day\n" + "".join(f"{n},2026-01-05\n" for n in range(ROWS)))
    (tmp_path / "mapping.toml").write_text(MAPPING)
    scratch.mkdir()

    def run() -> Any:
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
def test_a_signal_ends_the_command_with_one_line_and_leaves_nothing_behind(
    start: Callable[..., Any], tmp_path: Path, number: Any
) -> None:
    process = start()
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert stderr.strip().splitlines()[-1] == "Stopped. Anything published earlier is unchanged."
    assert not list((tmp_path / "scratch").iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mapping.toml", "scratch", "source.csv"]


def test_the_next_command_removes_what_a_killed_one_left_behind(start: Callable[..., Any], tmp_path: Path) -> None:
    process = start()
    process.kill()
    process.communicate(timeout=60)
    assert list((tmp_path / "scratch").iterdir())
    assert sweep_abandoned(tmp_path / "scratch") >= 1
    assert not list((tmp_path / "scratch").iterdir())


def test_folders_of_running_commands_and_of_other_programs_are_left_alone(tmp_path: Path) -> None:
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
