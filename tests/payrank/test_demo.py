"""`payrank demo`: from nothing to worklists in one command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from payrank.models.manifest import MODEL_KINDS
from tests.payrank.conftest import Run

pytestmark = pytest.mark.slow


def test_a_demo_of_1000_accounts_writes_lists_and_prints_where_they_are(payrank: Run) -> None:
    result = payrank("demo", "--accounts", 1000, "--out", "demo", "--seed", 2)
    assert result.code == 0, result.err
    assert all(len(line) <= 100 for line in result.out.splitlines())
    pages = [
        Path(line.strip()) for line in result.out.splitlines() if line.strip().endswith(".html") and "Open:" not in line
    ]
    assert [page.name for page in pages] == ["patient_pay.html", "denials.html", "report.html"]
    assert all("Simulated data" in page.read_text() for page in pages)
    assert "oldest first" in result.out
    output = " ".join(result.out.split())
    doubts = {
        kind: json.loads(Path(f"demo/models/{kind}/manifest.json").read_text())["notices"] for kind in MODEL_KINDS
    }
    assert any(doubts.values())
    for notice in (notice for notices in doubts.values() for notice in notices):
        assert " ".join(notice.split()) in output
    assert Path("demo/mlflow.db").is_file()
    assert not Path("mlflow.db").exists()

    stages = re.findall(r"^  (\w+) .+ \([0-9.]+ s\)$", result.err, flags=re.MULTILINE)
    training = ["loaded", "built", "trained", "logged"]
    assert stages == ["simulated", *training, *training, "loaded", "scored", "listed", "scored", "listed", "wrote"]


def test_a_demo_never_writes_into_a_folder_it_did_not_create(payrank: Run) -> None:
    Path("mine").mkdir()
    Path("mine/letter.txt").write_text("keep")
    result = payrank("demo", "--accounts", 1000, "--out", "mine")
    assert result.code == 2
    assert "choose another folder with --out" in result.last
    assert [path.name for path in Path("mine").iterdir()] == ["letter.txt"]
