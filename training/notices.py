"""The notices of a training run: what a reader of its metrics should know."""

from __future__ import annotations

from payrank.models.calibration.adjusted import AdjustedCalibration
from payrank.models.calibration.methods import Platt
from payrank.models.records.evaluation import Evaluation
from payrank.training.calibrate.recalibrate import Recalibrated
from payrank.training.design.check_frame import list_constant_features
from payrank.training.design.temporal import list_design_notices
from payrank.training.fit.served_model import ServedModel
from payrank.training.training_job import TrainingJob


def collect_notices(
    job: TrainingJob, served: ServedModel, calibrated: Recalibrated, evaluation: Evaluation
) -> tuple[str, ...]:
    """Return every notice: alarms, stronger baselines, calibration, absent features, and gaps in the design."""
    return (
        *(f"alarm: {alarm.text}" for alarm in evaluation.alarms),
        *_baseline_notices(evaluation),
        *_calibration_notices(calibrated),
        *_unavailable_notices(job.frame.unavailable),
        *list_design_notices(job.data, job.design),
        *list_constant_features(served.fitted, job.frame),
    )


def _baseline_notices(evaluation: Evaluation) -> list[str]:
    notices = []
    auc = evaluation.metrics["auc"].value if "auc" in evaluation.metrics else 0.0
    for baseline in evaluation.baselines:
        if "auc" in baseline.metrics and baseline.metrics["auc"].value > auc:
            value = baseline.metrics["auc"].value
            notices.append(f"baseline '{baseline.meaning}' ranks better: AUC {value:.3f}, model {auc:.3f}")
        advantage = baseline.advantage
        if advantage is not None and advantage.high is not None and advantage.high < 0:
            unit = evaluation.holdout.gain_unit
            notices.append(
                f"baseline '{baseline.meaning}' captures significantly more {unit} at capacity than the model: "
                f"{-advantage.value:.1%} more of the total"
            )
    return notices


def _calibration_notices(calibrated: Recalibrated) -> list[str]:
    notices = []
    served = calibrated.calibration
    base = served.base if isinstance(served, AdjustedCalibration) else served
    if isinstance(base, Platt) and base.slope == 0:
        notices.append("raw scores did not rank later rows at all, so every probability is the base rate")
    shift = calibrated.record.shift
    if shift is not None and shift.is_significant:
        notices.append(shift.describe())
    return notices


def _unavailable_notices(unavailable: tuple[str, ...]) -> list[str]:
    if not unavailable:
        return []
    names = ", ".join(unavailable)
    return [f"{len(unavailable)} features are null because the extract lacks their tables or columns: {names}"]
