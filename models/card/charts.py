"""The charts of an evaluation: dollars captured, advantage, gains, calibration, slices, and importance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payrank.models.card.figure import (
    ACCENT,
    BAR,
    INK,
    LINE,
    QUIET,
    WARN,
    Chart,
    draw_interval,
    interval_reach,
    name_rows,
)
from payrank.models.records.evaluation import Baseline, Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MODEL = "payrank"
"""The model's name among the cumulative gains."""
THIS_MODEL = "this model"
MAX_CURVES = 4
LOOKS = ((ACCENT, "-", 2.6), (BAR, ":", 2.0), (WARN, "--", 1.8), (QUIET, "-.", 1.5))
"""Color, line style, and width of the model, the two best baselines, and the oldest-first order."""
SLICE_COLORS = (ACCENT, WARN, BAR, QUIET)


def captured_chart(evaluation: Evaluation) -> Chart | None:
    """Return what each ranking captures at capacity, with intervals; None when nothing was captured."""
    model = evaluation.metrics.get("captured")
    if model is None:
        return None
    rankings = [(THIS_MODEL, model)]
    rankings += [
        (baseline.short_name, baseline.metrics["captured"])
        for baseline in evaluation.baselines
        if "captured" in baseline.metrics
    ]
    rankings.sort(key=lambda ranking: (-ranking[1].value, ranking[0]))

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, (name, captured) in enumerate(rankings):
            _bar(axes, place, captured.value, ACCENT if name == THIS_MODEL else BAR)
            below, above = interval_reach(captured)
            axes.errorbar([captured.value], [place], xerr=[[below], [above]], color=INK, capsize=3, linewidth=1)
            axes.annotate(
                f"{captured.value:.1%}", (captured.value + above, place), (5, 0), textcoords="offset points",
                va="center", fontsize=9,
            )  # fmt: skip
        name_rows(axes, [name for name, _ in rankings])
        _percent_axis(axes, "x")
        axes.set_xlim(0, 1.18 * max(captured.high or captured.value for _, captured in rankings) or 1.0)

    holdout = evaluation.holdout
    return Chart(
        f"Share of {holdout.gain_unit} captured in the top {holdout.capacity:.0%} of the list (95% intervals)",
        ", ".join(f"{name} {captured.value:.1%}" for name, captured in rankings),
        draw,
        0.8 + 0.3 * len(rankings),
    )


def advantage_chart(evaluation: Evaluation) -> Chart | None:
    """Return the model's advantage over each baseline at capacity, with intervals; None without any."""
    baselines = sorted(evaluation.baselines, key=_most_first)
    compared = [(baseline, baseline.advantage) for baseline in baselines if baseline.advantage]
    if not compared:
        return None

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.axvline(0, color=INK, linewidth=0.8)
        for place, (_, advantage) in enumerate(compared):
            draw_interval(axes, place, advantage, ACCENT)
        name_rows(axes, [baseline.short_name for baseline, _ in compared])
        _percent_axis(axes, "x", signed=True)
        axes.set_xlabel(f"share of all {evaluation.holdout.gain_unit}")

    return Chart(
        f"Advantage of the model in {evaluation.holdout.gain_unit} captured (significant when the 95% interval is "
        "right of zero)",
        ", ".join(f"{baseline.short_name} {advantage.value:+.1%}" for baseline, advantage in compared),
        draw,
        1.1 + 0.3 * len(compared),
    )


def gains_chart(evaluation: Evaluation) -> Chart | None:
    """Return cumulative gains and lift of the model, the best baselines, and the oldest-first order."""
    if not evaluation.cumulative_gains:
        return None
    best = [baseline.name for baseline in sorted(evaluation.baselines, key=_most_first)]
    names = dict.fromkeys([MODEL, *best[: MAX_CURVES - 2], "oldest_first"])
    curves = [curve for name in names for curve in evaluation.cumulative_gains if curve.name == name]
    shown = {baseline.name: baseline.short_name for baseline in evaluation.baselines} | {MODEL: THIS_MODEL}
    worked, capacity, unit = evaluation.worked_shares, evaluation.holdout.capacity, evaluation.holdout.gain_unit
    at_capacity = min(range(len(worked)), key=lambda place: abs(worked[place] - capacity))

    def draw(figure: Figure) -> None:
        gains, lift = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        for curve, (color, style, width) in zip(curves, LOOKS, strict=False):
            look = {"color": color, "linestyle": style, "linewidth": width}
            gains.plot(worked, curve.captured, label=shown.get(curve.name, curve.name), **look)
            points = [(share, got / share) for share, got in zip(worked, curve.captured, strict=True) if share > 0]
            lift.plot(*zip(*points, strict=True), **look)
        for axes in (gains, lift):
            axes.axvline(capacity, color=QUIET, linewidth=0.8, linestyle=":")
            axes.grid(color=LINE, linewidth=0.6)
        gains.set_ylim(0, 1)
        gains.set_ylabel(f"share of {unit}")
        gains.legend(loc="lower right")
        lift.axhline(1, color=QUIET, linewidth=0.8)
        lift.set_xlim(0, 1)
        lift.set_ylim(bottom=0)
        lift.set_ylabel("lift")
        lift.set_xlabel("share of the list worked")
        _percent_axis(gains, "y")
        _percent_axis(lift, "x")

    return Chart(
        f"Cumulative gains: share of {unit} by share of the list worked; and lift over random order",
        "; ".join(
            f"{shown.get(curve.name, curve.name)}: {curve.captured[at_capacity]:.0%} in the top "
            f"{worked[at_capacity]:.0%}"
            for curve in curves
        ),
        draw,
        5.6,
    )


