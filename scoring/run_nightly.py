"""The nightly run: an extract and a day in, ranked worklists with reasons out, all or nothing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import pandas as pd

from payrank.extracts.atomic import write_private
from payrank.extracts.extract import Extract
from payrank.models.monitoring.unseen_categories import count_unseen_categories
from payrank.scoring.denials.denial_lines import denial_lines
from payrank.scoring.denials.denial_plan import tell_plan
from payrank.scoring.denials.denials import value_denials
from payrank.scoring.guards import check_age, check_volume
from payrank.scoring.outcome import ListOutcome
from payrank.scoring.past_run import KIND_OF_LIST, LISTS, write_listed
from payrank.scoring.patient_pay.patient_lines import patient_lines
from payrank.scoring.patient_pay.patient_pay import value_accounts
from payrank.scoring.progress import ProgressCallback, StageTimer
from payrank.scoring.publishing.publish import publish_run
from payrank.scoring.reports.changes import Changes, compare_runs, render_changes
from payrank.scoring.reports.report import render_report
from payrank.scoring.reports.run_report import make_report
from payrank.scoring.rules.flags_feed import flags_look_quiet, why_flags_unusable
from payrank.scoring.rules.rules import read_rules, unchecked_rules
from payrank.scoring.rules.site_rules import rules_in_force, tell_changes
from payrank.scoring.run_manifest import (
    earlier_runs,
    file_digests,
    previous_flags,
    previous_volumes,
    render_run_manifest,
)
from payrank.scoring.run_models import RunModels, describe_unseen_categories
from payrank.scoring.scores import Explained, Scored, drift_of, explain_scored, score_population
from payrank.scoring.settings import ScoringSettings
from payrank.scoring.worklist import Worklist
from payrank.scoring.worklists.score_files import DENIAL_COLUMNS, PAYMENT_COLUMNS, write_scores
from payrank.scoring.worklists.worklist_files import write_worklist

Explain = Literal["all", "listed"]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did: where it stands (or would, after a dry run), its counts by list, and seconds by stage."""

    folder: Path
    lists: Mapping[str, ListOutcome]
    seconds: Mapping[str, float]
    published: bool = True


def run_nightly(
    extract: Extract,
    models: RunModels,
    *,
    as_of: date,
    out: Path,
    settings: ScoringSettings,
    explain: Explain = "all",
    dry_run: bool = False,
    progress: ProgressCallback = lambda _: None,
) -> RunResult:
    """Score a loaded extract as of a day and publish the run to `out/<as-of>/`.

    Parameters
    ----------
    dry_run
        Do everything but publish: what was built is removed, and every earlier run stands as it was.
    progress
        Called after each stage.

    Raises
    ------
    OutOfLineError
        When the extract is too old or its volume out of line with the previous run (exit code 4).
    NoUsableModelError
        When a model was trained on other features (exit code 5).
    RunLockedError
        When another run writes to `out` (exit code 6).
    """
    rules = rules_in_force(read_rules(), settings)
    check_age(extract, as_of, settings)
    timer = StageTimer(progress)
    with publish_run(out, as_of, dry_run=dry_run, keep=settings.keep_runs) as folder:
        check_volume(extract, previous_volumes(out, as_of), settings)
        outcomes = {
            "patient_pay": _score_accounts(
                extract, models, as_of, settings, explain, folder, timer, previous_flags(out, as_of)
            ),
            "denials": _score_denials(extract, models, as_of, settings, explain, folder, timer),
        }
        changes = _tell_changes(models, outcomes, out, as_of, folder)
        notices = _notices(extract, as_of, settings, on_list=False) + _unchecked(extract, settings)
        notices += tuple(told for kind in sorted(models.bundles) for told in models.notices(kind, as_of))
        notices += changes.unread
        report = make_report(extract, models.names, models.facts(outcomes), outcomes, as_of, rules, notices, changes)
        write_private(folder / "report.html", render_report(report))
        _write_quarantine(extract, folder)
        manifest = render_run_manifest(
            extract,
            models.payment,
            models.overturn,
            models.names,
            outcomes,
            as_of,
            settings,
            rules.version,
            explain,
            file_digests(folder),
        )
        write_private(folder / "manifest.json", manifest)
        timer.stage("files", "wrote the report and the manifest", files=len(list(folder.rglob("*.*"))))
        write_private(folder / "timings.json", (json.dumps(timer.seconds, indent=1) + "\n").encode())
    return RunResult(out / as_of.isoformat(), outcomes, timer.seconds, published=not dry_run)


def _tell_changes(
    models: RunModels, outcomes: Mapping[str, ListOutcome], out: Path, as_of: date, folder: Path
) -> Changes:
    """Write who is listed, and what changed since the latest earlier run."""
    published = {name: outcomes[name].worklist for name in LISTS}
    write_listed({name: worklist.lines for name, worklist in published.items() if worklist is not None}, folder)
    digests = {
        name: models.bundles[KIND_OF_LIST[name]].digest for name, worklist in published.items() if worklist is not None
    }
    before = next(iter(earlier_runs(out, as_of)), None)
    changes = compare_runs(before, folder, as_of.isoformat(), digests, read_rules().titles)
    if changes.since:
        write_private(folder / "changes.csv", render_changes(changes))
    return changes


