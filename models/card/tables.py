"""The tables of figures that a model card holds of the judged periods and of the final test alike."""

from __future__ import annotations

from payrank.models.card.card_record import Table
from payrank.models.format_estimate import format_estimate
from payrank.models.html_page import show_count, show_dollars
from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Evaluation

MODEL = "payrank"
"""The model's own name among the gains."""
USUAL_ORDERS = ("largest_first", "oldest_first")
"""How offices sort without a model."""
CAPACITIES = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Shares of the list at which a table tells what is captured."""


def tabulate_rankings(holdout: Evaluation, title: str) -> Table:
    """Return the model beside every other ranking, those that capture most first."""

    def line(name: str, figures: dict[str, Estimate], ahead: Estimate | None) -> tuple[str, ...]:
        return (
            name,
            format_estimate(figures.get("auc")),
            format_estimate(figures.get("brier")),
            format_estimate(figures.get("captured"), ".1%"),
            format_estimate(ahead, ".1%"),
        )

    rows = [line("this model", dict(holdout.metrics), None)]
    rows += [
        line(one.meaning, dict(one.metrics), one.advantage)
        for one in sorted(holdout.baselines, key=lambda one: -_value(one.metrics.get("captured")))
    ]
    return Table(
        title, ("ranking by", "AUC", "Brier", f"{holdout.holdout.gain_unit} captured", "model ahead by"), tuple(rows)
    )


def tabulate_capacities(holdout: Evaluation) -> list[Table]:
    """Return what is captured at several capacities by the model, the best other ranking and the usual orders."""
    curves = {one.name: one.captured for one in holdout.cumulative_gains}
    best = holdout.best_baseline
    names = [MODEL, *([best.name] if best else []), *USUAL_ORDERS]
    chosen = [name for name in dict.fromkeys(names) if name in curves]
    if MODEL not in curves or not holdout.holdout.total:
        return []
    meanings = {one.name: one.meaning for one in holdout.baselines} | {MODEL: "this model"}
    total, unit = holdout.holdout.total, holdout.holdout.gain_unit
    show = show_dollars if unit == "dollars" else show_count
    rows = tuple(
        (
            f"{share:.0%}",
            *(f"{show(curves[name][place] * total)} ({curves[name][place]:.0%})" for name in chosen),
            f"{curves[MODEL][place] / share:.1f}",
        )
        for place, share in enumerate(holdout.worked_shares)
        if round(share, 2) in CAPACITIES
    )
    heads = ("list worked", *(meanings[name] for name in chosen), "lift of this model")
    return [
        Table(
            f"{unit.capitalize()} by capacity (of {show(total)}; lift: times those of an order by chance)", heads, rows
        )
    ]


def tabulate_reliability(holdout: Evaluation, title: str) -> Table:
    """Return what was promised and what happened, by tenths of the rows."""
    rows = tuple(
        (show_count(one.rows), f"{one.predicted:.1%}", format_estimate(one.actual, ".1%"))
        for one in holdout.calibration
    )
    return Table(title, ("rows", "promised", "happened"), rows)


def _value(figure: Estimate | None) -> float:
    return float("-inf") if figure is None else figure.value
