"""`payrank train --tune`: a search for better tree settings, with progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from payrank.console import STDERR
from payrank.extracts.pluralize import pluralize
from payrank.models.registry.runs import SearchTrial

if TYPE_CHECKING:
    from payrank.features.frame import Frame
    from payrank.models.manifest import ModelKind
    from payrank.training.fit.tune import Budget, OptunaTrial
    from payrank.training.settings import TrainingSettings


def search_trees(
    frame: Frame, kind: ModelKind, as_of: date, settings: TrainingSettings, budget: Budget
) -> tuple[TrainingSettings, tuple[SearchTrial, ...]]:
    """Search with progress, and return the best settings and the trials in the form that MLflow logs."""
    from payrank.training.fit.tune import tune

    with _showing_trials(budget) as progress:
        tuned = tune(frame, kind=kind, as_of=as_of, settings=settings, budget=budget, on_trial=progress)
    pruned = sum(trial.state == "pruned" for trial in tuned.trials)
    STDERR.print(
        f"  searched {len(tuned.trials)} trials, {pruned} stopped early: log loss {tuned.after:.4f} on the tuning "
        f"period, {tuned.before:.4f} with the original settings",
        markup=False,
    )
    trials = tuple(
        SearchTrial(trial.number, {**trial.params, "n_estimators": trial.n_estimators}, trial.value, trial.state)
        for trial in tuned.trials
    )
    return tuned.settings, trials


@contextmanager
def _showing_trials(budget: Budget) -> Iterator[Callable[[OptunaTrial, float], None]]:
    """Give the function to call after each trial: it moves a bar on a terminal and prints a line elsewhere."""

    def describe(trial: OptunaTrial, best: float) -> str:
        result = trial.state if trial.value is None else f"log loss {trial.value:.4f}"
        trees = pluralize(trial.n_estimators, "tree")
        return f"trial {trial.number + 1} of {budget.trials}: {result} with {trees}, best {best:.4f}"

    if not STDERR.is_terminal:
        yield lambda trial, best: STDERR.print(f"  {describe(trial, best)}", markup=False)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("  {task.description}"), BarColumn(), TimeRemainingColumn(), console=STDERR, transient=True
    ) as bar:
        task = bar.add_task("searching for better tree settings", total=budget.trials)
        yield lambda trial, best: bar.update(task, advance=1, description=describe(trial, best))
