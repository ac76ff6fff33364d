"""Pictures of a training: its design, how good it is, for whom, and what drives it. No id and no name in any."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Baseline, Evaluation
from payrank.training.evaluation import MODEL
from payrank.training.plots.design_plot import draw_design
from payrank.training.plots.fairness_plot import draw_fairness
from payrank.training.plots.picture import BLUE, GRAY, GREEN, ORANGE, panels, picture
from payrank.training.plots.shap_plots import draw_drivers
from payrank.training.train import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICTURES = ("design", "calibration", "gains", "captured", "slices", "fairness", "importance", "shap_beeswarm")
LOOKS = ((BLUE, "-"), (GREEN, ":"), (ORANGE, "--"), (GRAY, "--"))
"""Of the model, the two rankings that capture most, and the oldest first."""


def draw_plots(trained: Trained, folder: Path) -> dict[str, Path]:
    """Draw every picture of a training as a PNG.

    Parameters
    ----------
    trained
        What `train` returned.
    folder
        Where the files go; made when absent.

    Returns
    -------
    dict
        Name to file, as `PICTURES`; without any gain `gains`, `captured` and `slices` are left out, without an audit
        `fairness`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}.png" for name in PICTURES}
    evaluation = trained.bundle.manifest.evaluation
    draw_design(trained.bundle.manifest, files["design"])
    draw_calibration(evaluation, files["calibration"])
    if evaluation.cumulative_gains:
        draw_gains(evaluation, files["gains"])
        draw_captured(evaluation, files["captured"])
        draw_slices(evaluation, files["slices"])
    draw_fairness(evaluation, files["fairness"])
    draw_drivers(trained.bundle, trained.fitted, files["importance"], files["shap_beeswarm"])
    return {name: file for name, file in files.items() if file.is_file()}


def draw_calibration(evaluation: Evaluation, file: Path) -> None:
    """Draw what was promised against what happened, with intervals over households."""
    promised = np.array([one.predicted for one in evaluation.calibration])
    seen = np.array([one.actual.value for one in evaluation.calibration])
    reach = np.array([_reach(one.actual) for one in evaluation.calibration]).T
    most = float(max(promised.max(), (seen + reach[1]).max())) * 1.05
    with picture(file, 5.5, 5) as axes:
        axes.plot([0, most], [0, most], color=GRAY, linewidth=1, label="as promised")
        axes.errorbar(promised, seen, yerr=reach, color=BLUE, marker="o", capsize=3, label="tenths of the rows, 95 %")
        axes.set_xlim(0, most)
        axes.set_ylim(0, most)
        axes.xaxis.set_major_formatter("{x:.0%}")
        axes.yaxis.set_major_formatter("{x:.0%}")
        axes.set_xlabel("promised probability")
        axes.set_ylabel("share that happened")
        axes.legend(frameon=False, loc="upper left", fontsize=8)
        ece = evaluation.metrics["ece"].value
        axes.set_title(f"Calibration on later time: mean gap {ece:.3f}", fontsize=10, loc="left")


def draw_gains(evaluation: Evaluation, file: Path) -> None:
    """Draw gains and lift: what the top of the list holds, for the model and the strongest other rankings."""
    unit, capacity = evaluation.holdout.gain_unit, evaluation.holdout.capacity
    best = sorted((one for one in evaluation.baselines if "captured" in one.metrics), key=_captured_first)
    names = [MODEL, *[one.name for one in best if one.name != "oldest_first"][:2], "oldest_first"]
    curves = {one.name: one.captured for one in evaluation.cumulative_gains}
    shorts = {one.name: one.short_name for one in evaluation.baselines} | {MODEL: "this model"}
    chosen = [name for name in names if name in curves]
    with panels(file, 11, 5, 2) as (gained, lifted):
        for name, (color, style) in zip(chosen, LOOKS, strict=False):
            share, captured = np.array(evaluation.worked_shares), np.array(curves[name])
            some = share > 0
            gained.plot(share, captured, color=color, linestyle=style, label=shorts[name])
            lifted.plot(share[some], captured[some] / share[some], color=color, linestyle=style)
        for axes in (gained, lifted):
            axes.axvline(capacity, color="black", linewidth=0.8, linestyle=":")
            axes.xaxis.set_major_formatter("{x:.0%}")
            axes.set_xlabel("share of the list that is worked")
            axes.set_xlim(0, 1)
        gained.yaxis.set_major_formatter("{x:.0%}")
        gained.set_ylim(0, 1)
        gained.set_ylabel(f"share of {unit} in it")
        gained.legend(frameon=False, loc="lower right", fontsize=8)
        gained.set_title(f"Gains: what working the top of the list brings, in {unit}", fontsize=10, loc="left")
        lifted.axhline(1, color=GRAY, linewidth=0.8)
        lifted.set_ylim(bottom=0)
        lifted.set_title(f"Lift: times the {unit} that an order by chance would bring", fontsize=10, loc="left")


def draw_captured(evaluation: Evaluation, file: Path) -> None:
    """Draw how far the model is ahead of each baseline at capacity, with intervals: surely ahead right of zero."""
    found = sorted((one for one in evaluation.baselines if one.advantage is not None), key=_captured_first)
    holdout = evaluation.holdout
    with picture(file, 7.5, 1.4 + 0.32 * len(found)) as axes:
        for place, one in enumerate(found):
            _whisker(axes, place, one.advantage, BLUE)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_yticks(range(len(found)), [one.meaning for one in found], fontsize=8)
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter("{x:+.0%}")
        axes.set_xlabel(f"ahead by this share of all {holdout.gain_unit}, 95 %")
        own = evaluation.metrics["captured"].value
        title = f"In the top {holdout.capacity:.0%} the model captures {own:.0%} of {holdout.gain_unit}"
        axes.set_title(title, fontsize=10, loc="left")


def draw_slices(evaluation: Evaluation, file: Path) -> None:
    """Draw how far the model is ahead of the best baseline within each slice, with intervals."""
    best = evaluation.best_baseline
    found = [one for one in evaluation.slices if best is not None and best.name in one.advantage]
    if best is None or not found:
        return
    colors = dict(zip(dict.fromkeys(one.dimension for one in found), (BLUE, ORANGE, GREEN, GRAY), strict=False))
    with picture(file, 8, 1.4 + 0.27 * len(found)) as axes:
        for place, one in enumerate(found):
            _whisker(axes, place, one.advantage[best.name], colors[one.dimension])
        axes.axvline(0, color="black", linewidth=0.8)
        names = [f"{one.name}  ({one.rows:,})".replace("$", r"\$") for one in found]  # else dollars begin a formula
        axes.set_yticks(range(len(found)), names, fontsize=7)
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter("{x:+.0%}")
        axes.set_xlabel(f"ahead by this share of the slice's {evaluation.holdout.gain_unit}, 95 %")
        axes.set_title(f"By {', '.join(colors)}: ahead of {best.meaning}", fontsize=10, loc="left")


def _captured_first(one: Baseline) -> tuple[float, str]:
    return -one.metrics["captured"].value, one.name


def _reach(figure: Estimate) -> tuple[float, float]:
    """Return how far the interval's ends lie below and above the value."""
    low = figure.value if figure.low is None else figure.low
    high = figure.value if figure.high is None else figure.high
    return max(figure.value - low, 0.0), max(high - figure.value, 0.0)


def _whisker(axes: Axes, place: int, figure: Estimate | None, color: str) -> None:
    if figure is not None:
        below, above = _reach(figure)
        axes.errorbar([figure.value], [place], xerr=[[below], [above]], color=color, marker="o", capsize=3)
