"""One figure to a file, without pyplot's shared state; the colors of all pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GRAY, GREEN = "#1f5a8a", "#d2691e", "#8a8f98", "#3a7d44"


@contextmanager
def picture(file: Path, width: float, height: float) -> Iterator[Axes]:
    """Give the axes of a new figure, in inches; it is saved at the end."""
    with panels(file, width, height, 1) as (axes,):
        yield axes


@contextmanager
def panels(file: Path, width: float, height: float, count: int) -> Iterator[tuple[Axes, ...]]:
    """Give the axes of a new figure's panels, side by side; it is saved at the end."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - late: a second of imports
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    found = tuple(figure.add_subplot(1, count, place + 1) for place in range(count))
    for axes in found:
        axes.spines[["top", "right"]].set_visible(False)
    yield found
    # Without the software's name and version: the same training gives the same bytes.
    figure.savefig(file, dpi=120, metadata={"Software": None})
