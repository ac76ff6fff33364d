"""Train before each month, score its Mondays, and compare with simple baselines on the same rows.

python -m experiments.late_invoices [--data FILE_OR_FOLDER] [--months 2019-07 2019-08 ...]
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.compare_rankings import (
    PAYRANK,
    Period,
    auc_table,
    brier_table,
    find_data,
    logistic,
    print_table,
)
from payrank.extracts.extract import Extract
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.mapped.import_csv import import_csv
from payrank.features.arrays import Floats
from payrank.features.build_frames import nightly_frame, training_frame
from payrank.models.bundle import Bundle
from payrank.scoring.run_models import RunModels
from payrank.scoring.run_nightly import run_nightly
from payrank.settings import Settings, read_settings
from payrank.training.settings import parse_settings
from payrank.training.train import train

HERE = Path(__file__).parent
FIRST_MONTH = "2019-07"
WEEK = timedelta(days=7)
SIMPLE = {
    "amount": "patient_balance",
    "days past due": "days_owed",
    "customer's past lateness": "household_days_to_pay",
}


def main() -> None:
    """Import the data, then train, score, and evaluate month by month."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="CSV file or folder (default: invoices/ in PAYRANK_DATA)")
    parser.add_argument(
        "--months", nargs="*", help="months to score (default: 2019-07 to the last with matured labels)"
    )
    arguments = parser.parse_args()
    settings = read_settings(HERE / "payrank.toml")
    with tempfile.TemporaryDirectory(prefix="payrank-invoices-") as scratch:
        folder = Path(scratch)
        import_csv(find_data("invoices", arguments.data), folder / "extract", HERE / "mapping.toml")
        with load_extract(folder / "extract") as extract:
            months = arguments.months or months_with_labels(extract)
            periods = [evaluate_month(extract, month, settings, folder / "runs") for month in months]
    print_table("AUC: past-due invoices on the Mondays of each month, paid within 7 days", auc_table(periods))
    print_table("Brier score (smaller is better)", brier_table(periods))


def months_with_labels(extract: Extract) -> list[str]:
    """Return the months from 2019-07 to the last one that has a Monday with a matured label."""
    known_until = extract.metadata.as_of
    if known_until is None:
        raise SystemExit("the extract has no as-of date; import it with the mapping of this experiment")
    last = known_until - WEEK
    return [str(month) for month in pd.period_range(FIRST_MONTH, last.strftime("%Y-%m"), freq="M")]


def mondays(month: str, known_until: date) -> list[date]:
    """Return the Mondays of a month with matured labels."""
    first = date.fromisoformat(f"{month}-01")
    day = first + timedelta(days=(7 - first.weekday()) % 7)
    candidates = [day + WEEK * step for step in range(5)]
    return [monday for monday in candidates if monday.strftime("%Y-%m") == month and monday + WEEK <= known_until]


def evaluate_month(extract: Extract, month: str, settings: Settings, runs: Path) -> Period:
    """Train as of the month's first Monday, score each of its Mondays, and compare with what was paid."""
    days = mondays(month, extract.metadata.as_of or date.max)
    frame = training_frame(extract, settings.payment, days[0])
    trained = train(
        frame, kind="payment", as_of=days[0], settings=parse_settings(settings.training_of("payment"), "payment")
    )
    rows = pd.concat([score_day(extract, trained.bundle, day, settings, runs) for day in days], ignore_index=True)
    simple = {name: frame.data[column].fillna(frame.data[column].median()) for name, column in SIMPLE.items()}
    later = {name: rows[column].fillna(frame.data[column].median()) for name, column in SIMPLE.items()}
    label = frame.data["label"].to_numpy(dtype=np.float64)
    scores: dict[str, Floats] = {PAYRANK: rows["probability"].to_numpy(dtype=np.float64)}
    scores["logistic on the three"] = logistic(pd.DataFrame(simple), label, pd.DataFrame(later))
    for name in SIMPLE:
        sign = 1.0 if np.corrcoef(simple[name], label)[0, 1] >= 0 else -1.0
        scores[name] = sign * later[name].to_numpy(dtype=np.float64)
    return Period(
        month, rows["paid"].to_numpy(dtype=np.float64), scores, probabilities=(PAYRANK, "logistic on the three")
    )


def score_day(extract: Extract, bundle: Bundle, day: date, settings: Settings, runs: Path) -> pd.DataFrame:
    """Return the scored invoices of a day: probability, the baselines' columns, and whether it was paid in a week."""
    models = RunModels({"payment": bundle}, {"payment": "trained before the month"})
    run = run_nightly(extract, models, as_of=day, out=runs, settings=settings.scoring, explain="listed")
    scores = pd.read_parquet(run.folder / "payment_scores.parquet", columns=["account_id", "probability"])
    paid = extract.connection.execute(
        "SELECT account_id, 1 AS paid FROM transactions WHERE kind = 'patient_payment' "
        f"AND posted_on >= DATE '{day}' AND posted_on < DATE '{day + WEEK}' GROUP BY account_id"
    ).df()
    features = nightly_frame(extract, settings.payment, day).data[["unit_id", *SIMPLE.values()]]
    rows = scores.merge(paid, on="account_id", how="left").fillna({"paid": 0})
    return rows.merge(features, left_on="account_id", right_on="unit_id", validate="one_to_one")


if __name__ == "__main__":
    main()
