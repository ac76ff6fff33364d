"""One training, from a labelled frame to a bundle with its figures."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from extracts.errors import NoUsableModel, WrongUsage
from features.frame import Frame
from models.bundle import Bundle, pack_bundle, write_bundle
from models.manifest import FORMAT, UNIT_OF_KIND, Kind
from models.matrix import learn_columns
from models.reference import describe_distributions
from training.figures import collect_notices, measure, plain_baselines, plain_metrics
from training.fit import fit_likelihood, member_weights
from training.out_of_time import OutOfTime, forecast_out_of_time, learn_map
from training.rows import rows_to_fit
from training.settings import TrainingSettings, default_settings
from training.share import fit_share_of
from training.temporal import describe_design, plan_periods
from training.timing import fit_timing_of, spans_of

LIBRARIES = ("lightgbm", "numpy", "pandas", "scikit-learn")


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training.

    `bundle` is the model, its manifest holds the figures. `found` are the out-of-time scores of the rows in `later`,
    and `fitted` the rows that were fitted: patients' rows, for plots and analysis, never written.
    """

    bundle: Bundle
    found: OutOfTime
    fitted: pd.DataFrame
    later: pd.DataFrame


def train(
    frame: Frame,
    *,
    kind: Kind,
    as_of: date,
    settings: TrainingSettings | None = None,
    out: Path | None = None,
    extract_digests: Mapping[str, str] | None = None,
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

    Raises
    ------
    WrongUsage
        When the frame is of another unit than the kind needs, or has no labels.
    NoUsableModel
        When the outcomes are too few or of one kind, labels are not ripe, or the history is too short.
    """
    settings = settings or default_settings(kind)
    check_frame(frame, kind)
    data = frame.data
    check_outcomes(data["label"], settings)
    design = plan_periods(data, frame.target.ripe_after_days, as_of, settings)
    found = forecast_out_of_time(data, frame.features, design, settings)
    rows = design.final if settings.refit else design.splits[-1].fitted
    fitted = data.iloc[rows]
    columns = learn_columns(fitted, frame.features, native=settings.categories == "native")
    likelihood = found.last
    if settings.refit:
        likelihood = tuple(fit_likelihood(rows_to_fit(data, columns, rows, settings), settings, dict(found.rounds)))
    share, share_text = fit_share_of(data, columns, rows, settings)
    spans = spans_of(frame.target, settings.timing_days)
    timing, timing_text = fit_timing_of(data, columns, rows, spans, settings)
    calibration = learn_map(found.raw, found.label, settings)
    evaluation = measure(data, found, settings)
    metrics, baselines = plain_metrics(evaluation), plain_baselines(evaluation)
    bundle = pack_bundle(
        manifest={
            "format": FORMAT,
            "kind": kind,
            "unit": frame.unit,
            "features": columns,
            "catalogue_digest": frame.digest,
            "target": frame.target.model_dump(mode="json"),
            "horizon_days": getattr(frame.target, "horizon_days", None),
            "min_share": getattr(frame.target, "min_share", None),
            "as_of": as_of,
            "windows": describe_design(data, design, rows, frame.target.ripe_after_days, settings),
            "rows": len(fitted),
            "events": int(fitted["label"].sum()),
            "households": int(fitted["household"].nunique()),
            "weights": member_weights(settings),
            "rounds": dict(found.rounds),
            "share": share,
            "timing": timing,
            "metrics": metrics,
            "baselines": baselines,
            "evaluation": evaluation.model_dump(mode="json"),
            "settings": settings.model_dump(mode="json"),
            "extract_digests": dict(extract_digests or {}),
            "notices": collect_notices(metrics, baselines, calibration, frame.unavailable),
            "libraries": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        },
        likelihood=[one.text for one in likelihood],
        share=share_text,
        timing=timing_text,
        calibration=calibration,
        reference=describe_distributions(fitted, columns, found.probability[found.judged]),
    )
    if out is not None:
        write_bundle(bundle, out)
    return Trained(bundle, found, fitted, data.iloc[found.rows])


def check_frame(frame: Frame, kind: Kind) -> None:
    """Refuse a frame of the wrong unit, or without labels."""
    if frame.unit != UNIT_OF_KIND[kind]:
        raise WrongUsage(
            f"models of kind {kind} are trained on frames of {UNIT_OF_KIND[kind]}s; this frame is of {frame.unit}s"
        )
    absent = [name for name in ("label", "share", "recovered") if name not in frame.data.columns]
    if absent:
        raise WrongUsage(f"the frame has no {', '.join(absent)}: train on `features.frame.training_frame`")


def check_outcomes(label: pd.Series, settings: TrainingSettings) -> None:
    """Refuse labels of one kind only, or too few of a kind.

    >>> check_outcomes(pd.Series([0.0] * 90 + [1.0] * 10), TrainingSettings())
    Traceback (most recent call last):
        ...
    extracts.errors.NoUsableModel: too few outcomes to train on: 10 that happened and 90 that did not, of 100 rows; ...
    """
    events = int((label == 1).sum())
    others = int((label == 0).sum())
    if min(events, others) < settings.fewest_outcomes or events + others < len(label):
        raise NoUsableModel(
            f"too few outcomes to train on: {events} that happened and {others} that did not, of {len(label)} rows; "
            f"needed: {settings.fewest_outcomes} of each, and a label (0 or 1) on every row; send a longer history, "
            "change the horizon or min_share, or lower fewest_outcomes in the training settings"
        )
