"""A night over the simulated hospital: counts, capacity, rules, and what is published when something lacks."""

from __future__ import annotations

import csv
import json
import re
import stat
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from payrank.extracts.errors import NoUsableModelError, OutOfLineError, RunLockedError
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import nightly_frame
from payrank.features.targets import OverturnTarget, PaymentTarget
from payrank.scoring.progress import Stage
from payrank.scoring.publishing.publish import hold_lock
from payrank.scoring.settings import ScoringSettings, Waiver

NO_FLAGS = Waiver(rule="H12", reason="a ledger of companies, without flags")


def rows_of(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def listed_accounts(run: Path) -> list[str]:
    with (run / "worklists/patient_pay.csv").open(encoding="utf-8-sig", newline="") as file:
        return [account for row in csv.DictReader(file) for account in row["account_ids"].split("|")]


def listed_denials(run: Path) -> list[str]:
    with (run / "worklists/denials.csv").open(encoding="utf-8-sig", newline="") as file:
        return [row["denial_id"] for row in csv.DictReader(file)]


def counts_of(run: Path) -> dict[str, dict[str, Any]]:
    counts: dict[str, dict[str, Any]] = json.loads((run / "manifest.json").read_text())["counts"]
    return counts


def files_of(run: Path) -> dict[str, bytes]:
    found = {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}
    found.pop("timings.json")
    return found


def test_everyone_who_came_in_is_listed_below_the_cut_suppressed_or_quarantined(hospital: Any, tmp_path: Path) -> None:
    torn = "SELECT * REPLACE (CASE WHEN row_number() OVER () % 250 = 7 THEN '' ELSE account_id END AS account_id) "
    extract = hospital.copy(tmp_path / "extract", accounts=torn + "FROM {table}")
    run = hospital.score(tmp_path / "runs", extract, settings=ScoringSettings(capacity=12)).folder
    with load_extract(extract) as loaded:
        population = set(nightly_frame(loaded, PaymentTarget(), hospital.as_of).data["unit_id"])
        open_denials = set(nightly_frame(loaded, OverturnTarget(), hospital.as_of).data["unit_id"])
        quarantined = loaded.tables["accounts"].rows_quarantined
    scores = rows_of(run / "payment_scores.parquet")
    suppressed = [row["account_id"] for row in scores if row["suppressed_by"]]
    listed = listed_accounts(run)
    counts = counts_of(run)["patient_pay"]
    assert {row["account_id"] for row in scores} == population
    assert quarantined == 8
    assert not set(listed) & set(suppressed)
    assert counts["in"] == len(population) + quarantined
    assert counts["listed"] == len(listed) == len(set(listed)) > 0
    assert counts["suppressed"] == len(suppressed) > 0
    assert counts["quarantined"] == quarantined
    assert counts["over_capacity"] == len(population) - len(listed) - len(suppressed) > 0
    assert counts["suppressed_by"] == Counter(rule for row in scores for rule in row["suppressed_by"])
    denials, counts = rows_of(run / "denial_scores.parquet"), counts_of(run)["denials"]
    assert {row["denial_id"] for row in denials} == open_denials
    assert counts["listed"] == len(listed_denials(run)) > 12
    assert counts["in"] == len(open_denials) == counts["listed"] + counts["over_capacity"] + counts["suppressed"]
    assert (run / "quarantine.csv").read_text().count("\n") == 9


def test_a_household_is_listed_whole_or_not_at_all(night: Any) -> None:
    scores = {row["account_id"]: row for row in rows_of(night.night.folder / "payment_scores.parquet")}
    listed = set(listed_accounts(night.night.folder))
    guarantors = {scores[account]["guarantor_id"] for account in listed}
    free = {name for name, row in scores.items() if not row["suppressed_by"] and row["guarantor_id"] in guarantors}
    assert listed == free


@pytest.mark.parametrize("capacity", [1, 5])
def test_capacity_is_the_number_of_lines_of_a_day(hospital: Any, tmp_path: Path, capacity: int) -> None:
    settings = ScoringSettings(capacity=capacity)
    night = hospital.score(tmp_path / "runs", settings=settings, explain="listed")
    with (night.folder / "worklists/patient_pay.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [int(line["rank"]) for line in lines] == list(range(1, capacity + 1))
    values = [float(line["expected_value"]) for line in lines]
    assert values == sorted(values, reverse=True)
    with (night.folder / "worklists/denials.csv").open(encoding="utf-8-sig", newline="") as file:
        days = [row["work_on"] for row in csv.DictReader(file)]
    assert days == sorted(days)
    assert days[0] == hospital.as_of.isoformat()
    assert max(Counter(days).values()) == capacity < len(days)
    assert f"The plan holds {len(days)} denials" in (night.folder / "worklists/denials.html").read_text()
    for name in ("patient_pay", "denials"):
        assert all((night.folder / f"worklists/{name}.{kind}").stat().st_size for kind in ("csv", "xlsx", "html"))


def test_reasons_of_the_listed_alone_leave_the_others_null_and_change_no_score(hospital: Any, tmp_path: Path) -> None:
    settings = ScoringSettings(capacity=20)
    some = hospital.score(tmp_path / "some", settings=settings, explain="listed").folder
    every = hospital.score(tmp_path / "every", settings=settings, explain="all").folder
    listed = set(listed_accounts(some)) | set(listed_denials(some))
    for name, key in (("payment_scores.parquet", "account_id"), ("denial_scores.parquet", "denial_id")):
        fewer, full = rows_of(some / name), rows_of(every / name)
        assert {row[key] for row in fewer if row["reasons"] is not None} == {row[key] for row in fewer} & listed
        assert all(row["reasons"] is not None for row in full)
        assert [{**row, "reasons": None} for row in fewer] == [{**row, "reasons": None} for row in full]
    for path in ("worklists/patient_pay.csv", "worklists/denials.csv"):
        assert (some / path).read_bytes() == (every / path).read_bytes()


def test_nobody_flagged_is_listed_nor_anyone_of_the_household(hospital: Any, night: Any, tmp_path: Path) -> None:
    scores = rows_of(night.night.folder / "payment_scores.parquet")
    free = sorted(row["account_id"] for row in scores if not row["suppressed_by"])
    chosen, home = free[::2], {row["account_id"]: row["guarantor_id"] for row in scores}
    words = ("bankruptcy", "deceased", "attorney", "litigation", "cease_contact", "minor", "qmb", "charity_pending")
    flagged = {"id": chosen, "flag": [words[place % 8] for place in range(len(chosen))]}
    pq.write_table(pa.table(flagged), tmp_path / "chosen.parquet")
    query = (
        "SELECT subject_type, subject_id, flag, known_on, ended_on FROM {table} UNION ALL "
        f"SELECT 'account', id, flag, DATE '2026-11-01', NULL FROM '{tmp_path / 'chosen.parquet'}'"
    )
    extract = hospital.copy(tmp_path / "extract", flags=query)
    run = hospital.score(tmp_path / "runs", extract).folder
    listed = listed_accounts(run)
    assert len(chosen) > 50
    assert listed
    assert not {home[account] for account in listed} & {home[account] for account in chosen}
    for file in (run / "worklists").glob("*.html"):
        assert not [account for account in chosen if account in file.read_text() and "patient" in file.name]


@pytest.mark.parametrize("flags", ["", "SELECT * FROM {table} WHERE FALSE"])
def test_without_a_flags_feed_no_patient_is_listed_but_scores_and_denials_are_written(
    hospital: Any, tmp_path: Path, flags: str
) -> None:
    run = hospital.score(tmp_path / "runs", hospital.copy(tmp_path / "extract", flags=flags)).folder
    assert not list((run / "worklists").glob("patient_pay.*"))
    assert listed_denials(run)
    counts = counts_of(run)["patient_pay"]
    assert counts["listed"] == 0
    assert "rule H12" in counts["unpublished"]
    assert (
        counts["in"] == counts["over_capacity"] + counts["suppressed"] == len(rows_of(run / "payment_scores.parquet"))
    )
    assert "rule H12" in (run / "report.html").read_text()


def test_flags_that_shrank_hold_the_patient_list_back_on_every_night_until_they_are_whole(
    hospital: Any, tmp_path: Path, runs: Path
) -> None:
    extract = hospital.copy(tmp_path / "torn", flags="SELECT * FROM {table} LIMIT 5")
    for day in (21, 22):
        run = hospital.score(runs, extract, as_of=hospital.as_of.replace(day=day)).folder
        assert re.search(
            r"rule H12.*5 rows that name somebody against \d\d+ in", counts_of(run)["patient_pay"]["unpublished"]
        )
        assert not list((run / "worklists").glob("patient_pay.*"))
    assert listed_accounts(hospital.score(runs, as_of=hospital.as_of.replace(day=23)).folder)


def test_a_waiver_with_its_reason_publishes_and_is_told(hospital: Any, tmp_path: Path) -> None:
    extract = hospital.copy(tmp_path / "extract", flags="")
    run = hospital.score(tmp_path / "runs", extract, settings=ScoringSettings(waive=(NO_FLAGS,))).folder
    assert listed_accounts(run)
    for page in ("report.html", "worklists/patient_pay.html"):
        assert NO_FLAGS.reason in (run / page).read_text()


def test_three_runs_give_the_same_bytes_and_a_rerun_of_the_day_replaces_it(
    hospital: Any, night: Any, tmp_path: Path
) -> None:
    first = files_of(night.night.folder)
    for _ in range(2):
        assert files_of(hospital.score(tmp_path / "runs").folder) == first
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [".lock", "2026-11-20", "current"]
    hospital.score(tmp_path / "runs", settings=ScoringSettings(capacity=1))
    assert files_of(tmp_path / "runs/current") != first


def test_all_of_a_run_is_its_owners_alone(night: Any) -> None:
    for path in (night.out, night.night.folder, *night.night.folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path.name


def _stale(hospital: Any, tmp_path: Path) -> dict[str, Any]:
    return {"extract": hospital.copy(tmp_path / "stale", as_of=hospital.as_of.replace(day=16))}


def _shrunken(hospital: Any, tmp_path: Path) -> dict[str, Any]:
    return {
        "extract": hospital.copy(tmp_path / "shrunken", denials="SELECT * FROM {table} LIMIT 100"),
        "as_of": hospital.as_of.replace(day=21),
    }


def _few_contacts(hospital: Any, tmp_path: Path) -> dict[str, Any]:
    return {
        "extract": hospital.copy(tmp_path / "few", contacts="SELECT * FROM {table} LIMIT 100"),
        "as_of": hospital.as_of.replace(day=21),
    }


def _other_features(hospital: Any, tmp_path: Path) -> dict[str, Any]:
    extract = hospital.copy(tmp_path / "other", accounts="SELECT *, 'east' AS wing FROM {table}")
    with (extract / "extract.toml").open("a") as file:
        file.write('\n[attributes.accounts]\nwing = "category"\n')
    return {"extract": extract}


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (_stale, OutOfLineError, r"too old: .* 4 days before .* 3 days are allowed"),
        (_shrunken, OutOfLineError, r"Table denials is out of line: 100 rows against 4\d\d .*-78%"),
        (_few_contacts, OutOfLineError, r"Table contacts is out of line: 100 rows"),
        (_other_features, NoUsableModelError, "site_wing"),
    ],
)
def test_a_refused_run_leaves_the_previous_one_untouched(
    hospital: Any, tmp_path: Path, runs: Path, change: Any, error: type[Exception], says: str
) -> None:
    before = files_of(runs / "current")
    with pytest.raises(error, match=says):
        hospital.score(runs, **change(hospital, tmp_path))
    assert files_of(runs / "current") == before
    assert sorted(path.name for path in runs.iterdir()) == [".lock", "2026-11-20", "current"]


def test_a_fault_in_the_middle_leaves_the_previous_run_untouched(
    hospital: Any, tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_of(runs / "current")
    seen: list[str] = []

    def stop(stage: Stage) -> None:
        seen.append(stage.name)
        if stage.name == "denial list":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hospital.score(runs, settings=ScoringSettings(capacity=1), progress=stop)
    assert seen == ["payment scores", "patient list", "denial scores", "denial list"]
    assert files_of(runs / "current") == before


def test_a_dry_run_counts_everyone_and_leaves_nothing(hospital: Any, tmp_path: Path, runs: Path) -> None:
    before = files_of(runs / "current")
    night = hospital.score(runs, as_of=hospital.as_of.replace(day=21), dry_run=True)
    assert not night.published
    assert night.lists["patient_pay"].came_in > 0
    assert files_of(runs / "current") == before
    assert sorted(path.name for path in runs.iterdir()) == [".lock", "2026-11-20", "current"]


def test_a_damaged_manifest_of_the_last_run_is_named_and_not_overlooked(
    hospital: Any, tmp_path: Path, runs: Path
) -> None:
    (runs / "2026-11-20/manifest.json").write_text("{")
    with pytest.raises(OutOfLineError, match="manifest of the previous run, 2026-11-20, cannot be read"):
        hospital.score(runs, as_of=hospital.as_of.replace(day=21))


def test_one_run_at_a_time_writes_to_a_folder(hospital: Any, tmp_path: Path) -> None:
    with hold_lock(tmp_path / "runs"), pytest.raises(RunLockedError, match="Another run holds the lock"):
        hospital.score(tmp_path / "runs")


def test_a_growing_hospital_is_let_in_by_its_settings(hospital: Any, tmp_path: Path, runs: Path) -> None:
    changed = _shrunken(hospital, tmp_path)
    night = hospital.score(runs, settings=ScoringSettings(max_volume_drop=0.9), **changed)
    assert night.folder.name == "2026-11-21"
    assert (runs / "current").resolve().name == "2026-11-21"


def test_a_kind_without_a_model_gets_no_list_and_the_report_says_why(hospital: Any, tmp_path: Path) -> None:
    run = hospital.score(tmp_path / "runs", models=hospital.models("overturn")).folder
    assert listed_denials(run)
    assert not (run / "payment_scores.parquet").exists()
    assert counts_of(run)["patient_pay"]["unpublished"] == "No payment model is registered."
    assert "No payment model is registered." in (run / "report.html").read_text()


def test_a_ledger_without_transactions_gets_no_patient_list_and_the_report_says_why(
    hospital: Any, tmp_path: Path
) -> None:
    run = hospital.score(tmp_path / "runs", hospital.copy(tmp_path / "extract", transactions="")).folder
    assert not list((run / "worklists").glob("patient_pay.*"))
    assert not (run / "payment_scores.parquet").exists()
    assert listed_denials(run)
    for told in (counts_of(run)["patient_pay"]["unpublished"], (run / "report.html").read_text()):
        assert "no table transactions, so no balance is known" in told


def test_a_rule_that_could_not_be_checked_is_named_on_the_list_and_in_the_report(hospital: Any, night: Any) -> None:
    run = hospital.score(
        night.out.parent / "no_plans", hospital.copy(night.out.parent / "cut", payment_plans="")
    ).folder
    for page in ("report.html", "worklists/patient_pay.html"):
        assert "S4 Payment plan running and not missed (payment_plans)" in (run / page).read_text()
        assert "were not checked" not in (night.night.folder / page).read_text()


def test_what_training_found_wrong_with_a_model_is_told_on_its_list_and_in_the_report(
    hospital: Any, tmp_path: Path
) -> None:
    models = hospital.models()
    bundle = models.bundles["overturn"]
    manifest = bundle.manifest.model_copy(update={"notices": ("oldest first ranks better",)})
    models = replace(models, bundles={**models.bundles, "overturn": replace(bundle, manifest=manifest)})
    run = hospital.score(tmp_path / "runs", models=models).folder
    told = "small overturn: oldest first ranks better"
    assert told in (run / "report.html").read_text()
    assert told in (run / "worklists/denials.html").read_text()
    assert told not in (run / "worklists/patient_pay.html").read_text()


def test_a_model_from_after_the_night_is_pointed_out(hospital: Any) -> None:
    models = hospital.models()
    for kind in ("payment", "overturn"):
        assert "a later day than this night" in models.notices(kind, hospital.as_of.replace(day=19))[-1]
        assert not [told for told in models.notices(kind, hospital.as_of) if "a later day" in told]


def test_a_day_before_anything_was_known_gives_empty_lists(hospital: Any, tmp_path: Path) -> None:
    settings = ScoringSettings(waive=(NO_FLAGS,))
    night = hospital.score(tmp_path / "runs", as_of=hospital.as_of.replace(year=2010), settings=settings)
    assert listed_accounts(night.folder) == listed_denials(night.folder) == []
    assert counts_of(night.folder)["patient_pay"]["in"] == 0


def test_no_reason_names_a_protected_attribute(night: Any) -> None:
    protected = ("birth", "gender", "race", "ethnic", "marital", "language", "years old", " sex")
    for name in ("payment_scores.parquet", "denial_scores.parquet"):
        for row in rows_of(night.night.folder / name):
            for reason in row["reasons"]:
                assert not [word for word in protected if word in f"{reason['feature']} {reason['text']}".lower()]


def test_rows_that_name_absent_rows_are_told_in_the_report_and_not_to_a_caller(hospital, night):
    told = "is not in accounts.guarantor_id"
    with load_extract(hospital.extract) as extract:
        assert any(told in notice for notice in extract.notices)
    assert told in (night.night.folder / "report.html").read_text("utf-8")
    for name in ("patient_pay", "denials"):
        assert told not in (night.night.folder / "worklists" / f"{name}.html").read_text("utf-8")


def test_the_report_and_the_manifest_tell_how_far_the_rows_have_moved(hospital: Any, tmp_path: Path) -> None:
    aged = "SELECT * REPLACE (opened_on - 900 AS opened_on) FROM {table}"
    extract = hospital.copy(tmp_path / "aged", accounts=aged)
    before, moved = hospital.score(tmp_path / "runs"), hospital.score(tmp_path / "moved", extract)
    assert "Drift since training" in (before.folder / "report.html").read_text()
    drift = counts_of(moved.folder)["patient_pay"]["drift"]
    assert drift["account_age"] > 0.25
    assert drift["account_age"] > counts_of(before.folder)["patient_pay"]["drift"].get("account_age", 0.0)


def test_words_that_a_model_never_saw_are_scored_counted_by_feature_and_never_named(
    hospital: Any, night: Any, tmp_path: Path
) -> None:
    """A word may be anything that a site writes, a person among it: what is told of the night does not repeat it."""
    word = "Clinic of Dr. Planted Person"
    lines = f"SELECT * REPLACE (CASE WHEN hash(account_id) % 3 = 0 THEN '{word}' ELSE service_line END AS service_line)"
    extract = hospital.copy(tmp_path / "opened", accounts=f"{lines} FROM {{table}}")
    told: list[Any] = []
    opened = hospital.score(tmp_path / "runs", extract, progress=told.append)
    before, after = counts_of(night.night.folder)["patient_pay"], counts_of(opened.folder)["patient_pay"]
    assert before["unseen_categories"].get("service_line", 0) < 11
    assert "words that the model does not know" not in (night.night.folder / "report.html").read_text("utf-8")
    assert after["in"] == before["in"]
    assert 0 < after["unseen_categories"]["service_line"] < after["in"]
    said = f"words that the model does not know: service_line in {after['unseen_categories']['service_line']:,} rows"
    assert said in (opened.folder / "report.html").read_text("utf-8")
    assert [stage.name for stage in told if said in stage.message] == ["payment scores"]
    assert not [stage for stage in told if "Planted Person" in stage.message]
    for name in ("report.html", "manifest.json"):
        assert "Planted Person" not in (opened.folder / name).read_text("utf-8")
    scores = pd.concat([pd.read_parquet(path) for path in opened.folder.glob("*_scores.parquet")])
    assert scores["probability"].notna().all()
