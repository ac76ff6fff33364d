"""The metrics of a training under the names that an MLflow run uses."""

from __future__ import annotations

from payrank.models.manifest import Manifest
from payrank.models.records.evaluation import Evaluation


def collect_metrics(manifest: Manifest) -> dict[str, float]:
    """Return every metric of a training by name.

    `auc` is the model's on the holdout periods, `logistic/auc` a baseline's, and `logistic/advantage` what the model
    captures beyond it. `_low` and `_high` are the ends of their intervals, and `final_...` belongs to the final test.
    """
    metrics = dict(manifest.metrics)
    for baseline, by_name in manifest.baselines.items():
        metrics |= {f"{baseline}/{name}": value for name, value in by_name.items()}
    metrics |= _interval_ends(manifest.evaluation)
    if manifest.final_test is not None:
        metrics |= _final_metrics(manifest.final_test)
    return metrics | {"rows": manifest.rows, "events": manifest.events, "households": manifest.households}


def _interval_ends(evaluation: Evaluation) -> dict[str, float]:
    """Return the ends of the model's intervals, its advantage over each baseline, and the number of alarms."""
    ends: dict[str, float] = {"alarms": len(evaluation.alarms)}
    estimates = {
        **evaluation.metrics,
        **{f"{estimates.name}/advantage": estimates.advantage for estimates in evaluation.baselines},
    }
    for name, estimate in estimates.items():
        if estimate is not None and name.endswith("/advantage"):
            ends[name] = estimate.value
        if estimate is not None and estimate.low is not None and estimate.high is not None:
            ends |= {f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return ends


def _final_metrics(final: Evaluation) -> dict[str, float]:
    """Return the metrics of the final test, including the baselines', with their intervals, each named `final_...`."""
    captured = f"{final.holdout.gain_unit}_captured"
    estimates = dict(final.metrics)
    for baseline in final.baselines:
        estimates |= {f"{baseline.name}/{name}": estimate for name, estimate in baseline.metrics.items()}
        if baseline.advantage is not None:
            estimates[f"{baseline.name}/advantage"] = baseline.advantage
    values: dict[str, float] = {"final_rows": final.holdout.rows, "final_households": final.holdout.households}
    for name, estimate in estimates.items():
        named = "final_" + name.replace("captured", captured)
        values[named] = estimate.value
        if estimate.low is not None and estimate.high is not None and ("/" not in name or name.endswith("/advantage")):
            values |= {f"{named}_low": estimate.low, f"{named}_high": estimate.high}
    return values
