"""The charts of a model card, as places to draw at: an SVG needs no arithmetic of its own."""

from __future__ import annotations

from dataclasses import dataclass

from payrank.models.records.evaluation import Evaluation

WIDTH = 460
LEFT, RAIL = 180, 200
STEP = 24
SIDE, PAD = 300, 40
CURVES = 4
ENDS = (0.04, 0.08, 0.12, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Where an axis of shares may end, so that its quarters are round."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: label, what is written behind it, its width, and the ends of its whisker (None: no interval).

    `mark` is where a line is drawn across the bar to compare it with; None draws none.
    """

    label: str
    shown: str
    y: float
    width: float
    low: float | None = None
    high: float | None = None
    own: bool = False
    mark: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points `x,y x,y ...`, with a name at `y` of its last point and a style from 0."""

    label: str
    points: str
    style: int


@dataclass(frozen=True, slots=True)
class Dot:
    """A point with the ends of its vertical interval."""

    x: float
    y: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: bars, or a square with curves and dots. `told` says it in words for those who do not see it."""

    name: str
    told: str
    width: float
    height: float
    bars: tuple[Bar, ...] = ()
    curves: tuple[Curve, ...] = ()
    dots: tuple[Dot, ...] = ()
    across: str = ""
    up: str = ""
    ticks: tuple[tuple[float, float, str], ...] = ()


def captured_chart(holdout: Evaluation) -> Chart | None:
    """Return what each ranking captures at capacity, with intervals; None where nothing was gained."""
    own = holdout.metrics.get("captured")
    if own is None:
        return None
    found = [("this model", own)] + [
        (one.short_name, one.metrics["captured"]) for one in holdout.baselines if "captured" in one.metrics
    ]
    found.sort(key=lambda one: (-one[1].value, one[0]))
    most = max([figure.high or figure.value for _, figure in found] + [1e-9])
    bars = tuple(
        Bar(
            label=name,
            shown=f"{figure.value:.1%}",
            y=STEP * place,
            width=round(RAIL * max(figure.value, 0) / most, 1),
            low=None if figure.low is None else round(LEFT + RAIL * max(figure.low, 0) / most, 1),
            high=None if figure.high is None else round(LEFT + RAIL * figure.high / most, 1),
            own=name == "this model",
        )
        for place, (name, figure) in enumerate(found)
    )
    told = ", ".join(f"{bar.label} {bar.shown}" for bar in bars)
    name = f"Share of {holdout.holdout.gain_unit} in the top {holdout.holdout.capacity:.0%} of the list"
    return Chart(name, told, WIDTH, STEP * len(bars) + 4, bars=bars)


def importance_chart(holdout: Evaluation, most: int) -> Chart | None:
    """Return the largest contributions as bars; None where none was measured."""
    found = holdout.importance[:most]
    if not found or found[0].contribution <= 0:
        return None
    bars = tuple(
        Bar(
            one.feature.replace("_", " "),
            f"{one.contribution:.3f}",
            STEP * place,
            round(RAIL * one.contribution / found[0].contribution, 1),
        )
        for place, one in enumerate(found)
    )
    told = ", ".join(f"{bar.label} {bar.shown}" for bar in bars)
    return Chart("Mean absolute contribution (log-odds)", told, WIDTH, STEP * len(bars) + 4, bars=bars)


def gains_chart(holdout: Evaluation) -> Chart | None:
    """Return what working the lists from the top brings: the model and the rankings that capture most."""
    if not holdout.cumulative_gains:
        return None
    order = sorted(
        holdout.baselines, key=lambda one: -one.metrics["captured"].value if "captured" in one.metrics else 1
    )
    names = ["payrank", *[one.name for one in order][: CURVES - 2], "oldest_first"]
    chosen = [one for name in dict.fromkeys(names) for one in holdout.cumulative_gains if one.name == name]
    shorts = {one.name: one.short_name for one in holdout.baselines} | {"payrank": "this model"}
    curves = tuple(
        Curve(
            shorts.get(one.name, one.name),
            " ".join(
                f"{_across(worked)},{_up(share)}"
                for worked, share in zip(holdout.worked_shares, one.captured, strict=True)
            ),
            place,
        )
        for place, one in enumerate(chosen)
    )
    unit = holdout.holdout.gain_unit
    told = "; ".join(f"{curve.label}: {_at(one.captured, holdout)}" for curve, one in zip(curves, chosen, strict=True))
    return Chart(
        f"Share of {unit} by share of the list worked",
        told,
        SIDE + 2 * PAD + 80,
        SIDE + 2 * PAD,
        curves=curves,
        across="share of the list worked",
        up=f"share of {unit}",
        ticks=_ticks(1.0),
    )


def reliability_chart(holdout: Evaluation) -> Chart | None:
    """Return promised against seen, with intervals; None where no probability was judged."""
    if not holdout.calibration:
        return None
    highest = max(max(one.predicted, one.actual.high or one.actual.value) for one in holdout.calibration)
    most = next((end for end in ENDS if end >= highest), 1.0)
    dots = tuple(
        Dot(
            _across(one.predicted / most),
            _up(one.actual.value / most),
            _up((one.actual.high or one.actual.value) / most),
            _up((one.actual.low if one.actual.low is not None else one.actual.value) / most),
        )
        for one in holdout.calibration
    )
    told = ", ".join(f"{one.predicted:.0%} promised, {one.actual.value:.0%} seen" for one in holdout.calibration)
    line = Curve("as promised", f"{_across(0)},{_up(0)} {_across(1)},{_up(1)}", 9)
    return Chart(
        "Promised and seen, by tenths of the rows",
        told,
        SIDE + 2 * PAD + 80,
        SIDE + 2 * PAD,
        curves=(line,),
        dots=dots,
        across="promised probability",
        up="share that happened",
        ticks=_ticks(most),
    )


def _at(captured: tuple[float, ...], holdout: Evaluation) -> str:
    place = min(
        range(len(holdout.worked_shares)), key=lambda one: abs(holdout.worked_shares[one] - holdout.holdout.capacity)
    )
    return f"{captured[place]:.0%} in the top {holdout.worked_shares[place]:.0%}"


def _across(share: float) -> float:
    return round(PAD + 10 + SIDE * share, 1)


def _up(share: float) -> float:
    return round(PAD / 2 + SIDE * (1 - min(share, 1.0)), 1)


def _ticks(most: float) -> tuple[tuple[float, float, str], ...]:
    return tuple((_across(share), _up(share), f"{share * most:.0%}") for share in (0, 0.25, 0.5, 0.75, 1))
