"""The guided tours run as they stand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]


@pytest.mark.parametrize("tour", sorted((HOME / "notebooks").glob("*.py")), ids=lambda path: path.stem)
def test_a_guided_tour_runs_from_top_to_bottom(tour: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(tour)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(HOME), "PATH": "", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "auc" in done.stdout
