"""`payrank models compare`: challenger and champion on the same later rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from payrank.cli.options import AS_OF, EXTRACT, FILE, ExampleCommand, settings_option

if TYPE_CHECKING:
    from payrank.models.comparison import Comparison
    from payrank.models.records.estimate import Estimate
    from payrank.models.registry.find_model import ResolvedModel

METRICS = {
    "auc": "AUC",
    "average_precision": "average precision",
    "brier": "Brier score",
    "log_loss": "log loss",
    "ece": "ECE",
}


@click.command(
    cls=ExampleCommand,
    short_help="Compare two models on the same later rows.",
    example="payrank models compare models:/payrank-payment/2 extract --as-of 2026-11-20\n"
    "payrank models compare bundles/new bundles/old extract --as-of 2026-11-20 --out comparison.json",
)
@click.argument("words", nargs=-1, required=True, metavar="CHALLENGER [CHAMPION] EXTRACT")
@click.option("--as-of", **AS_OF, help="Use labels known before this day.")
@click.option("--out", type=FILE, help="File for the comparison as JSON.")
@settings_option
def compare(words: tuple[str, ...], as_of: date, out: Path | None, settings: Path | None) -> None:
    """Compare CHALLENGER with CHAMPION on the same later rows, which neither model was trained on.

    The rows are snapshots from the later of the two training days on. Without CHAMPION, the registered champion of the
    challenger's kind is used. The result is recorded with the challenger's registered version for promote.
    """
    from payrank.console import STDOUT, Progress
    from payrank.extracts.load.load_extract import load_extract
    from payrank.features.check_as_of import check_day
    from payrank.models.registry.find_model import find_by_name, find_model
    from payrank.settings import read_settings
    from payrank.training.compare import compare as compare_models
    from payrank.training.settings import parse_settings

    if len(words) not in {2, 3}:
        raise click.UsageError(f"give CHALLENGER [CHAMPION] EXTRACT: two or three words, found {len(words)}")
    extract = EXTRACT.convert(words[-1], None, None)
    site = read_settings(settings)
    challenger = find_by_name(words[0])
    kind = challenger.bundle.manifest.kind
    champion = find_model(words[1] if len(words) == 3 else None, kind)
    progress = Progress()
    with load_extract(extract) as loaded:
        progress.log(f"loaded {len(loaded.digests)} files")
        check_day(loaded, site.target(kind).unit, as_of)
        with progress.working("scored the later rows with both models"):
            comparison = compare_models(
                loaded,
                challenger.bundle,
                champion.bundle,
                as_of,
                names=(challenger.name, champion.name),
                capacity=parse_settings(site.training_of(kind), kind).capacity,
                site_features=site.features,
            )
    show_comparison(comparison)
    if out is not None:
        out.write_text(comparison.model_dump_json(indent=1) + "\n", "utf-8")
        STDOUT.print(f"Wrote {out}", markup=False)
    _record(comparison, challenger)


def show_comparison(comparison: Comparison) -> None:
    """Print the rows compared, the metrics of both models, and the verdict."""
    from payrank.console import STDOUT, make_table
    from payrank.models.comparison import VERDICT_MEANINGS

    holdout = comparison.holdout
    STDOUT.print(
        f"{holdout.rows:,} later rows of {holdout.households:,} households, {holdout.events:,} with the outcome: "
        f"snapshots {holdout.first} to {holdout.last}, on or after the later training ({comparison.since}), labels "
        f"known by {comparison.as_of}. Neither model was fitted on any of them.",
        soft_wrap=False,
    )
    STDOUT.print()
    names = {**METRICS, "captured": f"{holdout.gain_unit} in the top {holdout.capacity:.0%}"}
    rows = [
        [
            title,
            _value(comparison.challenger.metrics.get(figure), figure),
            _value(comparison.champion.metrics.get(figure), figure),
            *_difference(comparison.differences[figure], figure),
        ]
        for figure, title in names.items()
    ]
    columns = [("", False), ("challenger", True), ("champion", True), ("difference", True), ("95% interval", True)]
    STDOUT.print(make_table(f"{comparison.challenger.name} vs. {comparison.champion.name}", columns, rows))
    STDOUT.print()
    STDOUT.print(f"Verdict: {VERDICT_MEANINGS[comparison.verdict]}.", markup=False, soft_wrap=False)
    for alarm in comparison.alarms:
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


def _record(comparison: Comparison, challenger: ResolvedModel) -> None:
    """Keep the comparison with the challenger's registered version, or say why it cannot be kept."""
    from payrank.console import STDOUT
    from payrank.models.registry.comparisons import record_comparison
    from payrank.models.registry.versions import registered_name

    if challenger.version is None:
        STDOUT.print(
            "Not recorded: the challenger is a folder. Compare its registered version to promote it, or score with "
            f"the folder: payrank score EXTRACT --{comparison.kind} FOLDER ...",
            markup=False,
            soft_wrap=False,
        )
        return
    if not challenger.name.startswith(f"{registered_name(comparison.kind)} version "):
        STDOUT.print(
            f"Not recorded: {challenger.name} is registered under another name; promote a version of "
            f"{registered_name(comparison.kind)}.",
            markup=False,
            soft_wrap=False,
        )
        return
    record_comparison(comparison, challenger.version)
    STDOUT.print(f"Recorded with {challenger.name}.", markup=False)
    if comparison.may_replace:
        address = f"models:/{registered_name(comparison.kind)}/{challenger.version}"
        STDOUT.print(f"Next: payrank models promote {address}", markup=False)
