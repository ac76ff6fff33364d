"""The experiments run on the real data and beat their baselines; skipped on a machine without the data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from experiments.denial_overturn_imr import __main__ as imr
from experiments.judging import OURS
from experiments.late_invoices import __main__ as invoices
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.mapped.import_csv import import_csv
from payrank.settings import read_settings

DATA = Path(os.environ.get("PAYRANK_DATA", Path(__file__).parents[2] / "shared" / "data"))


def data_of(folder: str) -> Path:
    if not (DATA / folder).is_dir():
        pytest.skip(f"no real data here: {folder}/ is looked for in PAYRANK_DATA (default ../shared/data)")
    return DATA / folder


@pytest.mark.parametrize(
    ("year", "decisions", "floor"), [(2010, 1442, 0.68), (2011, 1445, 0.74), (2012, 1205, 0.71), (2013, 1221, 0.65)]
)
def test_overturn_on_real_decisions_beats_every_baseline_on_the_year_after(
    tmp_path: Path, year: int, decisions: int, floor: float
) -> None:
    import_csv(data_of("imr"), tmp_path / "extract", imr.MAPPING)
    with load_extract(tmp_path / "extract") as extract:
        period = imr.judge_year(extract, imr.read_decisions(extract), year, tmp_path)
    assert len(period.label) == decisions
    auc = {name: roc_auc_score(period.label, score) for name, score in period.scores.items()}
    assert auc[OURS] > max(value for name, value in auc.items() if name != OURS)
    assert auc[OURS] > floor
    brier = {name: brier_score_loss(period.label, score) for name, score in period.scores.items()}
    assert brier[OURS] < brier["base rate of the year before"]


@pytest.mark.parametrize("month", ["2019-08", "2019-11"])
def test_payment_on_a_real_ledger_beats_every_baseline_on_the_month_after(tmp_path: Path, month: str) -> None:
    import_csv(data_of("invoices"), tmp_path / "extract", invoices.HERE / "mapping.toml")
    settings = read_settings(invoices.HERE / "payrank.toml")
    with load_extract(tmp_path / "extract") as extract:
        assert invoices.months_with_labels(extract)[-1] == "2019-11"
        period = invoices.judge_month(extract, month, settings, tmp_path / "runs")
    auc = {name: roc_auc_score(period.label, score) for name, score in period.scores.items()}
    assert auc[OURS] > max(value for name, value in auc.items() if name != OURS)
    assert auc[OURS] > 0.91
