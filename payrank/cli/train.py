"""`payrank train`: from an extract to a registered model, with its figures beside the baselines."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from payrank.cli.metrics_table import show_figures
from payrank.cli.tuning import search_trees
from payrank.console import STDOUT, Progress
from payrank.extracts.errors import WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import population_frame, training_frame
from payrank.features.check_as_of import check_day
from payrank.models.audit import read_audit
from payrank.models.bundle import Bundle
from payrank.models.manifest import ModelKind
from payrank.models.registry.runs import SearchTrial, log_training
from payrank.models.registry.versions import RegisteredVersion, register
from payrank.settings import Settings, read_settings

if TYPE_CHECKING:
    from payrank.training.fit.tune import Budget


def run_train(
    kind: str,
    source: Path | str,
    *,
    as_of: date,
    out: Path | None,
    settings_file: Path | None,
    tune_trials: int | None = None,
    tune_minutes: float | None = None,
) -> None:
    """Train, log, register, and print the figures."""
    budget = None
    if tune_trials is not None:
        from payrank.training.fit.tune import Budget

        budget = Budget(tune_trials, tune_minutes)
    elif tune_minutes is not None:
        raise WrongUsageError("--tune-minutes bounds a search: give --tune N, the number of its trials, too")
    settings = read_settings(settings_file)
    bundle, registered = train_and_register(cast("ModelKind", kind), source, as_of, settings, out, budget)
    show_figures(bundle.manifest)
    role = "the champion" if registered.champion else "a challenger; the champion stays"
    if registered.blocked_by_alarm:
        role = "no champion, for it has an alarm"
    STDOUT.print(f"Registered as {registered.name} version {registered.version}, {role}.")
    if out is not None:
        STDOUT.print(f"Bundle: {out}")
    if registered.blocked_by_alarm:
        address = f"models:/{registered.name}/{registered.version}"
        STDOUT.print(
            "Next: see what the alarm is about with `payrank check EXTRACT --leaks`, mend it, train again; or, where "
            f'it is none: payrank models promote {address} --force --reason "..."',
            markup=False,
            soft_wrap=False,
        )
    elif not registered.champion:
        first = as_of + timedelta(days=bundle.manifest.windows.label_lag_days)
        STDOUT.print(
            f"Next: payrank models compare models:/{registered.name}/{registered.version} EXTRACT --as-of DATE\n"
            f"It sets the two beside each other on rows that neither was fitted on; their labels are ripe from {first} "
            "on, sooner for a challenger trained as of an earlier day.",
            markup=False,
            soft_wrap=False,
        )


def train_and_register(
    kind: ModelKind, source: Path | str, as_of: date, settings: Settings, out: Path | None, budget: Budget | None = None
) -> tuple[Bundle, RegisteredVersion]:
    """Train on an extract, with a search for trees first where it has a budget, log the run and register the bundle."""
    from payrank.training.plots.plots import draw_plots
    from payrank.training.settings import parse_settings
    from payrank.training.train import train

    progress = Progress()
    with load_extract(source) as extract:
        progress.log(f"loaded {len(extract.digests)} files")
        check_day(extract, settings.target(kind).unit, as_of)
        frame = training_frame(extract, settings.target(kind), as_of, site_features=settings.features)
        progress.log(f"made {len(frame.data):,} labeled {frame.unit} snapshots of {len(frame.features)} features")
        chosen = parse_settings(settings.training_of(kind), kind)
        trials: tuple[SearchTrial, ...] = ()
        if budget is not None:
            chosen, trials = search_trees(frame, kind, as_of, chosen, budget)
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
                settings=chosen,
                out=out,
                extract_digests=extract.digests,
                audit=read_audit(extract),
                population=population,
            )
    with tempfile.TemporaryDirectory(prefix="payrank-") as scratch, progress.working("logged the run to MLflow"):
        plots = draw_plots(trained, Path(scratch))
        registered = register(trained.bundle, log_training(trained.bundle, plots=plots, trials=trials))
    return trained.bundle, registered