def calibration_chart(evaluation: Evaluation) -> Chart | None:
    """Return predicted probability vs. actual rate by decile, with intervals; None without probabilities."""
    deciles = evaluation.calibration
    if not deciles:
        return None
    highest = max(max(decile.predicted, decile.actual.high or decile.actual.value) for decile in deciles)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        end = 1.05 * highest
        axes.grid(color=LINE, linewidth=0.6)
        axes.plot([0, end], [0, end], color=QUIET, linewidth=1, linestyle="--", label="predicted = actual")
        axes.errorbar(
            [decile.predicted for decile in deciles], [decile.actual.value for decile in deciles],
            yerr=list(zip(*(interval_reach(decile.actual) for decile in deciles), strict=True)),
            color=ACCENT, marker="o", markersize=5, capsize=3, linestyle="none", label="deciles, 95% intervals",
        )  # fmt: skip
        axes.set_xlim(0, end)
        axes.set_ylim(0, end)
        axes.set_xlabel("predicted probability")
        axes.set_ylabel("actual rate")
        axes.legend(loc="upper left")
        _percent_axis(axes, "x")
        _percent_axis(axes, "y")

    return Chart(
        "Predicted vs. actual, by decile of the predicted probability",
        ", ".join(f"{decile.predicted:.0%} predicted, {decile.actual.value:.0%} actual" for decile in deciles),
        draw,
        4.6,
    )


def slices_chart(evaluation: Evaluation) -> Chart | None:
    """Return the model's advantage over the best baseline within each slice; None without slices."""
    best = evaluation.best_baseline
    slices = [part for part in evaluation.slices if best is not None and best.name in part.advantage]
    if best is None or not slices:
        return None
    dimensions = dict.fromkeys(part.dimension for part in slices)
    colors = {name: SLICE_COLORS[place % len(SLICE_COLORS)] for place, name in enumerate(dimensions)}

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.axvline(0, color=INK, linewidth=0.8)
        for place, part in enumerate(slices):
            draw_interval(axes, place, part.advantage[best.name], colors[part.dimension])
        name_rows(axes, [f"{part.dimension}: {part.name}" for part in slices])
        _percent_axis(axes, "x", signed=True)
        axes.set_xlabel(f"share of the slice's {evaluation.holdout.gain_unit}")

    return Chart(
        f"Advantage over the best baseline ({best.short_name}), by slice (95% intervals)",
        ", ".join(f"{part.dimension} {part.name} {part.advantage[best.name].value:+.1%}" for part in slices),
        draw,
        1.1 + 0.25 * len(slices),
    )


def importance_chart(evaluation: Evaluation, count: int) -> Chart | None:
    """Return the `count` most important features as bars; None when importance was not measured."""
    top = evaluation.importance[:count]
    if not top or top[0].contribution <= 0:
        return None

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, importance in enumerate(top):
            _bar(axes, place, importance.contribution, BAR)
            axes.annotate(
                f"{importance.contribution:.3f}", (importance.contribution, place), (4, 0),
                textcoords="offset points", va="center", fontsize=9,
            )  # fmt: skip
        name_rows(axes, [importance.feature.replace("_", " ") for importance in top])
        axes.set_xlim(0, 1.18 * top[0].contribution)
        axes.set_xlabel("log-odds")

    return Chart(
        "Mean absolute SHAP contribution",
        ", ".join(f"{feature.feature.replace('_', ' ')} {feature.contribution:.3f}" for feature in top),
        draw,
        1.0 + 0.27 * len(top),
    )


def _bar(axes: Axes, place: float, value: float, color: str) -> None:
    axes.barh([place], [max(value, 0.0)], height=0.62, color=color)


def _percent_axis(axes: Axes, which: str, *, signed: bool = False) -> None:
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter("{x:+.0%}" if signed else "{x:.0%}")


def _most_first(baseline: Baseline) -> tuple[float, str]:
    captured = baseline.metrics.get("captured")
    return (float("inf") if captured is None else -captured.value), baseline.name
