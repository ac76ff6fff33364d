"""The guided tours run as they stand, and Jupyter pairs each with a notebook."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
TOURS = sorted((HOME / "notebooks").glob("*.py"))
DATA = Path(os.environ.get("PAYRANK_DATA", HOME.parent / "shared" / "data"))


@pytest.mark.parametrize("tour", TOURS, ids=lambda path: path.stem)
def test_a_guided_tour_runs_from_top_to_bottom(tour: Path, tmp_path: Path) -> None:
    if "PAYRANK_DATA" in tour.read_text("utf-8") and not DATA.is_dir():
        pytest.skip("no real data: this tour reads real decisions")
    done = subprocess.run(
        [sys.executable, str(tour)],
        cwd=tmp_path,
        env={
            **{name: value for name, value in os.environ.items() if name.startswith(("OMP_", "OPENBLAS_"))},
            "PYTHONPATH": str(HOME),
            "PATH": "",
            "TMPDIR": str(tmp_path),
            "PAYRANK_DATA": str(DATA),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "auc" in done.stdout.lower()
    if "import matplotlib" in tour.read_text("utf-8"):
        assert list(tmp_path.rglob("*.png")), "this tour shows pictures"


@pytest.mark.parametrize("tour", TOURS, ids=lambda path: path.stem)
def test_a_guided_tour_is_paired_and_listed(tour: Path) -> None:
    assert "formats: ipynb,py:percent" in tour.read_text("utf-8").split("# %%")[0]
    assert f"`{tour.name}`" in (HOME / "notebooks/README.md").read_text("utf-8")
