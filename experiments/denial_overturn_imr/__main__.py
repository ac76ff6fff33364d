"""Train on decisions up to year Y, score year Y + 1, and compare with simple baselines on the same rows.

python -m experiments.denial_overturn_imr [--data FILE_OR_FOLDER] [--years 2010 2011 ...]
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date
from pathlib import Path

import lightgbm
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
    rate_by,
)
from payrank.extracts.extract import Extract
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.mapped.import_csv import import_csv
from payrank.features.arrays import Floats
from payrank.features.build_frames import training_frame
from payrank.features.targets import OverturnTarget
from payrank.scoring.run_models import RunModels
from payrank.scoring.run_nightly import run_nightly
from payrank.scoring.settings import ScoringSettings
from payrank.training.settings import default_settings
from payrank.training.train import train

MAPPING = Path(__file__).with_name("mapping.toml")
ATTRIBUTES = ("type", "diagnosis_category", "diagnosis_sub_category", "treatment_category", "treatment_sub_category")
FIRST_YEAR = 2010


def main() -> None:
    """Import the data, then train, score, and evaluate year by year."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="CSV file or folder (default: imr/ in PAYRANK_DATA)")
    parser.add_argument("--years", type=int, nargs="*", help="years to score (default: 2010 to the last year)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="payrank-imr-") as scratch:
        folder = Path(scratch)
        import_csv(find_data("imr", arguments.data), folder / "extract", MAPPING)
        with load_extract(folder / "extract") as extract:
            decisions = read_decisions(extract)
            last = int(decisions["year"].max())
            years = arguments.years or list(range(FIRST_YEAR, last + 1))
            periods = [evaluate_year(extract, decisions, year, folder) for year in years]
    print_table("AUC: trained on decisions up to the year before, scored on the year", auc_table(periods))
    print_table("Brier score (smaller is better)", brier_table(periods))


def read_decisions(extract: Extract) -> pd.DataFrame:
    """Return every decided denial: denial_id, year of the decision, overturned (0 or 1), and the attributes."""
    names = ", ".join(f"n.{name}" for name in ATTRIBUTES)
    return extract.connection.execute(
        "SELECT n.denial_id, EXTRACT(YEAR FROM p.decided_on) AS year, "
        f"CAST(p.outcome = 'overturned' AS INTEGER) AS overturned, {names} "
        "FROM denials n JOIN appeals p ON p.denial_id = n.denial_id WHERE p.outcome IS NOT NULL ORDER BY n.denial_id"
    ).df()


def evaluate_year(extract: Extract, decisions: pd.DataFrame, year: int, folder: Path) -> Period:
    """Train as of January 1 on earlier decisions, score that day's open denials, and compare with their decisions."""
    as_of = date(year, 1, 1)
    frame = training_frame(extract, OverturnTarget(), as_of)
    trained = train(frame, kind="overturn", as_of=as_of, settings=default_settings("overturn"))
    run = run_nightly(
        extract,
        RunModels({"overturn": trained.bundle}, {"overturn": f"trained as of {as_of}"}),
        as_of=as_of,
        out=folder / "runs",
        settings=ScoringSettings(),
        explain="listed",
    )
    scores = pd.read_parquet(run.folder / "denial_scores.parquet", columns=["denial_id", "probability"])
    later = decisions[decisions["year"] == year].merge(scores, on="denial_id", validate="one_to_one")
    earlier = decisions[decisions["year"] < year]
    label = earlier["overturned"].to_numpy(dtype=np.float64)
    names = list(ATTRIBUTES)
    one_hot = logistic(earlier[names], label, later[names])
    trees = plain_trees(earlier[names], label, later[names])
    rates = {f"rate by {name.replace('_', ' ')}": rate_by(earlier[name], label, later[name]) for name in names}
    recent = earlier.loc[earlier["year"] == year - 1, "overturned"].mean()
    scores_by_ranking = {
        PAYRANK: later["probability"].to_numpy(dtype=np.float64),
        "one-hot logistic": one_hot,
        "plain LightGBM on native categories": trees,
        "mean of these two": (one_hot + trees) / 2,
        **rates,
        "base rate of the year before": np.full(len(later), recent),
    }
    return Period(
        str(year), later["overturned"].to_numpy(dtype=np.float64), scores_by_ranking, tuple(scores_by_ranking)
    )


def plain_trees(train_rows: pd.DataFrame, label: Floats, test: pd.DataFrame) -> Floats:
    """Return the probabilities of LightGBM with its defaults, on the attributes as native categories."""
    both = pd.concat([train_rows, test]).astype("category")
    model = lightgbm.LGBMClassifier(n_estimators=100, verbosity=-1, num_threads=2, deterministic=True, seed=1)
    model.fit(both.iloc[: len(train_rows)], label)
    probability: Floats = np.asarray(model.predict_proba(both.iloc[len(train_rows) :]))[:, 1]
    return probability


if __name__ == "__main__":
    main()
