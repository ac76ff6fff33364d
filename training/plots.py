"""Pictures of a training: its design, its calibration, its gains, and what drives it. No id and no name in any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.design_picture import draw_design
from training.evaluate import amounts_known, gains, lists_of, reliability
from training.figures import expected_worth
from training.out_of_time import OutOfTime
from training.picture import BLUE, GREEN, GREY, ORANGE, picture
from training.shap_plots import draw_drivers
from training.train import Trained

Floats = NDArray[np.float64]


PICTURES = ("design", "calibration", "gains", "importance", "shap_beeswarm")


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
        Name to file: `design`, `calibration`, `gains`, `importance`, `shap_beeswarm`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}.png" for name in PICTURES}
    draw_design(trained.bundle.manifest, files["design"])
    _draw_calibration(trained, files["calibration"])
    _draw_gains(trained, files["gains"])
    draw_drivers(trained.bundle, trained.fitted, files["importance"], files["shap_beeswarm"])
    return files


def _draw_calibration(trained: Trained, file: Path) -> None:
    found = trained.found
    label, probability = found.label[found.judged], found.probability[found.judged]
    bins = reliability(label, probability)
    promised = np.array([one[1] for one in bins])
    seen = np.array([one[2] for one in bins])
    error = 1.96 * np.sqrt(np.maximum(seen * (1 - seen), 1e-9) / np.array([one[0] for one in bins]))
    most = float(max(promised.max(), (seen + error).max())) * 1.05
    with picture(file, 5.5, 5) as axes:
        axes.plot([0, most], [0, most], color=GREY, linewidth=1, label="as promised")
        axes.errorbar(
            promised, seen, yerr=error, color=BLUE, marker="o", capsize=3, label="tenths of the judged rows, 95 %"
        )
        axes.set_xlim(0, most)
        axes.set_ylim(0, most)
        axes.set_xlabel("promised probability")
        axes.set_ylabel("share that happened")
        axes.legend(frameon=False, loc="upper left", fontsize=8)
        ece = trained.bundle.manifest.metrics["ece"]
        axes.set_title(f"Calibration on later time: mean gap {ece:.3f}", fontsize=10, loc="left")


def _draw_gains(trained: Trained, file: Path) -> None:
    found, rows = trained.found, trained.later[trained.found.judged]
    gain = gains(rows)
    nights = lists_of(rows, found.period[found.judged])
    unit = "recovered dollars" if amounts_known(rows) else "outcomes"
    with picture(file, 6.5, 5) as axes:
        for name, worth, colour, style in _rankings(rows, found):
            worked, captured = gains_curve(nights, worth, gain)
            axes.plot(worked, captured, color=colour, linestyle=style, label=name)
        axes.axvline(0.2, color="black", linewidth=0.8, linestyle=":")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xlabel("share of the list that is worked")
        axes.set_ylabel(f"share of {unit} in it")
        axes.legend(frameon=False, loc="lower right", fontsize=8)
        axes.set_title(f"What working the top of the list brings, in {unit}", fontsize=10, loc="left")


def _rankings(rows: pd.DataFrame, found: OutOfTime) -> list[tuple[str, Floats, str, str]]:
    worth = expected_worth(rows, found)
    drawn = [("payrank", worth, BLUE, "-")]
    looks = {"largest_first": (ORANGE, "--"), "oldest_first": (GREY, "--"), "logistic": (GREEN, ":")}
    drawn += [
        (name.replace("_", " "), found.baselines[name].worth, *look)
        for name, look in looks.items()
        if name in found.baselines
    ]
    return drawn


def gains_curve(nights: NDArray[np.intp], worth: Floats, gain: Floats) -> tuple[Floats, Floats]:
    """Return the share of all gain that the first share of each list holds, for shares from 0 to 1.

    >>> worked, captured = gains_curve(np.zeros(4, dtype=np.intp), np.array([4.0, 3, 2, 1]), np.array([6.0, 2, 2, 0]))
    >>> [float(captured[np.searchsorted(worked, share)]) for share in (0.25, 0.5, 1.0)]
    [0.6, 0.8, 1.0]
    """
    place = np.empty(len(worth))
    for night in np.unique(nights):
        here = np.flatnonzero(nights == night)
        order = np.argsort(-np.nan_to_num(worth[here], nan=-np.inf), kind="stable")
        place[here[order]] = np.arange(1, len(here) + 1) / len(here)
    worked = np.linspace(0, 1, 101)
    sorted_places = np.argsort(place, kind="stable")
    running = np.concatenate([[0.0], np.cumsum(gain[sorted_places])])
    captured = running[np.searchsorted(place[sorted_places], worked + 1e-12, side="right")] / max(gain.sum(), 1e-12)
    return worked, captured
