"""Simulate a hospital, train both models as of a day, score a later one, and compare with what the simulator hides.

python -m experiments.simulator_truth --accounts 100000 --seed 11
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.simulator_truth.expected_metrics import CAPACITY, Beside, compare
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
"""Days from the training to the day that is scored."""
FLOORS = {"payment": 0.97, "overturn": 0.90}
"""Of the way from 0.5 to the truth's AUC."""
CAPTURED, GAP = 0.95, 0.02


def main() -> None:
    """Simulate, train, score, compare, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--kind", choices=tuple(FLOORS), action="append", help="one model only")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="payrank-truth-") as scratch:
        folder = Path(scratch) / "extract"
        hospital = simulate(folder, accounts=given.accounts, seed=given.seed, as_of=SCORED_ON).hospital
        with load_extract(folder) as extract:
            found = {kind: judge(extract, hospital, kind) for kind in given.kind or FLOORS}
    print(f"{given.accounts:,} accounts, seed {given.seed}\n")
    print("| | rows | AUC | truth's AUC | way | floor | dollars | floor | ECE | most | promised | true |")
    print("|---" * 12 + "|")
    for kind, beside in found.items():
        print(
            f"| {kind} | {beside.rows:,} | {beside.auc:.3f} | {beside.best:.3f} | {beside.way:.1%} | "
            f"{FLOORS[kind]:.0%} | {beside.captured:.1%} | {CAPTURED:.0%} | {beside.gap:.3f} | {GAP:.2f} | "
            f"{beside.promised:.3f} | {beside.true:.3f} |"
        )
    print(f"\nDollars of the {CAPACITY:.0%} that rank first, of those that the truth's own ranking brings.")


def judge(extract: Extract, hospital: Hospital, kind: ModelKind) -> Beside:
    """Train a model, score the later day with it, and set it beside the truth on the rows that both know."""
    target = PaymentTarget() if kind == "payment" else OverturnTarget()
    as_of = SCORED_ON - timedelta(days=LATER_DAYS)
    bundle = train(
        training_frame(extract, target, as_of), kind=kind, as_of=as_of, settings=parse_settings({}, kind)
    ).bundle
    data = nightly_frame(extract, target, SCORED_ON).data
    if kind == "overturn":
        # Whom an appeal can still be filed for: the others have their decision coming, no day left, or no right to one.
        open_still = (data["appeals_filed"] == 0) & ~(data["days_left"] < 0)
        data = data[open_still & ~data["rarc"].isin(NO_APPEAL_RARCS)]
    scores = predict(bundle, data, threads=2)
    truth = (
        true_payments(hospital, SCORED_ON, PaymentTarget().horizon_days)
        if kind == "payment"
        else true_overturns(hospital, SCORED_ON)
    )
    said = pd.DataFrame(
        {
            "unit_id": data["unit_id"],
            "probability": scores["probability"],
            "worth": scores["expected_share"] * data["amount"].fillna(0.0),
        }
    )
    rows = said.merge(truth, on="unit_id", validate="one_to_one")
    columns = (rows[name].to_numpy(dtype=np.float64) for name in ("probability", "worth", "chance", "dollars"))
    return compare(*columns)


if __name__ == "__main__":
    main()
