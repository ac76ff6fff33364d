"""`payrank score`: the nightly run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

from payrank.cli.options import (
    AS_OF,
    EXTRACT,
    FOLDER,
    CapacityOption,
    ExampleCommand,
    engine_options,
    settings_option,
)

if TYPE_CHECKING:
    from payrank.features.frame import Definition, Frame
    from payrank.features.site.features import SiteFeatures
    from payrank.models.bundle import Bundle
    from payrank.scoring.progress import StageTimer
    from payrank.scoring.run_models import FrameMaker, RunModels
    from payrank.scoring.run_nightly import RunResult
    from payrank.scoring.schedule.capacity import Capacity


@click.command(
    cls=ExampleCommand,
    short_help="Score an extract and publish worklists.",
    example="payrank score extract --as-of 2026-11-20 --out runs\npayrank score extract --as-of 2026-11-20 --out runs "
    "--payment models/payment-nov --capacity 200",
)
@click.argument("extract", type=EXTRACT)
@click.option("--as-of", **AS_OF, help="Day of the run: only rows known before it are used.")
@click.option("--out", type=FOLDER, required=True, help="Folder of all runs; this one appears in OUT/<as-of>.")
@click.option("--payment", metavar="MODEL", help="Bundle folder or models:/NAME@ALIAS (default: the champion).")
@click.option("--overturn", metavar="MODEL", help="Bundle folder or models:/NAME@ALIAS (default: the champion).")
@click.option(
    "--capacity",
    type=CapacityOption(),
    metavar="N|FILE",
    help="Lines per day on each list, or a TOML file of lines by queue and weekday (default: every line worth its "
    "cost). With a capacity, denials are scheduled over working days.",
)
@click.option(
    "--explain",
    type=click.Choice(["all", "listed"]),
    default="all",
    show_default=True,
    help="Write reasons for every scored row, or only for listed ones.",
)
@click.option("--dry-run", is_flag=True, help="Do everything except publish; earlier runs are unchanged.")
@click.option(
    "--log",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of the progress lines on stderr.",
)
@engine_options
@settings_option
def score(
    extract: Path | str,
    as_of: date,
    out: Path,
    payment: str | None,
    overturn: str | None,
    capacity: Capacity | None,
    explain: str,
    dry_run: bool,
    log: str,
    engine: str,
    master: str | None,
    settings: Path | None,
) -> None:
    """Score an extract and publish ranked worklists with reasons, all or nothing."""
    from payrank.extracts.load.load_extract import load_extract
    from payrank.features.engine_frame import check_engine
    from payrank.scoring.guards import check_start
    from payrank.scoring.run_nightly import run_nightly
    from payrank.settings import read_settings

    site = read_settings(settings)
    scoring = site.scoring if capacity is None else site.scoring.model_copy(update={"capacity": capacity})
    check_engine(engine, extract)
    with _timing_stages(log) as timer, load_extract(extract) as loaded:
        timer.stage("load", f"loaded {len(loaded.digests)} files", files=len(loaded.digests))
        check_start(loaded, as_of)
        models = replace(
            find_models({"payment": payment, "overturn": overturn}),
            site_features=site.features,
            make_frame=_frame_maker(engine, extract, master),
        )
        names = " and ".join(models.names[kind] for kind in sorted(models.names))
        timer.stage("models", f"using {names}", models=len(models.names))
        result = run_nightly(
            loaded,
            models,
            as_of=as_of,
            out=out,
            settings=scoring,
            explain=cast("Literal['all', 'listed']", explain),
            dry_run=dry_run,
            progress=timer.progress,
        )
    show_run(result, out)


@contextmanager
def _timing_stages(log: str) -> Iterator[StageTimer]:
    """Give a timer that prints each stage as text or JSON; in JSON a refusal is a line of its own, too."""
    from payrank.console import log_stage, print_stage
    from payrank.extracts.errors import PayrankError
    from payrank.scoring.progress import Stage, StageTimer

    progress = log_stage if log == "json" else print_stage
    try:
        yield StageTimer(progress)
    except Exception as error:
        if log == "json":
            code = error.exit_code if isinstance(error, PayrankError) else 1
            progress(Stage("refused", f"nothing was published: {type(error).__name__}", 0.0, {"code": code}))
        raise


def _frame_maker(engine: str, extract: Path | str, master: str | None) -> FrameMaker | None:
    """Return the function with which an engine makes the run's frame; None for DuckDB, which has the extract loaded."""
    if engine == "duckdb":
        return None
    from payrank.features.engine_frame import build_engine_frame

    def make(target: Definition, as_of: date, site_features: SiteFeatures) -> Frame:
        return build_engine_frame(engine, extract, target, as_of, site_features=site_features, master=master)

    return make


def find_models(requested: Mapping[str, str | None]) -> RunModels:
    """Find the models of a run: the ones named, otherwise the champions. A kind without a champion gets no list.

    Raises
    ------
    NoUsableModelError
        When a named model cannot be used, or when no kind has a model.
    """
    from payrank.extracts.errors import NoUsableModelError
    from payrank.models.manifest import MODEL_KINDS
    from payrank.models.registry.find_model import find_model
    from payrank.scoring.run_models import RunModels

    bundles: dict[str, Bundle] = {}
    names: dict[str, str] = {}
    absent: dict[str, str] = {}
    for kind in MODEL_KINDS:
        try:
            model = find_model(requested.get(kind), kind)
        except NoUsableModelError as error:
            if requested.get(kind) is not None or _has_champion(kind):
                raise
            absent[kind] = str(error)
            continue
        bundles[kind] = model.bundle
        names[kind] = f"{model.name} ({bundles[kind].digest[:8]})"
    if not bundles:
        raise NoUsableModelError(absent[MODEL_KINDS[0]])
    return RunModels(bundles, names, absent)


def _has_champion(kind: str) -> bool:
    """Return whether the registry names a champion; if so, failing to open it is an error, not an absence."""
    from payrank.models.registry.versions import CHAMPION, list_versions, registered_name

    name = registered_name(kind)
    return any(version.name == name and CHAMPION in version.aliases for version in list_versions())


UNITS = {"patient_pay": " (accounts)"}
"""What a list's counts are of, where its title does not say; its lines are guarantors."""


def show_run(result: RunResult, out: Path) -> None:
    """Print the counts of each list and where to look."""
    from payrank.console import STDOUT, make_table

    rows = [
        [
            outcome.title + UNITS.get(outcome.spec.name, ""),
            *(
                f"{count:,}"
                for count in (
                    outcome.received,
                    outcome.listed,
                    outcome.over_capacity,
                    outcome.suppressed,
                    outcome.quarantined,
                )
            ),
        ]
        for outcome in result.lists.values()
    ]
    headings = ["in", "listed", "over capacity", "suppressed", "quarantined"]
    STDOUT.print(make_table("Counts by list", [("list", False), *((name, True) for name in headings)], rows))
    for outcome in result.lists.values():
        if outcome.why_unpublished:
            STDOUT.print(f"No {outcome.title.lower()} list: {outcome.why_unpublished}", markup=False)
    if not result.published:
        STDOUT.print("Dry run: nothing was published, and earlier runs are unchanged.", markup=False)
        return
    STDOUT.print(f"Published: {result.folder}", markup=False)
    STDOUT.print(f"Open:      {result.folder / 'report.html'}", markup=False)
    STDOUT.print(f"{out / 'current'} points to this run.", markup=False)
