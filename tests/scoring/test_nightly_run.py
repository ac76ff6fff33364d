"""Nightly runs over the simulated hospital: counts, capacity, rules, and what is published when data is missing."""

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
from tests.conftest import FinishedRun, Hospital

pytestmark = pytest.mark.slow

NO_FLAGS = Waiver(rule="H12", reason="a ledger of companies, without flags")
CAPACITY = 12
UNSEEN = "Clinic of Dr. Planted Person"
NOTICE = "oldest first ranks better"


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
    files = {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}
    files.pop("timings.json")
    return files


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the extracts and runs that several tests read."""
    return tmp_path_factory.mktemp("nightly")


@pytest.fixture(scope="module")
def torn_extract(hospital: Hospital, folder: Path) -> Path:
    """The hospital's extract with eight accounts that have no id."""
    torn = "SELECT * REPLACE (CASE WHEN row_number() OVER () % 250 = 7 THEN '' ELSE account_id END AS account_id) "
    return hospital.copy(folder / "torn", accounts=torn + "FROM {table}")


@pytest.fixture(scope="module")
def limited_run(hospital: Hospital, folder: Path, torn_extract: Path) -> Path:
    """A run over the torn extract with a capacity, and reasons for every row."""
    return hospital.score(folder / "all", torn_extract, settings=ScoringSettings(capacity=CAPACITY)).folder


@pytest.fixture(scope="module")
def listed_only_run(hospital: Hospital, folder: Path, torn_extract: Path) -> Path:
    """The same run with reasons for the listed rows only."""
    settings = ScoringSettings(capacity=CAPACITY)
    return hospital.score(folder / "listed", torn_extract, settings=settings, explain="listed").folder


@pytest.fixture(scope="module")
def flagged_accounts(hospital: Hospital, finished_run: FinishedRun) -> list[str]:
    """Every other account that no rule suppresses: the next run flags them."""
    scores = rows_of(finished_run.folder / "payment_scores.parquet")
    return sorted(row["account_id"] for row in scores if not row["suppressed_by"])[::2]


@pytest.fixture(scope="module")
def flagged_run(hospital: Hospital, folder: Path, flagged_accounts: list[str]) -> tuple[Path, list[Stage]]:
    """A run with those accounts flagged, and with a service line that the models have never seen."""
    names = ("bankruptcy", "deceased", "attorney", "litigation", "cease_contact", "minor", "qmb", "charity_pending")
    flags = {"id": flagged_accounts, "flag": [names[at % 8] for at in range(len(flagged_accounts))]}
    pq.write_table(pa.table(flags), folder / "flagged.parquet")
    lines = (
        f"SELECT * REPLACE (CASE WHEN hash(account_id) % 3 = 0 THEN '{UNSEEN}' ELSE service_line END AS service_line)"
    )
    extract = hospital.copy(
        folder / "flagged",
        flags="SELECT subject_type, subject_id, flag, known_on, ended_on FROM {table} UNION ALL "
        f"SELECT 'account', id, flag, DATE '2026-11-01', NULL FROM '{folder / 'flagged.parquet'}'",
        accounts=f"{lines} FROM {{table}}",
    )
    stages: list[Stage] = []
    return hospital.score(folder / "flagged_runs", extract, progress=stages.append).folder, stages


@pytest.fixture(scope="module")
def poorer_run(hospital: Hospital, folder: Path) -> Path:
    """A run over an extract with older accounts and no payment plans, by a model with a notice from its training."""
    models = hospital.models()
    bundle = models.bundles["overturn"]
    manifest = bundle.manifest.model_copy(update={"notices": (NOTICE,)})
    models = replace(models, bundles={**models.bundles, "overturn": replace(bundle, manifest=manifest)})
    older = "SELECT * REPLACE (opened_on - 900 AS opened_on) FROM {table}"
    extract = hospital.copy(folder / "poorer", accounts=older, payment_plans="")
    return hospital.score(folder / "poorer_runs", extract, models=models, explain="listed").folder


