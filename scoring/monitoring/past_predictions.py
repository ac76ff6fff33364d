"""What an earlier run promised, read back from its files for a later look."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from payrank.features.targets import OverturnTarget, PaymentTarget
from payrank.scoring.past_run import KIND_OF_LIST, LISTED_FILE, SCORE_FILE, SUBJECT, UNIT, UNREADABLE, ListName


@dataclass(frozen=True, slots=True)
class KeptPromise:
    """A list of a run: its day, model and horizon, and its scores once they are asked for."""

    day: date
    list: ListName
    model: str
    target: PaymentTarget | OverturnTarget
    scores: pd.DataFrame | None = None


@contextmanager
def left_out_unread(run: Path, name: ListName, progress: Callable[[str], None]) -> Iterator[None]:
    """Tell of a run that is torn, or of another payrank, and go on: one bad night hides no other."""
    try:
        yield
    except UNREADABLE as error:
        progress(
            f"left out the {name.replace('_', ' ')} scores of {run.name}: they cannot be read ({type(error).__name__})"
        )


def read_promise(run: Path, name: ListName) -> KeptPromise | None:
    """Return a run's promise without its scores; None where it made none, or names no horizon."""
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    model = manifest["models"][KIND_OF_LIST[name]]
    if model is None or "target" not in model or not (run / SCORE_FILE[name]).is_file():
        return None
    kind = PaymentTarget if name == "patient_pay" else OverturnTarget
    return KeptPromise(date.fromisoformat(run.name), name, str(model["name"]), kind(**model["target"]))


def read_scores(run: Path, name: ListName) -> pd.DataFrame:
    """Return a run's scores with `listed`: whether the subject is on a line."""
    columns = list(dict.fromkeys([UNIT[name], SUBJECT[name], "probability", "expected_recovery", "suppressed_by"]))
    scores: pd.DataFrame = pq.read_table(run / SCORE_FILE[name], columns=columns).to_pandas()
    listed = set(pq.read_table(run / LISTED_FILE, filters=[("list", "=", name)])["id"].to_pylist())
    scores["listed"] = scores[SUBJECT[name]].isin(listed)
    return scores
