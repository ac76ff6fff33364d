"""Score an extract as of a date and publish ranked worklists with reasons, all or nothing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from payrank.extracts.atomic import write_private
from payrank.extracts.extract import Extract
from payrank.models.monitoring.unseen_categories import count_unseen_categories
from payrank.scoring.denials.denial_list import plan_denial_list
from payrank.scoring.guards import check_age, check_volume
from payrank.scoring.list_spec import LISTED, LISTS, ListName, ListSpec
from payrank.scoring.nightly_run import Explain, NightlyRun
from payrank.scoring.outcome import ListOutcome, ListPlan
from payrank.scoring.past_run import earlier_runs, previous_volumes, write_listed
from payrank.scoring.patient_pay.patient_list import plan_patient_list
from payrank.scoring.progress import ProgressCallback, StageTimer
from payrank.scoring.publishing.publish import publish_run
from payrank.scoring.reports.changes import ListChanges, compare_runs, render_changes
from payrank.scoring.reports.report import render_report
from payrank.scoring.reports.run_report import make_report
from payrank.scoring.rules.rules import read_rules
from payrank.scoring.rules.site_rules import rules_in_force
from payrank.scoring.run_manifest import file_digests, render_run_manifest
from payrank.scoring.run_models import RunModels, describe_unseen_categories
from payrank.scoring.scores import Explained, Scored, explain_scored, measure_population_drift, score_population
from payrank.scoring.settings import ScoringSettings
from payrank.scoring.worklist import Worklist
from payrank.scoring.worklists.score_files import write_scores
from payrank.scoring.worklists.worklist_files import write_worklist

_PLANNERS: Mapping[ListName, Callable[[NightlyRun, Scored], ListPlan]] = {
    "patient_pay": plan_patient_list,
    "denials": plan_denial_list,
}
_SCORES_STAGE: Mapping[ListName, str] = {"patient_pay": "payment scores", "denials": "denial scores"}
_LIST_STAGE: Mapping[ListName, str] = {"patient_pay": "patient list", "denials": "denial list"}


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did: its folder, what became of each list, and seconds by stage. A dry run is not published."""

    folder: Path
    lists: Mapping[ListName, ListOutcome]
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
    """Score a loaded extract as of a date and publish the run to `out/<as-of>/`.

    Parameters
    ----------
    extract
        The loaded extract.
    models
        At least one model; a list without a model is not published, and the report says why.
    as_of
        Only what was known before this date counts.
    out
        The folder of all runs; `out/current` then points to this one.
    settings
        `ScoringSettings()` for the defaults, or `read_settings(None).scoring` for the site's own.
    explain
        Give reasons for every scored row ("all"), or for the listed ones only ("listed").
    dry_run
        Do everything except publish: the files are built and removed, and every earlier run is unchanged.
    progress
        Called after each stage.

    Returns
    -------
    RunResult
        The run's folder, what each list counts, and the seconds of each stage.

    Raises
    ------
    OutOfLineError
        When the extract is too old or its row counts differ too much from the previous run (exit code 4).
    NoUsableModelError
        When a model was trained on other features (exit code 5).
    RunLockedError
        When another run writes to `out` (exit code 6).
    """
    rules = rules_in_force(read_rules(), settings)
    check_age(extract, as_of, settings)
    timer = StageTimer(progress)
    with publish_run(out, as_of, dry_run=dry_run, keep=settings.keep_runs) as folder:
        earlier = earlier_runs(out, as_of)
        check_volume(extract, previous_volumes(earlier), settings)
        run = NightlyRun(extract, models, as_of, settings, rules, folder, timer, earlier, explain)
        outcomes = {spec.name: _make_list(run, spec) for spec in LISTS}
        _write_run_files(run, outcomes)
    return RunResult(out / as_of.isoformat(), outcomes, timer.seconds, published=not dry_run)


