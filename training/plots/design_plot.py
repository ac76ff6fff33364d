"""Draws the temporal design of a training run: what was fitted, what waited for its label, and what was predicted."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from payrank.extracts.optional import require
from payrank.models.card.figure import ACCENT, BAR, INK, LINE, QUIET, WARN, Chart, write_png
from payrank.models.manifest import Manifest, Period, Window, Windows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROLES = {"tuning": (QUIET, "tuning"), "holdout": (WARN, "holdout"), "final": (INK, "final test")}
"""Color and label of each role of a period."""
MIN_BAR_DAYS = 6.0
"""Every bar is at least this long, so that a single snapshot is visible."""


def draw_design(manifest: Manifest, file: Path) -> None:
    """Draw the design of a training run into a PNG file: one bar per period, and one for the served fit.

    Raises
    ------
    WrongUsageError
        If Matplotlib is not installed.
    """
    write_png(design_chart(manifest), file)


def design_chart(manifest: Manifest) -> Chart:
    """Return the chart of the design."""
    windows = manifest.windows
    return Chart(
        title=_title(windows),
        description=_describe(windows),
        draw=partial(_draw, manifest),
        height=1.9 + 0.5 * (len(windows.periods) + 1),
        width=9.5,
    )


def _title(windows: Windows) -> str:
    title = f"Each fit uses labels known before its period (after {windows.label_lag_days} days)."
    reserved = windows.reserved
    if reserved is None:
        return title
    return f"{title} Final test: {reserved.households:,} of {reserved.of_households:,} households, unseen by its fit."


def _describe(windows: Windows) -> str:
    periods = "; ".join(
        f"{name}: fitted {period.fitted.first} to {period.fitted.last}, predicted {period.predicted.first} to "
        f"{period.predicted.last}"
        for name, period in zip(_name_periods(windows.periods), windows.periods, strict=True)
    )
    return f"{periods}; served model: fitted {windows.fitted.first} to {windows.fitted.last}."


def _draw(manifest: Manifest, figure: Figure) -> None:
    windows, axes = manifest.windows, figure.add_subplot()
    last_line = len(windows.periods)
    for line, period in enumerate(windows.periods):
        _draw_bar(axes, line, period.fitted, BAR, text_inside=True)
        _draw_wait(axes, line, period.fitted.last, period.predicted.first)
        _draw_bar(axes, line, period.predicted, ROLES[period.role][0])
    _draw_wait(axes, last_line, windows.fitted.last, manifest.as_of)
    _draw_bar(axes, last_line, windows.fitted, ACCENT)
    axes.set_yticks(range(last_line + 1), [*_name_periods(windows.periods), "served model"])
    axes.set_ylim(last_line + 0.6, -1.0)
    as_of = _day_number(manifest.as_of)
    axes.axvline(as_of, color=INK, linewidth=1)
    axes.text(as_of, -0.75, "training day ", ha="right", va="center", fontsize=8)
    axes.set_xlim(_day_number(windows.fitted.first) - 8, as_of + 8)
    axes.xaxis_date()
    axes.set_xlabel("day of the snapshot")
    _draw_legend(figure, windows)


def _name_periods(periods: tuple[Period, ...]) -> list[str]:
    names, holdouts = [], 0
    for period in periods:
        holdouts += period.role == "holdout"
        names.append(f"holdout {holdouts}" if period.role == "holdout" else ROLES[period.role][1])
    return names


def _draw_wait(axes: Axes, line: int, start: date, end: date) -> None:
    left = _day_number(start)
    width = _day_number(end) - left
    axes.barh(line, width, left=left, color="white", edgecolor=LINE, height=0.6, hatch="///", linewidth=0.5, zorder=0)


def _draw_bar(axes: Axes, line: int, window: Window, color: str, *, text_inside: bool = False) -> None:
    left = _day_number(window.first)
    width = max(_day_number(window.last) - left, MIN_BAR_DAYS)
    axes.barh(line, width, left=left, color=color, height=0.6)
    place, text_color = (left + 4, "white") if text_inside else (left + width + 3, INK)
    text = axes.text(place, line, f"{window.rows:,} rows", ha="left", va="center", fontsize=7, color=text_color)
    if not text_inside:
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.8})


def _draw_legend(figure: Figure, windows: Windows) -> None:
    patch = require("matplotlib.patches", extra="train").Patch
    roles = [ROLES[role] for role in ROLES if any(period.role == role for period in windows.periods)]
    handles = [
        patch(color=BAR, label="fitted"),
        patch(facecolor="white", edgecolor=LINE, hatch="///", label="label not yet known"),
        *(patch(color=color, label=label) for color, label in roles),
        patch(color=ACCENT, label="served fit"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8)


def _day_number(day: date) -> float:
    return float(require("matplotlib.dates", extra="train").date2num(day))
