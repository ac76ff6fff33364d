"""The temporal design of a training as a picture: what was fitted, what waited for its label, what was predicted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from payrank.models.manifest import Manifest, Period, Window, Windows
from payrank.training.plots.picture import BLUE, GRAY, GREEN, ORANGE, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PURPLE = "#6a4c93"
ROLES = {"tuning": (GRAY, "chose trees and settings"), "holdout": (ORANGE, "holdout"), "final": (PURPLE, "final test")}
NAMES = {"tuning": "tuning", "holdout": "holdout", "final": "final test"}
SHORTEST = 6.0
"""Days that a bar has at least, so that one snapshot can be seen."""


def draw_design(manifest: Manifest, file: Path) -> None:
    """Draw the design of a training into a PNG: one line a period, and one for the served fit."""
    windows = manifest.windows
    lines = len(windows.periods) + 1
    with picture(file, 9.5, 1.9 + 0.5 * lines) as axes:
        for place, period in enumerate(windows.periods):
            _draw_period(axes, place, period)
        _draw_wait(axes, lines - 1, windows.fitted.last, manifest.as_of)
        _bar(axes, lines - 1, windows.fitted, GREEN)
        axes.set_yticks(range(lines), [*_names(windows.periods), "served model"])
        axes.set_ylim(lines - 0.4, -1.0)
        trained = _day(manifest.as_of)
        axes.axvline(trained, color="black", linewidth=1)
        axes.text(trained, -0.75, "trained ", ha="right", va="center", fontsize=8)
        axes.set_xlim(_day(windows.fitted.first) - 8, trained + 8)
        axes.xaxis_date()
        axes.set_xlabel("day of the snapshot")
        axes.set_title(_title(windows), fontsize=10, loc="left")
        _legend(axes, windows)


def _names(periods: tuple[Period, ...]) -> list[str]:
    names, holdout = [], 0
    for period in periods:
        holdout += period.role == "holdout"
        names.append(f"holdout {holdout}" if period.role == "holdout" else NAMES[period.role])
    return names


def _title(windows: Windows) -> str:
    told = f"Fitted on what was known, predicted what came later: a label is known {windows.label_lag_days} days on"
    kept = windows.reserved
    if kept is None:
        return told
    return (
        f"{told}\nThe final test judges {kept.households:,} of {kept.of_households:,} households, drawn by a hash; "
        "its fit saw none of them"
    )


def _draw_period(axes: Axes, place: int, period: Period) -> None:
    _bar(axes, place, period.fitted, BLUE, inside=True)
    _draw_wait(axes, place, period.fitted.last, period.predicted.first)
    _bar(axes, place, period.predicted, ROLES[period.role][0])


def _draw_wait(axes: Axes, place: int, start: date, end: date) -> None:
    width = _day(end) - _day(start)
    axes.barh(
        place, width, left=_day(start), color="white", edgecolor=GRAY, height=0.6, hatch="///", linewidth=0.5, zorder=0
    )


def _bar(axes: Axes, place: int, span: Window, color: str, *, inside: bool = False) -> None:
    start, width = _day(span.first), max(_day(span.last) - _day(span.first), SHORTEST)
    axes.barh(place, width, left=start, color=color, height=0.6)
    where, ink = (start + 4, "white") if inside else (start + width + 3, "black")
    told = axes.text(where, place, f"{span.rows:,} rows", ha="left", va="center", fontsize=7, color=ink)
    if not inside:
        told.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.8})


def _legend(axes: Axes, windows: Windows) -> None:
    from matplotlib.patches import Patch  # noqa: PLC0415 - late: a second of imports

    roles = [ROLES[role] for role in ROLES if any(period.role == role for period in windows.periods)]
    handles = [Patch(color=BLUE, label="fitted")]
    handles.append(Patch(facecolor="white", edgecolor=GRAY, hatch="///", label="label not yet known"))
    handles += [Patch(color=color, label=label) for color, label in roles]
    handles.append(Patch(color=GREEN, label="served fit"))
    axes.figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8, frameon=False)


def _day(when: date) -> float:
    from matplotlib.dates import date2num  # noqa: PLC0415 - late: a second of imports

    number: Callable[[object], float] = date2num  # Matplotlib leaves it untyped
    return float(number(when))
