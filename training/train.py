"""One training, from a labeled frame to a bundle with its figures."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from payrank.features.frame import Frame
from payrank.models.audit import AuditFacts
from payrank.models.bundle import Bundle, pack_bundle, write_bundle
from payrank.models.manifest import FORMAT, ModelKind
from payrank.models.matrix import learn_columns
from payrank.models.monitoring.reference import describe_distributions
from payrank.training.backtest.backtest import Backtest, forecast_out_of_time, learn_served
from payrank.training.backtest.horizons import measure_horizons
from payrank.training.calibrate.recalibrate import check_segments
from payrank.training.calibrate.season_adjustment import score_out_of_season
from payrank.training.design.check_frame import check_frame, check_outcomes, tell_constant
from payrank.training.design.temporal import describe_design, plan_periods, tell_design
from payrank.training.evaluate_model import (
    collect_notices,
    examine,
    judged_for_selection,
    measure,
    plain_baselines,
    plain_metrics,
)
from payrank.training.fit.auto_settings import choose_settings
from payrank.training.fit.boosters import fit_likelihood, member_weights
from payrank.training.fit.correlated_features import find_correlated_features
from payrank.training.fit.monotone import check_unconstrained
from payrank.training.fit.rows import rows_to_fit
from payrank.training.fit.share import fit_share_of
from payrank.training.fit.timing import fit_timing_of, spans_of
from payrank.training.selection import (
    WEIGHT,
    describe_selection,
    estimate_chances,
    tell_never_shown,
    tell_past_calls,
    weigh_rows,
)
from payrank.training.settings import TrainingSettings, default_settings

LIBRARIES = ("lightgbm", "numpy", "pandas", "scikit-learn")


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training.

    `bundle` is the model, its manifest holds the figures. `found` are the out-of-time scores of the rows in `later`,
    `final` those of the final test (None where the history is too short for one; its `rows` are positions in the
    frame), and `fitted` the rows that were fitted: patients' rows, for plots and analysis, never written.
    """

    bundle: Bundle
    found: Backtest
    final: Backtest | None
    fitted: pd.DataFrame
    later: pd.DataFrame


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
    """Train a model and measure it on later time.

    Parameters
    ----------
    frame
        A training frame: every row has a label, known by `as_of`.
    kind
        `payment` (frame of accounts) or `overturn` (frame of denials).
    as_of
        The day of the training.
    settings
        Trees, seeds, validation; the kind's defaults where None.
    out
        Folder for the bundle; None keeps it in memory.
    extract_digests
        File name to SHA-256 of the extract, kept in the manifest.
    audit
        What the fairness audit knows of people (`payrank.read_audit`). It meets the judged rows after the last
        fit, and no fit ever sees it. Without it the evaluation says that fairness was not checked.
    population
        Everyone at the snapshots of the frame (`features.build_frames.population_frame`), for denials: who was left out
        because no appeal was decided. Without it nothing is said of that, and rows are not weighed by it.

    Raises
    ------
    WrongUsageError
        When the frame is of another unit than the kind needs, or has no labels, or a setting names no feature of it.
    NoUsableModelError
        When the outcomes are too few or of one kind, labels are not ripe, or the history is too short.
    """
    settings = settings or default_settings(kind)
    check_frame(frame, kind)
    check_segments(frame.features, settings)
    check_unconstrained(frame.features, settings)
    chances = None if population is None else estimate_chances(population)
    weights = None if chances is None else weigh_rows(frame, chances, settings)
    if weights is not None and settings.selection == "weights":
        frame = replace(frame, data=frame.data.assign(**{WEIGHT: weights}))
    data = frame.data
    check_outcomes(data["label"], kind, settings)
    design = plan_periods(data, frame.target.label_lag_days, as_of, settings)
    settings, choices = choose_settings(data, frame.features, design.splits[0], settings)
    forecasts = forecast_out_of_time(frame, design, settings)
    found, final = forecasts.found, forecasts.final
    rows = design.served if settings.refit else design.splits[-1].fitted
    fitted = data.iloc[rows]
    columns = learn_columns(fitted, frame.features, native=settings.categories == "native")
    likelihood = forecasts.latest.last
    to_fit = rows_to_fit(data, columns, rows, settings)
    if settings.refit:
        likelihood = tuple(fit_likelihood(to_fit, settings, dict(found.n_estimators)))
    share, share_text = fit_share_of(data, rows, to_fit, settings)
    timing, timing_text = fit_timing_of(data, rows, to_fit, spans_of(frame.target, settings.timing_days), settings)
    served_raw = None
    if settings.refit:
        served_raw = score_out_of_season(data, forecasts.rows, frame.features, columns, likelihood, settings)
    learned = learn_served(data, forecasts, settings, served_raw)
    holdout = data.iloc[found.rows[found.holdout]]
    evaluation = examine(frame, design, found, settings, audit)
    final_test = None if final is None else measure(data, final, settings)
    selection = None
    never_observed = tell_past_calls(data) if kind == "payment" else ()
    if chances is not None and weights is not None:
        selection = describe_selection(chances, weights, judged_for_selection(data, found, weights), settings)
        never_observed = tell_never_shown(chances, selection)
    evaluation = evaluation.model_copy(update={"never_observed": never_observed})
    metrics, baselines = plain_metrics(evaluation), plain_baselines(evaluation)
    bundle = pack_bundle(
        manifest={
            "format": FORMAT,
            "kind": kind,
            "unit": frame.unit,
            "features": columns,
            "correlated_features": find_correlated_features(fitted, columns),
            "catalog_digest": frame.digest,
            "target": frame.target.model_dump(mode="json"),
            "horizon_days": getattr(frame.target, "horizon_days", None),
            "min_share": getattr(frame.target, "min_share", None),
            "as_of": as_of,
            "windows": describe_design(data, design, rows, frame.target.label_lag_days, settings),
            "rows": len(fitted),
            "events": int(fitted["label"].sum()),
            "households": int(fitted["household"].nunique()),
            "weights": member_weights(settings),
            "n_estimators": dict(found.n_estimators),
            "share": share,
            "timing": timing,
            "metrics": metrics,
            "baselines": baselines,
            "evaluation": evaluation.model_dump(mode="json"),
            "final_test": None if final_test is None else final_test.model_dump(mode="json"),
            "auto_settings": choices,
            "recalibration": learned.record,
            "selection": selection,
            "horizons": measure_horizons(data, forecasts.latest),
            "settings": settings.model_dump(mode="json"),
            "extract_digests": dict(extract_digests or {}),
            "notices": (
                *collect_notices(evaluation, learned, frame.unavailable),
                *tell_design(data, design),
                *tell_constant(fitted, frame),
            ),
            "libraries": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        },
        likelihood=[one.text for one in likelihood],
        share=share_text,
        timing=timing_text,
        calibration=learned.served,
        reference=describe_distributions(fitted, columns, found.probability[found.holdout], holdout["household"]),
    )
    if out is not None:
        write_bundle(bundle, out)
    return Trained(bundle, found, final, fitted, data.iloc[found.rows])
