"""A training's figures as an MLflow run names them."""

from __future__ import annotations

from payrank.models.manifest import Manifest
from payrank.models.records.evaluation import Evaluation


def collect_metrics(manifest: Manifest) -> dict[str, float]:
    """Return every figure of a training by name.

    `auc` is the model's on the judged periods, `logistic/auc` a baseline's, `logistic/ahead` what the model captures
    beyond it; `_low` and `_high` are the ends of their intervals, and `final_...` the same of the final test.
    """
    figures = dict(manifest.metrics)
    for baseline, values in manifest.baselines.items():
        figures |= {f"{baseline}/{name}": value for name, value in values.items()}
    figures |= _interval_ends(manifest.evaluation)
    if manifest.final_test is not None:
        figures |= _final_figures(manifest.final_test)
    return figures | {"rows": manifest.rows, "events": manifest.events, "households": manifest.households}


def _interval_ends(evaluation: Evaluation) -> dict[str, float]:
    """Return the ends of the model's intervals, what it is ahead of each baseline by, and how many alarms there are."""
    ends: dict[str, float] = {"alarms": len(evaluation.alarms)}
    estimates = {
        **evaluation.metrics,
        **{f"{estimates.name}/ahead": estimates.advantage for estimates in evaluation.baselines},
    }
    for name, figure in estimates.items():
        if figure is not None and name.endswith("/ahead"):
            ends[name] = figure.value
        if figure is not None and figure.low is not None and figure.high is not None:
            ends |= {f"{name}_low": figure.low, f"{name}_high": figure.high}
    return ends


def _final_figures(final: Evaluation) -> dict[str, float]:
    """Return the figures of the final test with their intervals, each named `final_...`, the baselines' as well."""
    captured = f"{final.holdout.gain_unit}_captured"
    estimates = dict(final.metrics)
    for baseline in final.baselines:
        estimates |= {f"{baseline.name}/{name}": figure for name, figure in baseline.metrics.items()}
        if baseline.advantage is not None:
            estimates[f"{baseline.name}/ahead"] = baseline.advantage
    plain: dict[str, float] = {"final_rows": final.holdout.rows, "final_households": final.holdout.households}
    for name, figure in estimates.items():
        named = "final_" + name.replace("captured", captured)
        plain[named] = figure.value
        if figure.low is not None and figure.high is not None and ("/" not in name or name.endswith("/ahead")):
            plain |= {f"{named}_low": figure.low, f"{named}_high": figure.high}
    return plain
