"""check and features over the simulated hospital."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from payrank.features.catalog.denials import DENIAL_FEATURES
from payrank.simulator.tables.leaks import LEAKS


def test_check_shows_how_each_table_arrived(payrank: Any, hospital: Any) -> None:
    told = payrank("check", hospital.extract, "--as-of", hospital.as_of)
    assert told.code == 0
    assert "accounts        2,000   2,000" in told.out
    assert "keeps the contract; everything odd about it is above, as of 2026-11-20" in told.out.replace("\n", " ")


def test_check_says_the_same_on_a_page_and_as_json(payrank: Any, hospital: Any, tmp_path: Path) -> None:
    broken = hospital.copy(
        tmp_path / "odd",
        transactions="SELECT * REPLACE (CASE WHEN kind = 'transfer' AND amount < 0 THEN amount - 1 ELSE amount END "
        "AS amount) FROM {table}",
    )
    (broken / "extract.toml").unlink()
    told = payrank("check", broken, "--out", tmp_path / "look", "--json")
    assert told.code == 0
    data = json.loads(told.out)
    assert data == json.loads((tmp_path / "look" / "check.json").read_text())
    assert data["verdict"] == "kept"
    ledger = next(table for table in data["tables"] if table["table"] == "transactions")
    assert sum(data["volumes"]["transactions"].values()) == ledger["rows_loaded"]
    assert {(one["unit"], one["family"]) for one in data["feature_families"]} >= {("account", "history")}
    (sums,) = [one["text"] for one in data["findings"] if "net to zero" in one["text"]]
    page = (tmp_path / "look" / "check.html").read_text()
    assert sums.split(":")[1].strip() in page
    for name in ("check.html", "check.json"):
        assert stat.S_IMODE((tmp_path / "look" / name).stat().st_mode) == 0o600


def test_check_of_a_refused_extract_still_shows_all_of_it(payrank: Any, hospital: Any, tmp_path: Path) -> None:
    broken = hospital.copy(
        tmp_path / "broken",
        accounts="SELECT * EXCLUDE (opened_on) FROM {table}",
        denials="SELECT * EXCLUDE (denied_on) FROM {table}",
    )
    told = payrank("check", broken, "--out", tmp_path / "look")
    assert told.code == 3
    assert "(and 1 more, see above)" in told.last
    assert told.out.count("REFUSED") == 2
    assert "transactions" in told.out
    data = json.loads((tmp_path / "look" / "check.json").read_text())
    assert (data["verdict"], len(data["refusals"])) == ("refused", 2)
    assert "Refused: 2 reasons" in (tmp_path / "look" / "check.html").read_text()


def test_check_needs_no_extract_toml(payrank: Any, hospital: Any, tmp_path: Path) -> None:
    folder = hospital.copy(tmp_path / "bare")
    (folder / "extract.toml").unlink()
    told = payrank("check", folder, "--as-of", hospital.as_of)
    assert told.code == 0
    assert "keeps the contract" in told.out.splitlines()[-1]


def test_check_refuses_a_broken_extract_with_3_and_an_old_one_with_4(
    payrank: Any, hospital: Any, tmp_path: Path
) -> None:
    broken = hospital.copy(tmp_path / "broken", accounts="SELECT * EXCLUDE (opened_on) FROM {table}")
    told = payrank("check", broken)
    assert told.code == 3
    assert "opened_on" in told.last
    told = payrank("check", hospital.extract, "--as-of", "2026-12-20")
    assert told.code == 4
    assert "30 days before" in told.last
    assert "3 days are allowed" in told.last
    assert payrank("check", tmp_path / "nowhere").code == 3


def test_features_are_written_for_their_owner_alone(payrank: Any, hospital: Any, tmp_path: Path) -> None:
    out = tmp_path / "frame.parquet"
    told = payrank("features", hospital.extract, "--unit", "account", "--as-of", hospital.as_of, "--out", out)
    assert told.code == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert f"{pq.read_metadata(out).num_rows:,} rows" in told.out
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".parquet"] == ["work"]


def test_features_for_a_folder_that_is_not_there_are_refused(payrank: Any, hospital: Any, tmp_path: Path) -> None:
    out = tmp_path / "no" / "frame.parquet"
    told = payrank("features", hospital.extract, "--unit", "denial", "--as-of", hospital.as_of, "--out", out)
    assert told.code == 2
    assert "make it, or name another --out" in told.last


def test_describe_prints_the_whole_catalog(payrank: Any) -> None:
    told = payrank("features", "--describe", "--unit", "denial")
    assert told.code == 0
    assert told.out.startswith(f"{len(DENIAL_FEATURES)} features of a denial")
    assert all(len(line) <= 100 for line in told.out.splitlines())
    assert "days_since_denial" in told.out


def test_a_hospital_is_simulated_with_its_truth_and_with_planted_leaks(payrank: Any, tmp_path: Path) -> None:
    day = ["--accounts", "150", "--seed", "1", "--as-of", "2026-11-20"]
    leaks = [word for name in LEAKS for word in ("--leak", name)]
    assert payrank("simulate", tmp_path / "hospital", *day, "--truth", *leaks).code == 0
    assert any((tmp_path / "hospital" / "truth").iterdir())
    assert "leak" in (tmp_path / "hospital" / "extract.toml").read_text()
    told = payrank("simulate", tmp_path / "other", *day, "--leak", "status_refresh")
    assert told.code == 2
    assert "did you mean 'status_refreshed'?" in told.last
    assert all(name in payrank("simulate", "--help").out for name in LEAKS)