def _score_accounts(
    extract: Extract,
    models: RunModels,
    as_of: date,
    settings: ScoringSettings,
    explain: Explain,
    folder: Path,
    timer: StageTimer,
    flags_before: int,
) -> ListOutcome:
    quarantined = extract.tables["accounts"].rows_quarantined
    why = _why_not(extract, "accounts", models, "payment")
    if not why and not extract.has("transactions"):
        why = "The extract has no table transactions, so no balance is known: there are no scores and no list."
    if models.payment is None or why:
        return ListOutcome(
            "patient_pay", "Patient pay", came_in=quarantined, quarantined=quarantined, why_unpublished=why
        )
    scored = score_population(extract, models.payment, as_of, models.site_features, models.frame_of)
    unseen_categories = count_unseen_categories(scored.bundle, scored.frame.data)
    told = f"scored {len(scored.scores):,} accounts{describe_unseen_categories(unseen_categories)}"
    timer.stage("payment scores", told, accounts=len(scored.scores))
    accounts = value_accounts(extract, scored, as_of, settings, read_rules())
    explained = _explain(scored, accounts.table, explain)
    write_scores(accounts.table, explained, PAYMENT_COLUMNS, "account_id", folder / "payment_scores.parquet")
    outcome = ListOutcome.count(
        "patient_pay", "Patient pay", accounts.table, len(scored.scores), quarantined, scored.frame.unavailable
    ).drifted(drift_of(scored), unseen_categories)
    waived = {waiver.rule for waiver in settings.waive}
    unusable = why_flags_unusable(
        extract, as_of, settings.max_flags_age_days, before=flags_before, max_drop=settings.max_volume_drop
    )
    if unusable and "H12" not in waived:
        timer.stage("patient list", "held back the patient list (rule H12)")
        return outcome.unpublished(
            f"Nobody can be shown as safe to call (rule H12): {unusable}. Scores are written. Send a complete flags "
            "table, or waive H12 in the settings, with a reason, if this ledger has no flags."
        )
    lines = patient_lines(extract, accounts, explained, as_of, settings)
    worklist = Worklist(
        "patient_pay",
        "Patient pay",
        as_of,
        lines,
        outcome.over_capacity,
        outcome.suppressed_by,
        _notices(extract, as_of, settings, on_list=True)
        + _unchecked(extract, settings)
        + models.notices("payment", as_of),
        models.names["payment"],
        kept_off=outcome.suppressed,
        usual=explained.usual,
    )
    write_worklist(worklist, folder / "worklists")
    timer.stage("patient list", f"listed {len(lines):,} guarantors", guarantors=len(lines))
    return outcome.published(worklist)


def _score_denials(
    extract: Extract,
    models: RunModels,
    as_of: date,
    settings: ScoringSettings,
    explain: Explain,
    folder: Path,
    timer: StageTimer,
) -> ListOutcome:
    quarantined = extract.tables["denials"].rows_quarantined
    why = _why_not(extract, "denials", models, "overturn")
    if models.overturn is None or why:
        return ListOutcome("denials", "Denials", came_in=quarantined, quarantined=quarantined, why_unpublished=why)
    scored = score_population(extract, models.overturn, as_of, models.site_features, models.frame_of)
    unseen_categories = count_unseen_categories(scored.bundle, scored.frame.data)
    told = f"scored {len(scored.scores):,} open denials{describe_unseen_categories(unseen_categories)}"
    timer.stage("denial scores", told, denials=len(scored.scores))
    table = value_denials(extract, scored, as_of, settings, read_rules())
    explained = _explain(scored, table, explain)
    write_scores(table, explained, DENIAL_COLUMNS, "denial_id", folder / "denial_scores.parquet")
    outcome = ListOutcome.count(
        "denials", "Denials", table, len(scored.scores), quarantined, scored.frame.unavailable
    ).drifted(drift_of(scored), unseen_categories)
    lines = denial_lines(table, explained, settings)
    worklist = Worklist(
        "denials",
        "Denials",
        as_of,
        lines,
        outcome.over_capacity,
        outcome.suppressed_by,
        tell_plan(table, as_of, settings)
        + _notices(extract, as_of, settings, on_list=True)
        + models.notices("overturn", as_of),
        models.names["overturn"],
        kept_off=outcome.suppressed,
        usual=explained.usual,
    )
    write_worklist(worklist, folder / "worklists")
    timer.stage("denial list", f"listed {len(lines):,} denials", denials=len(lines))
    return outcome.published(worklist)


def _explain(scored: Scored, table: pd.DataFrame, explain: Explain) -> Explained:
    units = scored.frame.data["unit_id"]
    wanted = units.isin(table.index[table["place"] == "listed"]) if explain == "listed" else units.notna()
    return explain_scored(scored, wanted)


def _why_not(extract: Extract, table: str, models: RunModels, kind: str) -> str:
    if not extract.has(table) or not extract.tables[table].rows_loaded:
        return f"The extract has no table {table}, so there is nothing to list."
    return models.why_absent.get(kind, "")


def _notices(extract: Extract, as_of: date, settings: ScoringSettings, *, on_list: bool) -> tuple[str, ...]:
    """Say what a reader must know; rows that name absent rows are news for who runs the job, not for who calls."""
    told = [finding.text for finding in extract.findings if not (on_list and finding.check == "keys")]
    source = extract.metadata.source_system or ""
    if "simulated" in source:
        told.insert(0, "Simulated data: no real patient, account or payer is shown.")
    quiet = flags_look_quiet(extract, as_of)
    told += [quiet] if quiet else []
    return (*told, *tell_changes(settings))


def _unchecked(extract: Extract, settings: ScoringSettings) -> tuple[str, ...]:
    told = unchecked_rules(extract, read_rules().patient, {waiver.rule for waiver in settings.waive})
    return (told,) if told and extract.has("accounts") else ()


def _write_quarantine(extract: Extract, folder: Path) -> None:
    """Write every quarantined row's place and broken rule, without its values."""
    rows = extract.connection.execute("SELECT * FROM quarantine ORDER BY ALL")
    names = [column[0] for column in rows.description or ()]
    found = rows.fetchall()
    if not found:
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(found)
    write_private(folder / "quarantine.csv", text.getvalue().encode())
