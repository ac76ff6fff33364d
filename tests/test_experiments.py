"""The experiments run on real data and beat their baselines. Skipped on a machine without the data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from experiments.compare_rankings import PAYRANK
from experiments.denial_overturn_imr import __main__ as imr
from experiments.late_invoices import __main__ as invoices
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.mapped.import_csv import import_csv
from payrank.settings import read_settings

pytestmark = pytest.mark.slow

DATA = Path(os.environ.get("PAYRANK_DATA", Path(__file__).parents[2] / "shared" / "data"))


def data_of(folder: str) -> Path:
    if not (DATA / folder).is_dir():
        pytest.skip(f"no real data here: {folder}/ is looked for in PAYRANK_DATA (default ../shared/data)")
    return DATA / folder


@pytest.mark.parametrize(
    ("year", "decisions", "floor"), [(2010, 1442, 0.68), (2011, 1445, 0.74), (2012, 1205, 0.71), (2013, 1221, 0.65)]
)
def test_the_overturn_model_beats_every_baseline_on_the_next_year_of_real_decisions(
    tmp_path: Path, year: int, decisions: int, floor: float
) -> None:
    import_csv(data_of("imr"), tmp_path / "extract", imr.MAPPING)
    with load_extract(tmp_path / "extract") as extract:
        period = imr.evaluate_year(extract, imr.read_decisions(extract), year, tmp_path)
    assert len(period.label) == decisions
    auc = {name: roc_auc_score(period.label, score) for name, score in period.scores.items()}
    assert auc[PAYRANK] > max(value for name, value in auc.items() if name != PAYRANK)
    assert auc[PAYRANK] > floor
    brier = {name: brier_score_loss(period.label, score) for name, score in period.scores.items()}
    assert brier[PAYRANK] < brier["base rate of the year before"]


@pytest.mark.parametrize("month", ["2019-08", "2019-11"])
def test_the_payment_model_beats_every_baseline_on_the_next_month_of_a_real_ledger(tmp_path: Path, month: str) -> None:
    import_csv(data_of("invoices"), tmp_path / "extract", invoices.HERE / "mapping.toml")
    settings = read_settings(invoices.HERE / "payrank.toml")
    with load_extract(tmp_path / "extract") as extract:
        assert invoices.months_with_labels(extract)[-1] == "2019-11"
        period = invoices.evaluate_month(extract, month, settings, tmp_path / "runs")
    auc = {name: roc_auc_score(period.label, score) for name, score in period.scores.items()}
    assert auc[PAYRANK] > max(value for name, value in auc.items() if name != PAYRANK)
    assert auc[PAYRANK] > 0.91
