"""`payrank demo`: from nothing to worklists in one command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from payrank.models.manifest import MODEL_KINDS


def test_a_demo_of_a_thousand_accounts_ends_with_lists_and_says_where_to_look(payrank: Any) -> None:
    told = payrank("demo", "--accounts", 1000, "--out", "demo", "--seed", 2)
    assert told.code == 0, told.err
    assert all(len(line) <= 100 for line in told.out.splitlines())
    pages = [
        Path(line.strip()) for line in told.out.splitlines() if line.strip().endswith(".html") and "Open:" not in line
    ]
    assert [page.name for page in pages] == ["patient_pay.html", "denials.html", "report.html"]
    assert all("Simulated data" in page.read_text() for page in pages)
    assert "oldest first" in told.out
    said = " ".join(told.out.split())
    doubts = {
        kind: json.loads(Path(f"demo/models/{kind}/manifest.json").read_text())["notices"] for kind in MODEL_KINDS
    }
    assert any(doubts.values())
    for notice in (notice for notices in doubts.values() for notice in notices):
        assert " ".join(notice.split()) in said
    assert Path("demo/mlflow.db").is_file()
    assert not Path("mlflow.db").exists()

    stages = re.findall(r"^  (\w+) .+ \([0-9.]+ s\)$", told.err, flags=re.MULTILINE)
    training = ["loaded", "made", "trained", "logged"]
    assert stages == ["simulated", *training, *training, "loaded", "scored", "listed", "scored", "listed", "wrote"]


def test_a_demo_never_writes_into_a_folder_of_somebody_elses(payrank: Any) -> None:
    Path("mine").mkdir()
    Path("mine/letter.txt").write_text("keep")
    told = payrank("demo", "--accounts", 1000, "--out", "mine")
    assert told.code == 2
    assert "name another folder with --out" in told.last
    assert [path.name for path in Path("mine").iterdir()] == ["letter.txt"]