def _make_list(run: NightlyRun, spec: ListSpec) -> ListOutcome:
    """Score, plan, explain, and write one list; without its table or its model it is not published."""
    quarantined = run.extract.tables[spec.table].rows_quarantined
    bundle = run.models.bundles.get(spec.model_kind)
    why = _why_not(run, spec)
    if bundle is None or why:
        return ListOutcome(spec, received=quarantined, quarantined=quarantined, why_unpublished=why)
    scored = score_population(run.extract, bundle, run.as_of, run.models.site_features, run.models.make_frame)
    unseen_categories = count_unseen_categories(scored.bundle, scored.frame.data)
    message = f"scored {len(scored.scores):,} {spec.population}{describe_unseen_categories(unseen_categories)}"
    run.timer.stage(_SCORES_STAGE[spec.name], message, **{f"{spec.unit}s": len(scored.scores)})
    plan = _PLANNERS[spec.name](run, scored)
    explained = _explain(scored, plan.table, run.explain)
    write_scores(plan.table, explained, spec, run.folder)
    outcome = ListOutcome.count(spec, plan.table, len(scored.scores), quarantined, scored.frame.unavailable)
    outcome = outcome.with_drift(measure_population_drift(scored), unseen_categories)
    return _publish_list(run, outcome, plan, explained)


def _publish_list(run: NightlyRun, outcome: ListOutcome, plan: ListPlan, explained: Explained) -> ListOutcome:
    spec = outcome.spec
    stage = _LIST_STAGE[spec.name]
    if plan.why_withheld:
        run.timer.stage(stage, "withheld the patient list (rule H12)")
        return outcome.withheld(plan.why_withheld)
    worklist = Worklist(
        name=spec.name,
        title=spec.title,
        as_of=run.as_of,
        lines=plan.lines(explained),
        over_capacity=outcome.over_capacity,
        suppressed_by=outcome.suppressed_by,
        notices=run.notices(on_list=True) + plan.notices + run.models.notices(spec.model_kind, run.as_of),
        model=run.models.names[spec.model_kind],
        suppressed=outcome.suppressed,
        baseline_probability=explained.baseline_probability,
    )
    write_worklist(worklist, run.folder / "worklists")
    subjects = f"{spec.subject}s"
    run.timer.stage(stage, f"listed {len(worklist.lines):,} {subjects}", **{subjects: len(worklist.lines)})
    return outcome.published(worklist)


def _explain(scored: Scored, table: pd.DataFrame, explain: Explain) -> Explained:
    units = scored.frame.data["unit_id"]
    rows = units.isin(table.index[table["place"] == LISTED]) if explain == "listed" else units.notna()
    return explain_scored(scored, rows)


def _why_not(run: NightlyRun, spec: ListSpec) -> str:
    """Return why a list cannot be made; empty when it can."""
    if not run.extract.has(spec.table) or not run.extract.tables[spec.table].rows_loaded:
        return f"The extract has no {spec.table} table, so there is nothing to list."
    why_no_model = run.models.why_absent.get(spec.model_kind, "")
    if not why_no_model and spec.name == "patient_pay" and not run.extract.has("transactions"):
        return "The extract has no transactions table, so balances are unknown. There are no scores and no list."
    return why_no_model


def _write_run_files(run: NightlyRun, outcomes: Mapping[ListName, ListOutcome]) -> None:
    """Write everything that concerns the run as a whole; the manifest comes last, with the digests of the rest."""
    changes = _write_changes(run, outcomes)
    write_private(run.folder / "report.html", render_report(make_report(run, outcomes, changes)))
    _write_quarantine(run)
    manifest = render_run_manifest(run, outcomes, file_digests(run.folder))
    write_private(run.folder / "manifest.json", manifest)
    files = len(list(run.folder.rglob("*.*")))
    run.timer.stage("files", "wrote the report and the manifest", files=files)
    write_private(run.folder / "timings.json", (json.dumps(run.timer.seconds, indent=1) + "\n").encode())


def _write_changes(run: NightlyRun, outcomes: Mapping[ListName, ListOutcome]) -> ListChanges:
    """Write who is listed, and what changed since the latest earlier run."""
    published = {name: outcome.worklist for name, outcome in outcomes.items() if outcome.worklist is not None}
    write_listed({name: worklist.lines for name, worklist in published.items()}, run.folder)
    digests = {name: run.models.bundles[outcomes[name].spec.model_kind].digest for name in published}
    changes = compare_runs(
        next(iter(run.earlier), None), run.folder, run.as_of.isoformat(), digests, read_rules().titles
    )
    if changes.since:
        write_private(run.folder / "changes.csv", render_changes(changes))
    return changes


def _write_quarantine(run: NightlyRun) -> None:
    """Write where each quarantined row came from and the check it failed, without its values."""
    result = run.connection.execute("SELECT * FROM quarantine ORDER BY ALL")
    columns = [column[0] for column in result.description or ()]
    rows = result.fetchall()
    if not rows:
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_private(run.folder / "quarantine.csv", text.getvalue().encode())
