"""The predictions of an earlier run, read back from its files."""

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
from payrank.scoring.list_spec import ListSpec
from payrank.scoring.past_run import LISTED_FILE, UNREADABLE


@dataclass(frozen=True, slots=True)
class PastPredictions:
    """One list of an earlier run: its date, model, and target, and its scores once they are read."""

    day: date
    spec: ListSpec
    model: str
    target: PaymentTarget | OverturnTarget
    scores: pd.DataFrame | None = None


@contextmanager
def skip_unreadable(run: Path, spec: ListSpec, progress: Callable[[str], None]) -> Iterator[None]:
    """Log a run whose files are damaged or from another payrank, and go on: one bad run does not hide the others."""
    try:
        yield
    except UNREADABLE as error:
        progress(f"skipped the {spec.title.lower()} scores of {run.name}: they cannot be read ({type(error).__name__})")


def read_predictions(run: Path, spec: ListSpec) -> PastPredictions | None:
    """Return a run's predictions for a list, without the scores; None where it has none, or names no target."""
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    model = manifest["models"][spec.model_kind]
    if model is None or "target" not in model or not (run / spec.score_file).is_file():
        return None
    target = PaymentTarget if spec.model_kind == "payment" else OverturnTarget
    return PastPredictions(date.fromisoformat(run.name), spec, str(model["name"]), target(**model["target"]))


def read_scores(run: Path, spec: ListSpec) -> pd.DataFrame:
    """Return a run's scores for a list, with the boolean column `listed`."""
    columns = [spec.unit_id, spec.subject_id, "probability", "expected_recovery", "suppressed_by"]
    scores: pd.DataFrame = pq.read_table(run / spec.score_file, columns=list(dict.fromkeys(columns))).to_pandas()
    listed = set(pq.read_table(run / LISTED_FILE, filters=[("list", "=", spec.name)])["id"].to_pylist())
    scores["listed"] = scores[spec.subject_id].isin(listed)
    return scores
