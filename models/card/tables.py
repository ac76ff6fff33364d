"""The tables of metrics that a model card shows for the holdout periods and for the final test."""

from __future__ import annotations

from payrank.models.card.card_record import Table
from payrank.models.card.charts import MODEL, THIS_MODEL
from payrank.models.format_estimate import format_estimate
from payrank.models.html_page import show_count, show_dollars
from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Baseline, Evaluation

USUAL_ORDERS = ("largest_first", "oldest_first")
"""How offices sort without a model."""
CAPACITIES = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Shares of the list for which the table shows what is captured."""


def tabulate_rankings(evaluation: Evaluation, title: str) -> Table:
    """Return the model and every baseline, the baselines that capture the most first."""

    def make_row(name: str, metrics: dict[str, Estimate], advantage: Estimate | None) -> tuple[str, ...]:
        return (
            name,
            format_estimate(metrics.get("auc")),
            format_estimate(metrics.get("brier")),
            format_estimate(metrics.get("captured"), ".1%"),
            format_estimate(advantage, ".1%"),
        )

    rows = [make_row(THIS_MODEL, dict(evaluation.metrics), None)]
    rows += [
        make_row(baseline.meaning, dict(baseline.metrics), baseline.advantage)
        for baseline in sorted(evaluation.baselines, key=_most_first)
    ]
    columns = ("ranking by", "AUC", "Brier", f"{evaluation.holdout.gain_unit} captured", "model's advantage")
    return Table(title, columns, tuple(rows))


def tabulate_capacities(evaluation: Evaluation) -> list[Table]:
    """Return what the model, the best baseline, and the usual orders capture at several capacities."""
    curves = {curve.name: curve.captured for curve in evaluation.cumulative_gains}
    best = evaluation.best_baseline
    names = [MODEL, *([best.name] if best else []), *USUAL_ORDERS]
    shown = [name for name in dict.fromkeys(names) if name in curves]
    if MODEL not in curves or not evaluation.holdout.total:
        return []
    meanings = {baseline.name: baseline.meaning for baseline in evaluation.baselines} | {MODEL: THIS_MODEL}
    total, unit = evaluation.holdout.total, evaluation.holdout.gain_unit
    show = show_dollars if unit == "dollars" else show_count
    rows = tuple(
        (
            f"{share:.0%}",
            *(f"{show(curves[name][place] * total)} ({curves[name][place]:.0%})" for name in shown),
            f"{curves[MODEL][place] / share:.1f}",
        )
        for place, share in enumerate(evaluation.worked_shares)
        if round(share, 2) in CAPACITIES
    )
    columns = ("share worked", *(meanings[name] for name in shown), "model's lift")
    title = f"{unit.capitalize()} captured by capacity (total {show(total)}; lift is relative to random order)"
    return [Table(title, columns, rows)]


def tabulate_calibration(evaluation: Evaluation, title: str) -> Table:
    """Return predicted vs. actual rates by decile."""
    rows = tuple(
        (show_count(decile.rows), f"{decile.predicted:.1%}", format_estimate(decile.actual, ".1%"))
        for decile in evaluation.calibration
    )
    return Table(title, ("rows", "predicted", "actual"), rows)


def _most_first(baseline: Baseline) -> float:
    captured = baseline.metrics.get("captured")
    return float("inf") if captured is None else -captured.value