def test_everyone_is_listed_over_capacity_suppressed_or_quarantined(
    hospital: Hospital, torn_extract: Path, limited_run: Path
) -> None:
    with load_extract(torn_extract) as loaded:
        population = set(nightly_frame(loaded, PaymentTarget(), hospital.as_of).data["unit_id"])
        open_denials = set(nightly_frame(loaded, OverturnTarget(), hospital.as_of).data["unit_id"])
        quarantined = loaded.tables["accounts"].rows_quarantined
    scores = rows_of(limited_run / "payment_scores.parquet")
    suppressed = [row["account_id"] for row in scores if row["suppressed_by"]]
    listed = listed_accounts(limited_run)
    counts = counts_of(limited_run)["patient_pay"]
    assert {row["account_id"] for row in scores} == population
    assert quarantined == 8
    assert not set(listed) & set(suppressed)
    assert counts["in"] == len(population) + quarantined
    assert counts["listed"] == len(listed) == len(set(listed)) > 0
    assert counts["suppressed"] == len(suppressed) > 0
    assert counts["quarantined"] == quarantined
    assert counts["over_capacity"] == len(population) - len(listed) - len(suppressed) > 0
    assert counts["suppressed_by"] == Counter(rule for row in scores for rule in row["suppressed_by"])
    denials, counts = rows_of(limited_run / "denial_scores.parquet"), counts_of(limited_run)["denials"]
    assert {row["denial_id"] for row in denials} == open_denials
    assert counts["listed"] == len(listed_denials(limited_run)) > CAPACITY
    assert counts["in"] == len(open_denials) == counts["listed"] + counts["over_capacity"] + counts["suppressed"]
    assert (limited_run / "quarantine.csv").read_text().count("\n") == 9


def test_a_household_is_listed_whole_or_not_at_all(finished_run: FinishedRun) -> None:
    scores = {row["account_id"]: row for row in rows_of(finished_run.folder / "payment_scores.parquet")}
    listed = set(listed_accounts(finished_run.folder))
    guarantors = {scores[account]["guarantor_id"] for account in listed}
    eligible = {name for name, row in scores.items() if not row["suppressed_by"] and row["guarantor_id"] in guarantors}
    assert listed == eligible


