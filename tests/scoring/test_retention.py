"""Old runs are removed when the settings say so, completely, and never the one that people work from."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

from payrank.scoring.publishing.publish import publish_run
from payrank.scoring.publishing.retention import published_runs, retire_runs

FIRST = date(2026, 11, 16)
LEAVES_HALF_WAY = """
import shutil, sys, os
from pathlib import Path
from payrank.scoring.publishing import retention
retention.shutil.rmtree = lambda folder: os._exit(9)
retention.retire_runs(Path(sys.argv[1]), 2)
"""


def publish(out: Path, days: int, keep: int | None = None) -> None:
    for step in range(days):
        with publish_run(out, FIRST + timedelta(days=step), keep=keep) as run:
            (run / "manifest.json").write_text("{}")


def names(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir() if path.name != ".lock")


def test_all_runs_are_kept_by_default(tmp_path: Path) -> None:
    publish(tmp_path, 4)
    assert len(published_runs(tmp_path)) == 4


def test_the_latest_runs_are_kept_and_older_ones_removed(tmp_path: Path) -> None:
    publish(tmp_path, 5, keep=2)
    assert names(tmp_path) == ["2026-11-19", "2026-11-20", "current"]


def test_the_run_that_current_points_to_is_kept_whatever_its_date(tmp_path: Path) -> None:
    publish(tmp_path, 4)
    with publish_run(tmp_path, FIRST - timedelta(days=30), keep=2) as run:
        (run / "manifest.json").write_text("{}")
    assert names(tmp_path) == ["2026-10-17", "2026-11-18", "2026-11-19", "current"]


def test_folders_that_payrank_did_not_create_are_never_removed(tmp_path: Path) -> None:
    publish(tmp_path, 3)
    (tmp_path / "2020-01-01").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "2019-01-01").symlink_to(tmp_path / "notes")
    assert retire_runs(tmp_path, 2) == ("2026-11-16",)
    assert names(tmp_path) == ["2019-01-01", "2020-01-01", "2026-11-17", "2026-11-18", "current", "notes"]


def test_a_removal_that_crashed_is_finished_by_the_next_run(tmp_path: Path) -> None:
    publish(tmp_path, 3)
    died = subprocess.run([sys.executable, "-c", LEAVES_HALF_WAY, str(tmp_path)], check=False)
    assert died.returncode == 9
    assert names(tmp_path) == [".leaving-2026-11-16", "2026-11-17", "2026-11-18", "current"]
    publish(tmp_path, 1)
    assert not list(tmp_path.glob(".leaving-*"))
