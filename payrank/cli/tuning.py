"""`payrank train --tune`: a search for better trees, seen while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from payrank.console import STDERR
from payrank.extracts.pluralize import pluralize
from payrank.features.frame import Frame
from payrank.models.manifest import ModelKind
from payrank.models.registry.runs import SearchTrial

if TYPE_CHECKING:
    from payrank.training.fit.tune import Budget, TunedTrial
    from payrank.training.settings import TrainingSettings


def search_trees(
    frame: Frame, kind: ModelKind, as_of: date, settings: TrainingSettings, budget: Budget
) -> tuple[TrainingSettings, tuple[SearchTrial, ...]]:
    """Search, tell of it, and return the settings found and the trials as MLflow is to keep them."""
    from payrank.training.fit.tune import tune

    with _told(budget) as tell:
        tuned = tune(frame, kind=kind, as_of=as_of, settings=settings, budget=budget, tell=tell)
    pruned = sum(trial.state == "pruned" for trial in tuned.trials)
    STDERR.print(
        f"  searched {len(tuned.trials)} trials, {pruned} of them stopped early: log loss {tuned.after:.4f} "
        f"on the tuning period, {tuned.before:.4f} with the settings as they were",
        markup=False,
    )
    kept = tuple(
        SearchTrial(trial.number, {**trial.params, "n_estimators": trial.n_estimators}, trial.value, trial.state)
        for trial in tuned.trials
    )
    return tuned.settings, kept


@contextmanager
def _told(budget: Budget) -> Iterator[Callable[[TunedTrial, float], None]]:
    """Give what is called after each trial: it moves a bar on a terminal and prints a line elsewhere."""

    def line(trial: TunedTrial, best: float) -> str:
        found = trial.state if trial.value is None else f"log loss {trial.value:.4f}"
        trees = pluralize(trial.n_estimators, "tree")
        return f"trial {trial.number + 1} of {budget.trials}: {found} with {trees}, best {best:.4f}"

    if not STDERR.is_terminal:
        yield lambda trial, best: STDERR.print(f"  {line(trial, best)}", markup=False)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("  {task.description}"), BarColumn(), TimeRemainingColumn(), console=STDERR, transient=True
    ) as bar:
        task = bar.add_task("searching for better trees", total=budget.trials)
        yield lambda trial, best: bar.update(task, advance=1, description=line(trial, best))
