"""The two real data sets are imported completely with the mappings of their experiments."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.mapped.import_csv import import_csv

EXPERIMENTS = Path(__file__).parents[3] / "experiments"

pytestmark = pytest.mark.data


def read_source(folder: Path) -> list[Any]:
    rows = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows += list(csv.DictReader(file))
    return rows


def test_every_review_becomes_a_denial_with_its_appeal_dated_by_report_year(real_data: Path, tmp_path: Path) -> None:
    source = read_source(real_data / "imr")
    mapping = EXPERIMENTS / "denial_overturn_imr" / "mapping.toml"
    report = import_csv(real_data / "imr", tmp_path / "extract", mapping)
    assert report.rows_written == {"denials": len(source), "appeals": len(source)}
    assert report.rows_quarantined == 0
    with load_extract(tmp_path / "extract") as extract:
        rows = extract.connection.execute(
            "SELECT denial_id, year(decided_on), denied_on = filed_on AND year(denied_on) + 1 = year(decided_on), "
            "outcome FROM denials JOIN appeals USING (denial_id)"
        ).fetchall()
        assert extract.metadata.as_of is not None
        assert extract.metadata.as_of.year == max(int(row["Report Year"]) for row in source) + 1
        described = {name for name, *_ in extract.connection.execute("DESCRIBE denials").fetchall()}
    words = {"Overturned": "overturned", "Upheld": "upheld"}
    assert {row[0]: (row[1], row[3]) for row in rows} == {
        row["Reference ID"]: (int(row["Report Year"]), words[row["Determination"].split()[0]])
        for row in source
        if row["Determination"]
    }
    assert all(row[2] for row in rows)
    assert not described & {"age_range", "patient_gender"}


def test_every_invoice_is_charged_once_and_paid_once_where_it_was_cleared(real_data: Path, tmp_path: Path) -> None:
    source = read_source(real_data / "invoices")
    mapping = EXPERIMENTS / "late_invoices" / "mapping.toml"
    report = import_csv(real_data / "invoices", tmp_path / "extract", mapping)
    cleared = [row for row in source if row["clear_date"]]
    assert report.rows_quarantined == 0
    assert report.rows_written == {"accounts": len(source), "transactions": len(source) + len(cleared)}
    still_open = sum(Decimal(row["amount"]) for row in source if not row["clear_date"])
    assert report.as_of is not None
    with load_extract(tmp_path / "extract") as extract:
        assert extract.connection.execute("SELECT sum(amount) FROM transactions").fetchall() == [(still_open,)]
        undeclared, *notice = report.notices
        assert undeclared.startswith("invoices_as_of_2019_12_01.csv: no rows, total, or trailer declared")
        assert tuple(notice) == extract.notices
