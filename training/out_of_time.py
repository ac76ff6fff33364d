"""Forecasts of later time: each period predicted by a model of what was known before it.

They give the figures, the number of trees (the first period) and the calibration, which is therefore always learned
on rows later than the fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalog import Feature
from models.calibration import Calibration, fit_isotonic, fit_platt
from models.matrix import encode, learn_columns
from models.predict import average_raw
from training.baselines import choose_category, forecast_baselines
from training.evaluate import Forecast
from training.fit import Fitted, fit_likelihood, member_rounds, member_weights, open_text
from training.rows import numbers, rows_to_fit
from training.settings import TrainingSettings
from training.share import fit_share_of, predict_share
from training.temporal import Design, Positions

Floats = NDArray[np.float64]

ENOUGH_FOR_ISOTONIC = 1000
"""Events, and non-events, from which `auto` learns an isotonic map; fewer bend it to their noise."""


@dataclass(frozen=True, slots=True)
class OutOfTime:
    """What models of earlier time said of later rows, in order of the periods.

    `rows` are positions in the frame, `period` the number of each row's period (0: tuning), `judged` all but that.
    `probability` is calibrated by a map of the periods before the row's own (period 0 by its own); `share` is the
    share (0 to 1) given the outcome, of judged rows. `baselines` forecast the judged rows. `rounds` is the number of
    trees of each member; `last` are the boosters of the last period.
    """

    rows: Positions
    period: NDArray[np.intp]
    label: Floats
    raw: Floats
    probability: Floats
    share: Floats
    baselines: Mapping[str, Forecast]
    rounds: Mapping[str, int]
    last: tuple[Fitted, ...]

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Which rows count for the figures: all but the period that chose the number of trees."""
        return self.period > 0


def forecast_out_of_time(
    data: pd.DataFrame, features: Sequence[Feature], design: Design, settings: TrainingSettings
) -> OutOfTime:
    """Fit before each period and predict it; `data` is a training frame's rows."""
    weights = member_weights(settings)
    raw: list[Floats] = []
    share: list[Floats] = []
    baselines: list[Mapping[str, Forecast]] = []
    rounds: dict[str, int] | None = None
    category: str | None = None
    fitted: list[Fitted] = []
    for split in design.splits:
        before, later = data.iloc[split.fitted], data.iloc[split.predicted]
        columns = learn_columns(before, features, native=settings.categories == "native")
        rows = rows_to_fit(data, columns, split.fitted, settings)
        seen = encode(later, columns)
        if rounds is None:
            check = replace(rows, matrix=seen, outcome=numbers(later["label"]), weight=np.ones(len(later)))
            fitted = fit_likelihood(rows, settings, None, check)
            rounds = member_rounds(settings, fitted)
            category = choose_category(before, later, features)
            share.append(np.full(len(later), np.nan))  # only judged rows are counted in dollars
        else:
            fitted = fit_likelihood(rows, settings, rounds)
            baselines.append(forecast_baselines(before, later, features, category))
            found, text = fit_share_of(data, columns, split.fitted, settings)
            share.append(predict_share(found, text, seen, settings.threads))
        boosters = [open_text(one.text) for one in fitted]
        raw.append(average_raw(boosters, weights, seen, threads=settings.threads))
    period = np.repeat(np.arange(len(raw)), [len(split.predicted) for split in design.splits])
    positions = np.concatenate([split.predicted for split in design.splits])
    label = numbers(data["label"])[positions]
    together = np.concatenate(raw)
    return OutOfTime(
        rows=positions,
        period=period,
        label=label,
        raw=together,
        probability=_calibrate_forward(together, label, period, settings),
        share=np.concatenate(share),
        baselines=_join(baselines),
        rounds=rounds or {},
        last=tuple(fitted),
    )


def learn_map(raw: Floats, label: Floats, settings: TrainingSettings) -> Calibration:
    """Learn the calibration map of out-of-time raw scores by the method of the settings."""
    events = float(label.sum())
    enough = min(events, len(label) - events) >= ENOUGH_FOR_ISOTONIC
    if settings.calibration == "isotonic" or (settings.calibration == "auto" and enough):
        return fit_isotonic(raw, label)
    return fit_platt(raw, label)


def _calibrate_forward(raw: Floats, label: Floats, period: NDArray[np.intp], settings: TrainingSettings) -> Floats:
    probability = np.empty_like(raw)
    for number in np.unique(period):
        here = period == number
        before = period < number if number else here
        probability[here] = learn_map(raw[before], label[before], settings).apply(raw[here])
    return probability


def _join(parts: Sequence[Mapping[str, Forecast]]) -> dict[str, Forecast]:
    joined = {}
    for name in parts[0]:
        forecasts = [part[name] for part in parts if name in part]
        if len(forecasts) < len(parts):
            continue  # a ranking that some period does not know (no amounts there, say) is no baseline for all
        probabilities = [forecast.probability for forecast in forecasts if forecast.probability is not None]
        joined[name] = Forecast(
            score=np.concatenate([forecast.score for forecast in forecasts]),
            probability=np.concatenate(probabilities) if probabilities else None,
            worth=np.concatenate([forecast.worth for forecast in forecasts]),
        )
    return joined
