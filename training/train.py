"""Trains a model: from a labeled frame to a bundle with its evaluation."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from payrank.features.frame import Frame
from payrank.models.audit import AuditFacts
from payrank.models.bundle import Bundle, pack_bundle, write_bundle
from payrank.models.manifest import FORMAT, ModelKind
from payrank.models.monitoring.reference import describe_distributions
from payrank.models.records.evaluation import Evaluation
from payrank.models.records.selection import SelectionBias
from payrank.training.backtest.backtest import Backtest, Backtests, run_backtest
from payrank.training.backtest.calibrate_served import calibrate_served_model
from payrank.training.backtest.horizons import measure_horizons
from payrank.training.calibrate.recalibrate import Recalibrated
from payrank.training.design.temporal import describe_design
from payrank.training.evaluation import (
    baselines_without_intervals,
    evaluate_final_test,
    evaluate_model,
    metrics_without_intervals,
)
from payrank.training.fit.auto_settings import resolve_auto_settings
from payrank.training.fit.boosters import member_weights
from payrank.training.fit.correlated_features import find_correlated_features
from payrank.training.fit.served_model import ServedModel, fit_served_model
from payrank.training.notices import collect_notices
from payrank.training.selection import (
    add_appeal_chances,
    describe_never_observed,
    describe_past_calls,
    measure_selection_bias,
)
from payrank.training.settings import TrainingSettings
from payrank.training.training_job import TrainingJob, plan_job

LIBRARIES = ("lightgbm", "numpy", "pandas", "scikit-learn")


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training run.

    `bundle` is the model, and its manifest has the evaluation. `backtest` are the predictions of the rows in
    `backtest_rows`, and `final_test` those of the final test (None if the history is too short; its `rows` are
    positions in the frame). `fitted_rows` are the rows that the served model was fitted on. These are patients' rows,
    for plots and analysis; they are never written.
    """

    bundle: Bundle
    backtest: Backtest
    final_test: Backtest | None
    fitted_rows: pd.DataFrame
    backtest_rows: pd.DataFrame


def train(
    frame: Frame,
    *,
    kind: ModelKind,
    as_of: date,
    settings: TrainingSettings | None = None,
    out: Path | None = None,
    extract_digests: Mapping[str, str] | None = None,
    audit: AuditFacts | None = None,
    population: Frame | None = None,
) -> Trained:
    """Train a model and evaluate it on later time.

    Parameters
    ----------
    frame
        A training frame: every row has a label that was known by `as_of`.
    kind
        `payment` (a frame of accounts) or `overturn` (a frame of denials).
    as_of
        The training day.
    settings
        Training settings; None uses the defaults of the kind.
    out
        Folder for the bundle; None keeps it in memory.
    extract_digests
        File name to SHA-256 of the extract, recorded in the manifest.
    audit
        Protected attributes for the fairness audit (`payrank.read_audit`). They are joined to the holdout rows after
        the last fit, so no fit sees them. Without them the evaluation says that fairness was not audited.
    population
        All denials at the snapshots of the frame (`payrank.features.build_frames.population_frame`), including those
        without a label because no appeal was decided. Without it, selection bias is not measured.

    Returns
    -------
    Trained
        The bundle with the model and its evaluation, and the backtest.

    Raises
    ------
    WrongUsageError
        If the frame has the wrong unit or no labels, or a setting names an unknown feature.
    NoUsableModelError
        If there are too few outcomes, labels have not matured, or the history is too short.
    """
    job = plan_job(frame, kind=kind, as_of=as_of, settings=settings, audit=audit)
    if population is not None:
        job = add_appeal_chances(job, population)
    job = resolve_auto_settings(job)
    backtests = run_backtest(job)
    served = fit_served_model(job, backtests.validation.n_estimators, backtests.latest.last_boosters)
    calibrated = calibrate_served_model(job, backtests, served)
    evaluation = evaluate_model(job, backtests.validation)
    bundle = _pack(job, backtests, served, calibrated, evaluation, extract_digests or {})
    if out is not None:
        write_bundle(bundle, out)
    rows = job.data.iloc[backtests.validation.rows]
    return Trained(bundle, backtests.validation, backtests.final_test, served.fitted, rows)


def _pack(
    job: TrainingJob,
    backtests: Backtests,
    served: ServedModel,
    calibrated: Recalibrated,
    evaluation: Evaluation,
    extract_digests: Mapping[str, str],
) -> Bundle:
    """Return the bundle: the served model, its calibration, its reference distributions, and the manifest."""
    data, settings, target, validation = job.data, job.settings, job.frame.target, backtests.validation
    final_test = None if backtests.final_test is None else evaluate_final_test(job, backtests.final_test)
    selection, never_observed = _describe_unobserved(job, validation)
    evaluation = evaluation.model_copy(update={"never_observed": never_observed})
    holdout = validation.holdout
    return pack_bundle(
        manifest={
            "format": FORMAT,
            "kind": job.kind,
            "unit": job.frame.unit,
            "features": served.columns,
            "correlated_features": find_correlated_features(served.fitted, served.columns),
            "catalog_digest": job.frame.digest,
            "target": target.model_dump(mode="json"),
            "horizon_days": getattr(target, "horizon_days", None),
            "min_share": getattr(target, "min_share", None),
            "as_of": job.as_of,
            "windows": describe_design(data, job.design, job.served_rows, target.label_lag_days, settings),
            "rows": len(served.fitted),
            "events": int(served.fitted["label"].sum()),
            "households": int(served.fitted["household"].nunique()),
            "weights": member_weights(settings),
            "n_estimators": dict(validation.n_estimators),
            "share": served.share,
            "timing": served.timing,
            "metrics": metrics_without_intervals(evaluation),
            "baselines": baselines_without_intervals(evaluation),
            "evaluation": evaluation.model_dump(mode="json"),
            "final_test": None if final_test is None else final_test.model_dump(mode="json"),
            "auto_settings": job.auto_settings,
            "recalibration": calibrated.record,
            "selection": selection,
            "horizons": measure_horizons(data, backtests.latest),
            "settings": settings.model_dump(mode="json"),
            "extract_digests": dict(extract_digests),
            "notices": collect_notices(job, served, calibrated, evaluation),
            "libraries": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        },
        likelihood=[booster.text for booster in served.likelihood],
        share=served.share_text,
        timing=served.timing_text,
        calibration=calibrated.calibration,
        reference=describe_distributions(
            served.fitted,
            served.columns,
            validation.probability[holdout],
            data["household"].iloc[validation.rows[holdout]],
        ),
    )


def _describe_unobserved(job: TrainingJob, backtest: Backtest) -> tuple[SelectionBias | None, tuple[str, ...]]:
    """Return the selection bias, if a population was given, and sentences about what the outcomes cannot show."""
    if job.appeal_chances is not None:
        selection = measure_selection_bias(job, job.appeal_chances, backtest)
        return selection, describe_never_observed(job.appeal_chances, selection)
    return None, describe_past_calls(job.data) if job.kind == "payment" else ()
