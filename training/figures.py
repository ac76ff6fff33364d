"""The figures of a training: the model and each baseline on the same judged rows, and what to be told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.calibration import Calibration, Platt
from training.evaluate import Forecast, amounts_known, discrimination, evaluate
from training.out_of_time import OutOfTime
from training.settings import TrainingSettings

Floats = NDArray[np.float64]

TOO_GOOD = 0.95
"""An AUC above this is a leak until shown otherwise."""


def measure(
    data: pd.DataFrame, found: OutOfTime, settings: TrainingSettings
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return the figures of the model and of each baseline, on the same judged rows.

    Beside those of `training.evaluate.evaluate` the model has `auc_period_K` of each judged period, and `base_rate`.
    """
    judged = found.judged
    rows = data.iloc[found.rows[judged]]
    periods = found.period[judged]
    probability = found.probability[judged]
    model = Forecast(found.raw[judged], probability, expected_worth(rows, found))
    metrics = evaluate(rows, periods, model, settings.capacity)
    by_period = {
        f"auc_period_{number}": discrimination(found.label[here], found.raw[here]).get("auc")
        for number, here in ((n, found.period == n) for n in np.unique(found.period[judged]))
    }
    metrics |= {name: value for name, value in by_period.items() if value is not None}
    metrics["base_rate"] = float(found.label[judged].mean())
    baselines = {
        name: evaluate(rows, periods, forecast, settings.capacity) for name, forecast in found.baselines.items()
    }
    return metrics, baselines


def expected_worth(rows: pd.DataFrame, found: OutOfTime) -> Floats:
    """Return what each judged row is expected to bring: dollars, or its probability where amounts are unknown."""
    probability = found.probability[found.judged]
    if not amounts_known(rows):
        return probability
    amount = rows["amount"].to_numpy(dtype=np.float64, na_value=np.nan)
    worth: Floats = probability * found.share[found.judged] * np.nan_to_num(amount)
    return worth


def collect_notices(
    metrics: Mapping[str, float],
    baselines: Mapping[str, Mapping[str, float]],
    calibration: Calibration,
    unavailable: Sequence[str],
) -> tuple[str, ...]:
    """Return what a reader of the figures should be told."""
    said = []
    auc = metrics.get("auc", 0.0)
    if auc > TOO_GOOD:
        said.append(f"AUC {auc:.3f} is too good for this question: look for a feature that knows the outcome")
    for name, values in sorted(baselines.items()):
        if values.get("auc", 0.0) > auc:
            said.append(f"the baseline {name} ranks better: AUC {values['auc']:.3f} against {auc:.3f}")
    if isinstance(calibration, Platt) and calibration.slope == 0:
        said.append("raw scores did not rank later rows at all: every probability is the base rate")
    if unavailable:
        said.append(f"{len(unavailable)} features are null for want of tables: {', '.join(unavailable)}")
    return tuple(said)
