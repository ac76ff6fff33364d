"""Charts drawn once with Matplotlib: as SVG inside the model card, and as PNG files next to a training run.

Matplotlib is imported when a chart is drawn, not before: the nightly run shows no chart and needs no Matplotlib.
"""

from __future__ import annotations

import io
import re
import textwrap
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from payrank.extracts.optional import require
from payrank.models.records.estimate import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET, LINE = "#14222a", "#50616b", "#d5dcdf"
ACCENT, BAR, WARN = "#0e5563", "#3b8292", "#6a3f00"
COLORS = {INK: "ink", QUIET: "quiet", LINE: "line", ACCENT: "accent", BAR: "bar", WARN: "warn"}
"""The light theme's colors, and the CSS variables that take their place on a page."""
WIDTH = 5.4
"""Width of a chart in inches. With 10-point text it stays legible on a phone."""
_STYLE = {
    "axes.edgecolor": QUIET,
    "axes.labelcolor": QUIET,
    "axes.prop_cycle": f"cycler('color', {[ACCENT, BAR, WARN, QUIET]})",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10.0,
    "legend.fontsize": 9.0,
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text: it takes the page's font and color
    "svg.hashsalt": "payrank",  # else every drawing has other IDs
    "text.color": INK,
    "text.parse_math": False,  # else a dollar sign in a name would start a formula
    "xtick.color": QUIET,
    "ytick.color": QUIET,
}


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart that can be drawn: `draw` fills an empty figure of `width` x `height` inches.

    `description` says in words what the chart shows, for readers who cannot see it.
    """

    title: str
    description: str
    draw: Callable[[Figure], None]
    height: float
    width: float = WIDTH


@contextmanager
def _figure(chart: Chart) -> Iterator[Figure]:
    """Draw a chart in a new figure, without pyplot's shared state."""
    matplotlib = require("matplotlib", extra="train", needed_for="a chart")
    with matplotlib.rc_context(_STYLE):
        figure = require("matplotlib.figure", extra="train").Figure(
            figsize=(chart.width, chart.height), layout="constrained"
        )
        chart.draw(figure)
        yield figure


def write_png(chart: Chart, file: Path) -> None:
    """Draw a chart with its title into a PNG file. The same chart always gives the same bytes.

    Raises
    ------
    WrongUsageError
        When Matplotlib is not installed.
    """
    with _figure(chart) as figure:
        columns = int(chart.width * 15)
        figure.suptitle("\n".join(textwrap.wrap(chart.title, columns)), fontsize=10, x=0.01, ha="left")
        figure.savefig(file, dpi=120, metadata={"Software": None})  # without the version of Matplotlib


def render_svg(chart: Chart, key: str) -> str:
    """Return a chart as an SVG element to place inside an HTML page.

    The page's content security policy blocks style attributes, so each becomes a presentation attribute, or for the
    colors of `COLORS` a class such as `fill-ink`, which the stylesheet of the card sets for light and dark mode.

    Parameters
    ----------
    key
        Unique on the page; the element's IDs start with it.

    Raises
    ------
    WrongUsageError
        When Matplotlib is not installed.
    """
    with _figure(chart) as figure:
        figure.patch.set_visible(False)
        for axes in figure.axes:
            axes.patch.set_visible(False)
        content = io.BytesIO()
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    root = ET.fromstring(content.getvalue())  # noqa: S314 - as above
    return _clean(root, chart, key)


def _clean(root: ET.Element, chart: Chart, key: str) -> str:
    """Return the SVG without namespaces, metadata, style attributes, and IDs that nothing refers to."""
    svg = ET.Element("svg", {"class": "chart", "viewBox": root.attrib["viewBox"], "role": "img"})
    svg.attrib |= {"aria-labelledby": f"{key}-title", "aria-describedby": f"{key}-description"}
    ET.SubElement(svg, "title", {"id": f"{key}-title"}).text = chart.title
    ET.SubElement(svg, "desc", {"id": f"{key}-description"}).text = chart.description
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', ET.tostring(root, encoding="unicode")))
    for child in root:
        if _name(child.tag) not in {"metadata", "style"}:
            svg.append(_copy(child, used, key))
    return ET.tostring(svg, encoding="unicode")


def _name(tag: str) -> str:
    """Return a tag or attribute without its XML namespace."""
    return tag.rpartition("}")[2]


def _copy(element: ET.Element, used: set[str], key: str) -> ET.Element:
    copied = ET.Element(_name(element.tag))
    copied.text = element.text.strip() or None if element.text else None
    for name, value in element.attrib.items():
        plain = _name(name)
        if plain == "style":
            copied.attrib |= _presentation(value)
        elif plain == "id":
            copied.attrib |= {"id": f"{key}-{value}"} if value in used else {}
        elif plain == "href":
            copied.attrib["href"] = f"#{key}-{value.removeprefix('#')}"
        else:
            copied.attrib[plain] = re.sub(r"url\(#([^)]+)\)", rf"url(#{key}-\1)", value)
    for child in element:
        if _name(child.tag) not in {"style", "metadata"}:
            copied.append(_copy(child, used, key))
    return copied


def _presentation(style: str) -> dict[str, str]:
    """Return a style as attributes, with the palette's colors as classes.

    >>> _presentation("fill: none; stroke: #14222a; stroke-width: 0.8")
    {'fill': 'none', 'stroke-width': '0.8', 'class': 'stroke-ink'}
    >>> _presentation("font-size: 10px; font-family: 'DejaVu Sans', sans-serif; text-anchor: middle; fill: #14222a")
    {'font-size': '10px', 'text-anchor': 'middle', 'class': 'fill-ink'}
    """
    attributes, classes = {}, []
    for declaration in style.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":  # how older versions of Matplotlib write size and family
            name, value = "font-size", next(iter(re.findall(r"[\d.]+px", value)), "10px")
        if name in {"fill", "stroke"} and value in COLORS:
            classes.append(f"{name}-{COLORS[value]}")
        elif name and name != "font-family":
            attributes[name] = value
    return attributes | ({"class": " ".join(classes)} if classes else {})


def draw_interval(axes: Axes, place: float, estimate: Estimate, color: str, *, label: str = "") -> None:
    """Draw a value with its 95% interval at a height of a chart whose values run along the x axis."""
    below, above = interval_reach(estimate)
    axes.errorbar(
        [estimate.value], [place], xerr=[[below], [above]], color=color, marker="o", markersize=4.5, capsize=3,
        linestyle="none", label=label,
    )  # fmt: skip


def interval_reach(estimate: Estimate) -> tuple[float, float]:
    """Return how far the interval extends below and above the value; 0 without an interval."""
    low = estimate.value if estimate.low is None else estimate.low
    high = estimate.value if estimate.high is None else estimate.high
    return max(estimate.value - low, 0.0), max(high - estimate.value, 0.0)


def name_rows(axes: Axes, names: list[str], *, longest: int = 34) -> None:
    """Label the rows of a chart from top to bottom, and keep its x axis to a few ticks."""
    shown = [name if len(name) <= longest else name[: longest - 1] + "\u2026" for name in names]
    axes.set_yticks(range(len(shown)), shown, fontsize=9)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=5)
