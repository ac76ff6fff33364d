"""The fairness audit as a picture: by group who is listed, and whether what was promised came true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Evaluation
from payrank.models.records.fairness import SUPPRESSED, GroupMetrics
from payrank.training.plots.picture import BLUE, GRAY, ORANGE, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDEST_NAME = 30


def draw_fairness(evaluation: Evaluation, file: Path) -> None:
    """Draw each group's share listed, and what happened beside what was promised, with 95 % intervals.

    Groups under 11 people were joined before anything was counted; "not told" stands where a figure would tell of fewer
    than 11. Nothing is drawn where nothing was checked.
    """
    audits = evaluation.fairness.attributes
    if not audits:
        return
    groups = [(audit.attribute.replace("_", " "), one) for audit in audits for one in audit.groups]
    with panels(file, 10, 1.6 + 0.3 * (len(groups) + len(audits)), 2) as (left, right):
        _draw_listed(left, groups, evaluation.holdout.capacity)
        _draw_calibration(right, groups)
        names = [_name(attribute, one) for attribute, one in groups]
        left.set_yticks(_places(groups), names, fontsize=8)
        right.set_yticks(_places(groups), [""] * len(groups))
        for axes in (left, right):
            axes.set_ylim(_places(groups)[-1] + 0.6, -0.6)  # the same for both, whatever is not told
            axes.xaxis.set_major_formatter("{x:.0%}")
            axes.set_xlim(left=0)


def _places(groups: list[tuple[str, GroupMetrics]]) -> list[float]:
    """Return where each group is drawn: a gap before each attribute."""
    places, attribute, place = [], groups[0][0], 0.0
    for name, _ in groups:
        place += 1.0 if name != attribute else 0.0
        attribute = name
        places.append(place)
        place += 1.0
    return places


def _name(attribute: str, group: GroupMetrics) -> str:
    name = f"{attribute}: {group.group}"
    short = name if len(name) <= WIDEST_NAME else name[: WIDEST_NAME - 1] + "\u2026"
    return f"{short}  ({group.rows:,})".replace("$", r"\$")  # else dollars begin a formula


def _draw_listed(axes: Axes, groups: list[tuple[str, GroupMetrics]], capacity: float) -> None:
    told = []
    for place, (_, one) in zip(_places(groups), groups, strict=True):
        share = one.shares["listed"]
        _whisker(axes, place, share)
        if share is not None:
            told.append((one.rows, share.value))
    if told:
        whole = sum(rows * share for rows, share in told) / sum(rows for rows, _ in told)
        label = "all rows" if len(told) == len(groups) else "groups told"
        axes.axvline(whole, color="black", linewidth=0.8, linestyle=":", label=label)
        axes.legend(frameon=False, fontsize=8, loc="best")
    axes.set_xlabel("share of the group's rows, 95 %")
    axes.set_title(f"Who is in the top {capacity:.0%} of the list", fontsize=10, loc="left")


def _draw_calibration(axes: Axes, groups: list[tuple[str, GroupMetrics]]) -> None:
    unnamed = "happened, 95 %"
    for number, (place, (_, one)) in enumerate(zip(_places(groups), groups, strict=True)):
        _whisker(axes, place, one.actual, unnamed)
        unnamed = "" if one.actual is not None else unnamed
        axes.plot(
            [one.predicted], [place], color=ORANGE, marker="|", markersize=14, markeredgewidth=2.5, linestyle="none",
            label="promised" if not number else "",
        )  # fmt: skip
    axes.set_xlabel("share with the outcome")
    axes.set_title("Does what was promised come true?", fontsize=10, loc="left")
    axes.legend(frameon=False, fontsize=8, loc="best")


def _whisker(axes: Axes, place: float, figure: Estimate | None, label: str = "") -> None:
    if figure is None:
        axes.text(0.01, place, SUPPRESSED, transform=axes.get_yaxis_transform(), color=GRAY, fontsize=8, va="center")
        return
    low = figure.value if figure.low is None else figure.low
    high = figure.value if figure.high is None else figure.high
    reach = [[max(figure.value - low, 0.0)], [max(high - figure.value, 0.0)]]
    axes.errorbar(
        [figure.value], [place], xerr=reach, color=BLUE, ecolor=GRAY, marker="o", capsize=3, linestyle="none",
        label=label,
    )  # fmt: skip