def check_capacity(run: Path, capacity: int, as_of: str) -> None:
    with (run / "worklists/patient_pay.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [int(line["rank"]) for line in lines] == list(range(1, capacity + 1))
    values = [float(line["expected_value"]) for line in lines]
    assert values == sorted(values, reverse=True)
    with (run / "worklists/denials.csv").open(encoding="utf-8-sig", newline="") as file:
        days = [row["work_on"] for row in csv.DictReader(file)]
    assert days == sorted(days)
    assert days[0] == as_of
    assert max(Counter(days).values()) == capacity < len(days)
    assert f"The plan covers {len(days)} denials" in (run / "worklists/denials.html").read_text()
    for name in ("patient_pay", "denials"):
        assert all((run / f"worklists/{name}.{extension}").stat().st_size for extension in ("csv", "xlsx", "html"))


def test_capacity_is_the_number_of_lines_per_day(hospital: Hospital, listed_only_run: Path) -> None:
    check_capacity(listed_only_run, CAPACITY, hospital.as_of.isoformat())


def test_reasons_for_listed_rows_only_leave_the_others_null_and_change_no_score(
    limited_run: Path, listed_only_run: Path
) -> None:
    listed = set(listed_accounts(listed_only_run)) | set(listed_denials(listed_only_run))
    for name, key in (("payment_scores.parquet", "account_id"), ("denial_scores.parquet", "denial_id")):
        fewer, full = rows_of(listed_only_run / name), rows_of(limited_run / name)
        assert {row[key] for row in fewer if row["reasons"] is not None} == {row[key] for row in fewer} & listed
        assert all(row["reasons"] is not None for row in full)
        assert [{**row, "reasons": None} for row in fewer] == [{**row, "reasons": None} for row in full]
    for path in ("worklists/patient_pay.csv", "worklists/denials.csv"):
        assert (listed_only_run / path).read_bytes() == (limited_run / path).read_bytes()


def test_no_flagged_account_and_nobody_in_its_household_is_listed(
    finished_run: FinishedRun, flagged_accounts: list[str], flagged_run: tuple[Path, list[Stage]]
) -> None:
    run, _ = flagged_run
    scores = rows_of(finished_run.folder / "payment_scores.parquet")
    guarantor_of = {row["account_id"]: row["guarantor_id"] for row in scores}
    listed = listed_accounts(run)
    assert len(flagged_accounts) > 50
    assert listed
    assert not {guarantor_of[account] for account in listed} & {guarantor_of[account] for account in flagged_accounts}
    page = (run / "worklists/patient_pay.html").read_text()
    assert not [account for account in flagged_accounts if account in page]


def test_without_a_flags_feed_no_patient_is_listed_but_scores_and_denials_are_written(
    hospital: Hospital, tmp_path: Path
) -> None:
    extract = hospital.copy(tmp_path / "extract", flags="SELECT * FROM {table} WHERE FALSE")
    run = hospital.score(tmp_path / "runs", extract, explain="listed").folder
    assert not list((run / "worklists").glob("patient_pay.*"))
    assert listed_denials(run)
    counts = counts_of(run)["patient_pay"]
    assert counts["listed"] == 0
    assert "rule H12" in counts["unpublished"]
    assert (
        counts["in"] == counts["over_capacity"] + counts["suppressed"] == len(rows_of(run / "payment_scores.parquet"))
    )
    assert "rule H12" in (run / "report.html").read_text()


def test_flags_that_shrank_withhold_the_patient_list_on_every_run_until_they_are_complete(
    hospital: Hospital, tmp_path: Path, runs: Path
) -> None:
    extract = hospital.copy(tmp_path / "torn", flags="SELECT * FROM {table} LIMIT 5")
    for day in (21, 22):
        run = hospital.score(runs, extract, as_of=hospital.as_of.replace(day=day), explain="listed").folder
        assert re.search(
            r"rule H12.*5 rows match someone, compared with \d\d+ in", counts_of(run)["patient_pay"]["unpublished"]
        )
        assert not list((run / "worklists").glob("patient_pay.*"))
    complete = hospital.score(runs, as_of=hospital.as_of.replace(day=23), explain="listed").folder
    assert listed_accounts(complete)


def test_a_waived_rule_is_published_with_its_reason(hospital: Hospital, tmp_path: Path) -> None:
    extract = hospital.copy(tmp_path / "extract", flags="")
    settings = ScoringSettings(waive=(NO_FLAGS,))
    run = hospital.score(tmp_path / "runs", extract, settings=settings, explain="listed").folder
    assert listed_accounts(run)
    for page in ("report.html", "worklists/patient_pay.html"):
        assert NO_FLAGS.reason in (run / page).read_text()


def test_a_rerun_replaces_the_run_of_the_day_and_the_same_run_gives_the_same_bytes(
    hospital: Hospital, runs: Path
) -> None:
    first = files_of(runs / "current")
    check_capacity(hospital.score(runs, settings=ScoringSettings(capacity=1)).folder, 1, hospital.as_of.isoformat())
    assert files_of(runs / "current") != first
    assert files_of(hospital.score(runs).folder) == first
    assert sorted(path.name for path in runs.iterdir()) == [".lock", "2026-11-20", "current"]


def test_only_the_owner_can_read_a_run(finished_run: FinishedRun) -> None:
    for path in (finished_run.out, finished_run.folder, *finished_run.folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path.name


def _stale(hospital: Hospital, tmp_path: Path) -> dict[str, Any]:
    return {"extract": hospital.copy(tmp_path / "stale", as_of=hospital.as_of.replace(day=16))}


def _shrunken(hospital: Hospital, tmp_path: Path) -> dict[str, Any]:
    return {
        "extract": hospital.copy(tmp_path / "shrunken", denials="SELECT * FROM {table} LIMIT 100"),
        "as_of": hospital.as_of.replace(day=21),
    }


def _few_contacts(hospital: Hospital, tmp_path: Path) -> dict[str, Any]:
    return {
        "extract": hospital.copy(tmp_path / "few", contacts="SELECT * FROM {table} LIMIT 100"),
        "as_of": hospital.as_of.replace(day=21),
    }


def _other_features(hospital: Hospital, tmp_path: Path) -> dict[str, Any]:
    extract = hospital.copy(tmp_path / "other", accounts="SELECT *, 'east' AS wing FROM {table}")
    with (extract / "extract.toml").open("a") as file:
        file.write('\n[attributes.accounts]\nwing = "category"\n')
    return {"extract": extract}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (_stale, OutOfLineError, r"too old: .* 4 days before .* 3 days are allowed"),
        (_shrunken, OutOfLineError, r"Table denials is out of line: 100 rows compared with 4\d\d .*-78%"),
        (_few_contacts, OutOfLineError, r"Table contacts is out of line: 100 rows"),
        (_other_features, NoUsableModelError, "site_wing"),
    ],
)
def test_a_refused_run_leaves_the_previous_one_untouched(
    hospital: Hospital, tmp_path: Path, runs: Path, change: Any, error: type[Exception], message: str
) -> None:
    before = files_of(runs / "current")
    with pytest.raises(error, match=message):
        hospital.score(runs, **change(hospital, tmp_path))
    assert files_of(runs / "current") == before
    assert sorted(path.name for path in runs.iterdir()) == [".lock", "2026-11-20", "current"]


