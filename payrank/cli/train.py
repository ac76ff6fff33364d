"""`payrank train`: from an extract to a registered model, with its metrics next to the baselines."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from payrank.cli.options import AS_OF, EXTRACT, FOLDER, KINDS, ExampleCommand, settings_option

if TYPE_CHECKING:
    from payrank.models.bundle import Bundle
    from payrank.models.manifest import ModelKind
    from payrank.models.registry.runs import SearchTrial
    from payrank.models.registry.versions import RegisteredVersion
    from payrank.settings import Settings
    from payrank.training.fit.tune import Budget


@click.command(
    cls=ExampleCommand,
    short_help="Train, log, and register a model.",
    example="payrank train payment extract --as-of 2026-11-20 --out models/payment-nov\n"
    "payrank train payment extract --as-of 2026-11-20 --tune 30",
)
@click.argument("kind", type=KINDS)
@click.argument("extract", type=EXTRACT)
@click.option("--as-of", **AS_OF, help="Training day: only labels matured by this day are used.")
@click.option("--out", type=FOLDER, help="Also write the bundle to this folder.")
@click.option(
    "--tune", type=click.IntRange(min=1), metavar="N", help="First search for better tree settings, N trials."
)
@click.option("--tune-minutes", type=float, metavar="M", help="End the search after M minutes at the latest.")
@settings_option
def train(
    kind: str,
    extract: Path | str,
    as_of: date,
    out: Path | None,
    tune: int | None,
    tune_minutes: float | None,
    settings: Path | None,
) -> None:
    """Train a model on an extract, log it to MLflow, and register it."""
    from payrank.cli.models.metrics_tables import show_metrics
    from payrank.console import STDOUT
    from payrank.extracts.errors import WrongUsageError
    from payrank.settings import read_settings

    budget = None
    if tune is not None:
        from payrank.training.fit.tune import Budget

        budget = Budget(tune, tune_minutes)
    elif tune_minutes is not None:
        raise WrongUsageError("--tune-minutes limits a search; also give --tune N, the number of trials")
    bundle, registered = train_and_register(
        cast("ModelKind", kind), extract, as_of, read_settings(settings), out, budget
    )
    show_metrics(bundle.manifest)
    role = "the champion" if registered.champion else "a challenger; the champion stays"
    if registered.blocked_by_alarm:
        role = "not promoted: open alarm"
    STDOUT.print(f"Registered as {registered.name} version {registered.version}, {role}.")
    if out is not None:
        STDOUT.print(f"Bundle: {out}")
    _show_next_step(registered, bundle, as_of)


def _show_next_step(registered: RegisteredVersion, bundle: Bundle, as_of: date) -> None:
    from payrank.console import STDOUT

    address = f"models:/{registered.name}/{registered.version}"
    if registered.blocked_by_alarm:
        STDOUT.print(
            "Next: find the cause of the alarm with `payrank check EXTRACT --leaks`, fix it, and train again. If it "
            f'is a false alarm: payrank models promote {address} --force --reason "..."',
            markup=False,
            soft_wrap=False,
        )
    elif not registered.champion:
        first = as_of + timedelta(days=bundle.manifest.windows.label_lag_days)
        STDOUT.print(
            f"Next: payrank models compare {address} EXTRACT --as-of DATE\n"
            f"It compares both models on rows that neither was fitted on. Their labels mature from {first} on, sooner "
            "for a challenger trained as of an earlier day.",
            markup=False,
            soft_wrap=False,
        )


def require_training() -> None:
    """Refuse to start without the packages of the extra `train`."""
    from payrank.extracts.optional import require

    for name in ("sklearn", "mlflow", "matplotlib"):
        require(name, extra="train", needed_for="training")


def train_and_register(
    kind: ModelKind, source: Path | str, as_of: date, settings: Settings, out: Path | None, budget: Budget | None = None
) -> tuple[Bundle, RegisteredVersion]:
    """Train on an extract, first searching for tree settings if there is a budget; log the run and register it."""
    require_training()
    from payrank.cli.tuning import search_trees
    from payrank.console import Progress
    from payrank.extracts.load.load_extract import load_extract
    from payrank.features.build_frames import population_frame, training_frame
    from payrank.features.check_as_of import check_day
    from payrank.models.audit import read_audit
    from payrank.models.registry.runs import log_training
    from payrank.models.registry.versions import register
    from payrank.training.plots.plots import draw_plots
    from payrank.training.settings import parse_settings
    from payrank.training.train import train

    progress = Progress()
    with load_extract(source) as extract:
        progress.log(f"loaded {len(extract.digests)} files")
        check_day(extract, settings.target(kind).unit, as_of)
        frame = training_frame(extract, settings.target(kind), as_of, site_features=settings.features)
        progress.log(f"built {len(frame.data):,} labeled {frame.unit} snapshots with {len(frame.features)} features")
        in_force = parse_settings(settings.training_of(kind), kind)
        trials: tuple[SearchTrial, ...] = ()
        if budget is not None:
            in_force, trials = search_trees(frame, kind, as_of, in_force, budget)
        population = (
            population_frame(extract, settings.target(kind), as_of, site_features=settings.features)
            if kind == "overturn"
            else None
        )
        with progress.working(f"trained and measured the {kind} model"):
            trained = train(
                frame,
                kind=kind,
                as_of=as_of,
                settings=in_force,
                out=out,
                extract_digests=extract.digests,
                audit=read_audit(extract),
                population=population,
            )
    with tempfile.TemporaryDirectory(prefix="payrank-") as scratch, progress.working("logged the run to MLflow"):
        plots = draw_plots(trained, Path(scratch))
        registered = register(trained.bundle, log_training(trained.bundle, plots=plots, trials=trials))
    return trained.bundle, registered
