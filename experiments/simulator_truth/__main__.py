"""Simulate a hospital, train both models, score a later day, and compare the scores with the hidden true chances.

python -m experiments.simulator_truth --accounts 100000 --seed 11
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.simulator_truth.expected_metrics import CAPACITY, TruthComparison, compare
from experiments.simulator_truth.true_chances import true_overturns, true_payments
from payrank.extracts.codes.code_lists import NO_APPEAL_RARCS
from payrank.extracts.extract import Extract
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import nightly_frame, training_frame
from payrank.features.targets import OverturnTarget, PaymentTarget
from payrank.models.manifest import ModelKind
from payrank.models.predict import predict
from payrank.simulator import simulate
from payrank.simulator.hospital import Hospital
from payrank.training.settings import parse_settings
from payrank.training.train import train

SCORED_ON = date(2026, 11, 1)
LATER_DAYS = 30
"""Days from the training day to the scored day."""
GOALS: dict[ModelKind, float] = {"payment": 0.97, "overturn": 0.90}
"""Goal for the model's AUC above 0.5, as a share of that of the true chances."""
CAPTURED_GOAL, CALIBRATION_GOAL = 0.95, 0.02


def main() -> None:
    """Simulate, train, score, compare, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--kind", choices=tuple(GOALS), action="append", help="only this model")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="payrank-truth-") as scratch:
        folder = Path(scratch) / "extract"
        hospital = simulate(folder, accounts=arguments.accounts, seed=arguments.seed, as_of=SCORED_ON).hospital
        with load_extract(folder) as extract:
            kinds: list[ModelKind] = arguments.kind or list(GOALS)
            comparisons = {kind: compare_with_truth(extract, hospital, kind) for kind in kinds}
    print(f"{arguments.accounts:,} accounts, seed {arguments.seed}\n")
    print(
        "| | rows | AUC | best AUC | share of best | goal | dollars | goal | ECE | goal | mean predicted | mean true |"
    )
    print("|---" * 12 + "|")
    for kind, result in comparisons.items():
        print(
            f"| {kind} | {result.rows:,} | {result.auc:.3f} | {result.best_auc:.3f} | {result.share_of_best:.1%} | "
            f"{GOALS[kind]:.0%} | {result.captured:.1%} | {CAPTURED_GOAL:.0%} | {result.calibration_error:.3f} | "
            f"{CALIBRATION_GOAL:.2f} | {result.mean_predicted:.3f} | {result.mean_true:.3f} |"
        )
    print(f"\nDollars: those of the top {CAPACITY:.0%}, as a share of those of the best possible top {CAPACITY:.0%}.")


def compare_with_truth(extract: Extract, hospital: Hospital, kind: ModelKind) -> TruthComparison:
    """Train a model, score the later day with it, and compare it with the true chances of the same rows."""
    target = PaymentTarget() if kind == "payment" else OverturnTarget()
    as_of = SCORED_ON - timedelta(days=LATER_DAYS)
    bundle = train(
        training_frame(extract, target, as_of), kind=kind, as_of=as_of, settings=parse_settings({}, kind)
    ).bundle
    data = nightly_frame(extract, target, SCORED_ON).data
    if kind == "overturn":
        # Denials that can still be appealed: no appeal filed, the deadline not passed, and a remark that allows one.
        appealable = (data["appeals_filed"] == 0) & ~(data["days_left"] < 0)
        data = data[appealable & ~data["rarc"].isin(NO_APPEAL_RARCS)]
    scores = predict(bundle, data, threads=2)
    truth = (
        true_payments(hospital, SCORED_ON, PaymentTarget().horizon_days)
        if kind == "payment"
        else true_overturns(hospital, SCORED_ON)
    )
    predicted = pd.DataFrame(
        {
            "unit_id": data["unit_id"],
            "probability": scores["probability"],
            "worth": scores["expected_share"] * data["amount"].fillna(0.0),
        }
    )
    rows = predicted.merge(truth, on="unit_id", validate="one_to_one")
    columns = (rows[name].to_numpy(dtype=np.float64) for name in ("probability", "worth", "chance", "dollars"))
    return compare(*columns)


if __name__ == "__main__":
    main()
