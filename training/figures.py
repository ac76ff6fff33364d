"""The figures of a training: the model and each baseline on the same judged rows, and what to be told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.calibration import Calibration, Platt
from models.evaluation import Evaluation
from models.figure import Figure
from training.evaluate import Forecast, amounts_known
from training.evaluation import evaluate_forecasts
from training.judged import judged_rows
from training.out_of_time import OutOfTime
from training.settings import TrainingSettings

Floats = NDArray[np.float64]

TOO_GOOD = 0.95
"""An AUC above this is a leak until shown otherwise."""


def measure(data: pd.DataFrame, found: OutOfTime, settings: TrainingSettings) -> Evaluation:
    """Return the evaluation of a training: the model and each baseline on the same judged rows."""
    judged = judged_rows(data.iloc[found.rows[found.judged]], found.period[found.judged], settings.capacity)
    model = Forecast(found.raw[found.judged], found.probability[found.judged], expected_worth(judged.data, found))
    return evaluate_forecasts(judged, model, found.baselines)


def plain_metrics(evaluation: Evaluation) -> dict[str, float]:
    """Return the model's figures without intervals, by name, as MLflow and short tables take them."""
    return _plain(evaluation.figures, evaluation)


def plain_baselines(evaluation: Evaluation) -> dict[str, dict[str, float]]:
    """Return each baseline's figures without intervals."""
    return {one.name: _plain(one.figures, evaluation) for one in evaluation.baselines}


def _plain(figures: Mapping[str, Figure], evaluation: Evaluation) -> dict[str, float]:
    captured = f"{evaluation.judged.gain}_captured"
    return {captured if name == "captured" else name: figure.value for name, figure in figures.items()}


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
