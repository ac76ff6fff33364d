"""`payrank check`, `features`, and `simulate` on the simulated hospital."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pyarrow.parquet as pq

from payrank.features.catalog.denials import DENIAL_FEATURES
from payrank.simulator.tables.leaks import LEAKS
from tests.conftest import Hospital
from tests.payrank.conftest import Run


def test_check_shows_the_rows_of_each_table(payrank: Run, hospital: Hospital) -> None:
    result = payrank("check", hospital.extract, "--as-of", hospital.as_of)
    assert result.code == 0
    assert "accounts        2,000   2,000" in result.out
    assert "Extract is valid as of 2026-11-20: " in result.out.replace("\n", " ")


def test_check_reports_the_same_on_a_page_and_as_json(payrank: Run, hospital: Hospital, tmp_path: Path) -> None:
    broken = hospital.copy(
        tmp_path / "odd",
        transactions="SELECT * REPLACE (CASE WHEN kind = 'transfer' AND amount < 0 THEN amount - 1 ELSE amount END "
        "AS amount) FROM {table}",
    )
    (broken / "extract.toml").unlink()
    result = payrank("check", broken, "--out", tmp_path / "look", "--json")
    assert result.code == 0
    data = json.loads(result.out)
    assert data == json.loads((tmp_path / "look" / "check.json").read_text())
    assert data["verdict"] == "valid"
    ledger = next(table for table in data["tables"] if table["table"] == "transactions")
    assert sum(data["volumes"]["transactions"].values()) == ledger["rows_loaded"]
    assert {(family["unit"], family["family"]) for family in data["feature_families"]} >= {("account", "history")}
    (sums,) = [finding["text"] for finding in data["findings"] if "net to zero" in finding["text"]]
    page = (tmp_path / "look" / "check.html").read_text()
    assert sums.split(":")[1].strip() in page
    for name in ("check.html", "check.json"):
        assert stat.S_IMODE((tmp_path / "look" / name).stat().st_mode) == 0o600


def test_check_shows_everything_about_a_refused_extract_once(payrank: Run, hospital: Hospital, tmp_path: Path) -> None:
    broken = hospital.copy(
        tmp_path / "broken",
        accounts="SELECT * EXCLUDE (opened_on) FROM {table}",
        denials="SELECT * EXCLUDE (denied_on) FROM {table}",
    )
    result = payrank("check", broken, "--out", tmp_path / "look")
    assert result.code == 3
    assert "(and 1 more, see above)" in result.last
    assert (result.out + result.err).count("required column opened_on is missing") == 1
    assert (result.out + result.err).count("required column denied_on is missing") == 1
    assert "transactions" in result.out
    data = json.loads((tmp_path / "look" / "check.json").read_text())
    assert (data["verdict"], len(data["refusals"])) == ("refused", 2)
    assert "Refused: 2 reasons" in (tmp_path / "look" / "check.html").read_text()


def test_check_needs_no_extract_toml(payrank: Run, hospital: Hospital, tmp_path: Path) -> None:
    folder = hospital.copy(tmp_path / "bare")
    (folder / "extract.toml").unlink()
    result = payrank("check", folder, "--as-of", hospital.as_of)
    assert result.code == 0
    assert result.out.splitlines()[-1].startswith("Extract is valid")


def test_check_exits_with_3_for_a_broken_extract_and_4_for_an_old_one(
    payrank: Run, hospital: Hospital, tmp_path: Path
) -> None:
    broken = hospital.copy(tmp_path / "broken", accounts="SELECT * EXCLUDE (opened_on) FROM {table}")
    result = payrank("check", broken)
    assert result.code == 3
    assert "opened_on" in result.last
    result = payrank("check", hospital.extract, "--as-of", "2026-12-20")
    assert result.code == 4
    assert "30 days before" in result.last
    assert "3 days are allowed" in result.last
    assert payrank("check", tmp_path / "nowhere").code == 3


def test_a_feature_file_is_readable_by_its_owner_only(payrank: Run, hospital: Hospital, tmp_path: Path) -> None:
    out = tmp_path / "frame.parquet"
    result = payrank("features", hospital.extract, "--unit", "account", "--as-of", hospital.as_of, "--out", out)
    assert result.code == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert f"{pq.read_metadata(out).num_rows:,} rows" in result.out
    assert pq.read_schema(out).names[0] == "account_id"
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".parquet"] == ["work"]


def test_features_refuses_an_out_path_whose_folder_does_not_exist(
    payrank: Run, hospital: Hospital, tmp_path: Path
) -> None:
    out = tmp_path / "no" / "frame.parquet"
    result = payrank("features", hospital.extract, "--unit", "denial", "--as-of", hospital.as_of, "--out", out)
    assert result.code == 2
    assert "create it, or choose another --out" in result.last


def test_features_describe_prints_the_whole_catalog(payrank: Run) -> None:
    result = payrank("features", "--describe", "--unit", "denial")
    assert result.code == 0
    assert result.out.startswith(f"{len(DENIAL_FEATURES)} denial features")
    assert all(len(line) <= 100 for line in result.out.splitlines())
    assert "days_since_denial" in result.out


def test_simulate_writes_the_truth_and_plants_leaks_on_request(payrank: Run, tmp_path: Path) -> None:
    day = ["--accounts", "150", "--seed", "1", "--as-of", "2026-11-20"]
    leaks = [word for name in LEAKS for word in ("--leak", name)]
    assert payrank("simulate", tmp_path / "hospital", *day, "--truth", *leaks).code == 0
    assert any((tmp_path / "hospital" / "truth").iterdir())
    assert "leak" in (tmp_path / "hospital" / "extract.toml").read_text()
    result = payrank("simulate", tmp_path / "other", *day, "--leak", "status_refresh")
    assert result.code == 2
    assert "did you mean 'status_refreshed'?" in result.last
    assert all(name in payrank("simulate", "--help").out for name in LEAKS)