def test_a_failure_in_the_middle_leaves_the_previous_run_untouched(hospital: Hospital, runs: Path) -> None:
    before = files_of(runs / "current")
    stages: list[str] = []

    def stop(stage: Stage) -> None:
        stages.append(stage.name)
        if stage.name == "denial list":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hospital.score(runs, settings=ScoringSettings(capacity=1), explain="listed", progress=stop)
    assert stages == ["payment scores", "patient list", "denial scores", "denial list"]
    assert files_of(runs / "current") == before


def test_a_dry_run_counts_everyone_and_publishes_nothing(hospital: Hospital, runs: Path) -> None:
    before = files_of(runs / "current")
    result = hospital.score(runs, as_of=hospital.as_of.replace(day=21), dry_run=True, explain="listed")
    assert not result.published
    assert result.lists["patient_pay"].received > 0
    assert files_of(runs / "current") == before
    assert sorted(path.name for path in runs.iterdir()) == [".lock", "2026-11-20", "current"]


def test_a_damaged_manifest_of_the_last_run_is_reported(hospital: Hospital, runs: Path) -> None:
    (runs / "2026-11-20/manifest.json").write_text("{")
    with pytest.raises(OutOfLineError, match="manifest of the previous run, 2026-11-20, cannot be read"):
        hospital.score(runs, as_of=hospital.as_of.replace(day=21))


def test_one_run_at_a_time_writes_to_a_folder(hospital: Hospital, tmp_path: Path) -> None:
    with hold_lock(tmp_path / "runs"), pytest.raises(RunLockedError, match="Another run holds the lock"):
        hospital.score(tmp_path / "runs")


def test_the_settings_can_allow_a_large_change_in_row_counts(hospital: Hospital, tmp_path: Path, runs: Path) -> None:
    shrunken = _shrunken(hospital, tmp_path)
    result = hospital.score(runs, settings=ScoringSettings(max_volume_drop=0.9), explain="listed", **shrunken)
    assert result.folder.name == "2026-11-21"
    assert (runs / "current").resolve().name == "2026-11-21"


def test_a_list_without_a_model_is_not_published_and_the_report_says_why(hospital: Hospital, tmp_path: Path) -> None:
    run = hospital.score(tmp_path / "runs", models=hospital.models("overturn"), explain="listed").folder
    assert listed_denials(run)
    assert not (run / "payment_scores.parquet").exists()
    assert counts_of(run)["patient_pay"]["unpublished"] == "No payment model is registered."
    assert "No payment model is registered." in (run / "report.html").read_text()


def test_without_transactions_there_is_no_patient_list_and_the_report_says_why(
    hospital: Hospital, tmp_path: Path
) -> None:
    extract = hospital.copy(tmp_path / "extract", transactions="")
    run = hospital.score(tmp_path / "runs", extract, explain="listed").folder
    assert not list((run / "worklists").glob("patient_pay.*"))
    assert not (run / "payment_scores.parquet").exists()
    assert listed_denials(run)
    for text in (counts_of(run)["patient_pay"]["unpublished"], (run / "report.html").read_text()):
        assert "no transactions table, so balances are unknown" in text


