"""`payrank models compare|promote|rollback`: which of two models is to be used, and using it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import cast

from payrank.console import STDOUT, Progress, make_table
from payrank.extracts.load.load_extract import load_extract
from payrank.features.check_as_of import check_day
from payrank.models.comparison import VERDICT_MEANINGS, Comparison
from payrank.models.manifest import ModelKind
from payrank.models.records.estimate import Estimate
from payrank.models.registry.aliases import ChampionChange, promote, roll_back
from payrank.models.registry.comparisons import record_comparison
from payrank.models.registry.find_model import ResolvedModel, find_by_name, find_model
from payrank.models.registry.versions import registered_name
from payrank.settings import read_settings

_FIGURES = {
    "auc": "AUC",
    "average_precision": "average precision",
    "brier": "Brier score",
    "log_loss": "log loss",
    "ece": "ECE",
}


def run_compare(
    challenger: str, champion: str | None, source: Path | str, as_of: date, out: Path | None, settings_file: Path | None
) -> None:
    """Compare, print the figures side by side, and keep them with the challenger's version."""
    from payrank.training.compare import compare
    from payrank.training.settings import parse_settings

    settings = read_settings(settings_file)
    one = find_by_name(challenger)
    kind = one.bundle.manifest.kind
    other = find_model(champion, kind)
    progress = Progress()
    with load_extract(source) as extract:
        progress.log(f"loaded {len(extract.digests)} files")
        check_day(extract, settings.target(kind).unit, as_of)
        with progress.working("scored the later rows with both models"):
            found = compare(
                extract,
                one.bundle,
                other.bundle,
                as_of,
                names=(one.name, other.name),
                capacity=parse_settings(settings.training_of(kind), kind).capacity,
                site_features=settings.features,
            )
    show_comparison(found)
    if out is not None:
        out.write_text(found.model_dump_json(indent=1) + "\n", "utf-8")
        STDOUT.print(f"Written: {out}", markup=False)
    _keep(found, one)


def show_comparison(found: Comparison) -> None:
    """Print the rows, the figures of both, and the verdict."""
    holdout = found.holdout
    STDOUT.print(
        f"{holdout.rows:,} later rows of {holdout.households:,} households, {holdout.events:,} outcomes that happened: "
        f"snapshots {holdout.first} to {holdout.last}, on or after the later training ({found.since}), labels known by "
        f"{found.as_of}. Neither model was fitted on one of them.",
        soft_wrap=False,
    )
    STDOUT.print()
    names = {**_FIGURES, "captured": f"{holdout.gain_unit} in the top {holdout.capacity:.0%}"}
    rows = [
        [
            title,
            _value(found.challenger.metrics.get(figure), figure),
            _value(found.champion.metrics.get(figure), figure),
            *_difference(found.differences[figure], figure),
        ]
        for figure, title in names.items()
    ]
    columns = [("", False), ("challenger", True), ("champion", True), ("difference", True), ("95% interval", True)]
    STDOUT.print(make_table(f"{found.challenger.name} beside {found.champion.name}", columns, rows))
    STDOUT.print()
    STDOUT.print(f"Verdict: {VERDICT_MEANINGS[found.verdict]}.", markup=False, soft_wrap=False)
    for alarm in found.alarms:
        STDOUT.print(f"Alarm: {alarm.text}", markup=False, soft_wrap=False)


def _value(figure: Estimate | None, name: str) -> str:
    if figure is None:
        return "-"
    return f"{figure.value:.1%}" if name == "captured" else f"{figure.value:.4f}"


def _difference(figure: Estimate, name: str) -> list[str]:
    form = "+.1%" if name == "captured" else "+.4f"
    if figure.low is None or figure.high is None:
        return [format(figure.value, form), "-"]
    return [format(figure.value, form), f"{figure.low:{form}} to {figure.high:{form}}"]


def _keep(found: Comparison, challenger: ResolvedModel) -> None:
    if challenger.version is None:
        STDOUT.print(
            "Kept nowhere else: the challenger is a folder. Compare its registered version to promote it, or score "
            f"with the folder: payrank score EXTRACT --{found.kind} FOLDER ...",
            markup=False,
            soft_wrap=False,
        )
        return
    if not challenger.name.startswith(f"{registered_name(found.kind)} version "):
        STDOUT.print(
            f"Kept nowhere: {challenger.name} is registered under another name; promote a version of "
            f"{registered_name(found.kind)}.",
            markup=False,
            soft_wrap=False,
        )
        return
    record_comparison(found, challenger.version)
    STDOUT.print(f"Kept with {challenger.name}.", markup=False)
    if found.may_replace:
        address = f"models:/{registered_name(found.kind)}/{challenger.version}"
        STDOUT.print(f"Next: payrank models promote {address}", markup=False)


def run_promote(model: str, force: bool, reason: str) -> None:
    """Move the champion and say so."""
    _tell(promote(model, force=force, reason=reason))


def run_rollback(kind: str) -> None:
    """Swap the champion and the previous one, and say so."""
    _tell(roll_back(cast("ModelKind", kind)))


def _tell(change: ChampionChange) -> None:
    STDOUT.print(f"{change.model} version {change.version} is the champion ({change.ground}).", markup=False)
    if change.replaced is not None:
        kind = change.model.removeprefix("payrank-")
        STDOUT.print(
            f"Version {change.replaced}, the champion before, is now `previous`: payrank models rollback {kind}",
            markup=False,
        )
