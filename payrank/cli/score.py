"""`payrank score`: the nightly run from the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Literal, cast

from payrank.console import STDOUT, log_stage, make_table, print_stage
from payrank.extracts.errors import NoUsableModelError, PayrankError
from payrank.extracts.load.load_extract import load_extract
from payrank.features.engines.make_frame import check_engine, make_frame
from payrank.features.frame import Definition, Frame
from payrank.features.site.features import SiteFeatures
from payrank.models.bundle import Bundle
from payrank.models.manifest import MODEL_KINDS
from payrank.models.registry.find_model import find_model
from payrank.models.registry.versions import CHAMPION, list_versions, registered_name
from payrank.scoring.capacity import Capacity
from payrank.scoring.guards import check_start
from payrank.scoring.progress import Stage, StageTimer
from payrank.scoring.run_models import RunModels
from payrank.scoring.run_nightly import RunResult, run_nightly
from payrank.scoring.scores import FrameOf
from payrank.settings import read_settings


def run_score(
    source: Path | str,
    *,
    as_of: date,
    out: Path,
    models: Mapping[str, str | None],
    capacity: Capacity | None,
    explain: str,
    settings_file: Path | None,
    engine: str = "duckdb",
    master: str | None = None,
    dry_run: bool = False,
    log: str = "text",
) -> None:
    """Load, score, publish, and say where everyone went."""
    read = read_settings(settings_file)
    settings = read.scoring
    if capacity is not None:
        settings = settings.model_copy(update={"capacity": capacity})
    check_engine(engine, source)
    with _told(log) as timer, load_extract(source) as extract:
        timer.stage("load", f"loaded {len(extract.digests)} files", files=len(extract.digests))
        check_start(extract, as_of)
        found = replace(find_models(models), site_features=read.features, frame_of=_frame_of(engine, source, master))
        told = " and ".join(found.names[kind] for kind in sorted(found.names))
        timer.stage("models", f"found {told}", models=len(found.names))
        result = run_nightly(
            extract,
            found,
            as_of=as_of,
            out=out,
            settings=settings,
            explain=cast("Literal['all', 'listed']", explain),
            dry_run=dry_run,
            progress=timer.progress,
        )
    show_run(result, out)


@contextmanager
def _told(log: str) -> Iterator[StageTimer]:
    """Give a timer that tells each stage in the form asked for; in JSON a refusal is a line of its own, too."""
    tell = log_stage if log == "json" else print_stage
    try:
        yield StageTimer(tell)
    except Exception as error:
        if log == "json":
            code = error.exit_code if isinstance(error, PayrankError) else 1
            tell(Stage("refused", f"nothing was published: {type(error).__name__}", 0.0, {"code": code}))
        raise


def _frame_of(engine: str, source: Path | str, master: str | None) -> FrameOf | None:
    """Return how an engine gives the nightly frame; None for the embedded one, which has the extract loaded."""
    if engine == "duckdb":
        return None

    def frame_of(target: Definition, as_of: date, site_features: SiteFeatures) -> Frame:
        return make_frame(engine, source, target, as_of, site_features=site_features, master=master)

    return frame_of


def find_models(wanted: Mapping[str, str | None]) -> RunModels:
    """Find the models of a run: those named, else the champions; a kind without a champion gets no list.

    Raises
    ------
    NoUsableModelError
        When a named model cannot be used, or when there is none of either kind.
    """
    bundles: dict[str, Bundle] = {}
    names: dict[str, str] = {}
    absent: dict[str, str] = {}
    for kind in MODEL_KINDS:
        try:
            found = find_model(wanted.get(kind), kind)
        except NoUsableModelError as error:
            if wanted.get(kind) is not None or _has_champion(kind):
                raise
            absent[kind] = str(error)
            continue
        bundles[kind] = found.bundle
        names[kind] = f"{found.name} ({bundles[kind].digest[:8]})"
    if not bundles:
        raise NoUsableModelError(absent[MODEL_KINDS[0]])
    return RunModels(bundles, names, absent)


def _has_champion(kind: str) -> bool:
    """Whether the registry names a champion: then a fault of it is a fault, not an absence."""
    name = registered_name(kind)
    return any(one.name == name and CHAMPION in one.aliases for one in list_versions())


_UNIT = {"patient_pay": " (accounts)"}
"""What a list counts, where its title does not say so; its lines are guarantors."""


def show_run(result: RunResult, out: Path) -> None:
    """Print where everyone went and where to look."""
    rows = [
        [
            one.title + _UNIT.get(one.name, ""),
            *(f"{n:,}" for n in (one.came_in, one.listed, one.over_capacity, one.suppressed, one.quarantined)),
        ]
        for one in result.lists.values()
    ]
    headings = ["in", "listed", "below the cut", "suppressed", "quarantined"]
    STDOUT.print(make_table("Where everyone went", [("list", False), *((name, True) for name in headings)], rows))
    for one in result.lists.values():
        if one.why_unpublished:
            STDOUT.print(f"No {one.title.lower()} list: {one.why_unpublished}", markup=False)
    if not result.published:
        STDOUT.print("Dry run: nothing was published, and earlier runs stand as they were.", markup=False)
        return
    STDOUT.print(f"Published: {result.folder}", markup=False)
    STDOUT.print(f"Open:      {result.folder / 'report.html'}", markup=False)
    STDOUT.print(f"{out / 'current'} points to it.", markup=False)