def test_a_rule_that_was_not_checked_is_named_on_the_list_and_in_the_report(
    finished_run: FinishedRun, poorer_run: Path
) -> None:
    for page in ("report.html", "worklists/patient_pay.html"):
        assert "S4 Payment plan active and current (payment_plans)" in (poorer_run / page).read_text()
        assert "Rules not checked" not in (finished_run.folder / page).read_text()


def test_a_notice_from_training_is_shown_on_the_models_list_and_in_the_report(poorer_run: Path) -> None:
    notice = f"small overturn: {NOTICE}"
    assert notice in (poorer_run / "report.html").read_text()
    assert notice in (poorer_run / "worklists/denials.html").read_text()
    assert notice not in (poorer_run / "worklists/patient_pay.html").read_text()


def test_a_model_trained_after_the_run_date_is_pointed_out(hospital: Hospital) -> None:
    models = hospital.models()
    for kind in ("payment", "overturn"):
        assert "after this run's date" in models.notices(kind, hospital.as_of.replace(day=19))[-1]
        assert not [notice for notice in models.notices(kind, hospital.as_of) if "after this run's date" in notice]


def test_a_date_before_the_first_record_gives_empty_lists(hospital: Hospital, tmp_path: Path) -> None:
    settings = ScoringSettings(waive=(NO_FLAGS,))
    run = hospital.score(tmp_path / "runs", as_of=hospital.as_of.replace(year=2010), settings=settings).folder
    assert listed_accounts(run) == listed_denials(run) == []
    assert counts_of(run)["patient_pay"]["in"] == 0


def test_no_reason_names_a_protected_attribute(finished_run: FinishedRun) -> None:
    protected = ("birth", "gender", "race", "ethnic", "marital", "language", "years old", " sex")
    for name in ("payment_scores.parquet", "denial_scores.parquet"):
        for row in rows_of(finished_run.folder / name):
            for reason in row["reasons"]:
                assert not [word for word in protected if word in f"{reason['feature']} {reason['text']}".lower()]


def test_rows_that_refer_to_missing_rows_are_in_the_report_and_not_on_a_list(
    hospital: Hospital, finished_run: FinishedRun
) -> None:
    notice = "is not in accounts.guarantor_id"
    with load_extract(hospital.extract) as extract:
        assert any(notice in text for text in extract.notices)
    assert notice in (finished_run.folder / "report.html").read_text("utf-8")
    for name in ("patient_pay", "denials"):
        assert notice not in (finished_run.folder / "worklists" / f"{name}.html").read_text("utf-8")


def test_the_report_and_the_manifest_show_drift_since_training(finished_run: FinishedRun, poorer_run: Path) -> None:
    assert "Drift since training" in (finished_run.folder / "report.html").read_text()
    drift = counts_of(poorer_run)["patient_pay"]["drift"]
    assert drift["account_age"] > 0.25
    assert drift["account_age"] > counts_of(finished_run.folder)["patient_pay"]["drift"].get("account_age", 0.0)


def test_unseen_categories_are_scored_counted_by_feature_and_never_named(
    finished_run: FinishedRun, flagged_run: tuple[Path, list[Stage]]
) -> None:
    """A category may be anything a site writes, even a person's name, so no message or page repeats it."""
    run, stages = flagged_run
    before, after = counts_of(finished_run.folder)["patient_pay"], counts_of(run)["patient_pay"]
    assert before["unseen_categories"].get("service_line", 0) < 11
    assert "not seen in training" not in (finished_run.folder / "report.html").read_text("utf-8")
    assert after["in"] == before["in"]
    count = after["unseen_categories"]["service_line"]
    assert 0 < count < after["in"]
    text = f"service_line ({count:,} rows)"
    assert f"<dt>Categories not seen in training</dt><dd>{text}" in (run / "report.html").read_text("utf-8")
    assert [stage.name for stage in stages if f"not seen in training: {text}" in stage.message] == ["payment scores"]
    assert not [stage for stage in stages if "Planted Person" in stage.message]
    for name in ("report.html", "manifest.json"):
        assert "Planted Person" not in (run / name).read_text("utf-8")
    scores = pd.concat([pd.read_parquet(path) for path in run.glob("*_scores.parquet")])
    assert scores["probability"].notna().all()
