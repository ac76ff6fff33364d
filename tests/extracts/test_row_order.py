"""Rows keep the order of their file with any number of threads and buffers, because line numbers depend on it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.mapped.import_csv import import_csv
from tests.extracts.conftest import ExtractWriter

ROWS = 260_000
BROKEN = (5, 101_000, 120_000, 205_000, 259_999)


def ledger() -> pa.Table:
    """Build a ledger of several read buffers and row groups, with a few rows of an unknown kind."""
    kinds = ["charge", "insurance_payment", "patient_payment", "transfer"] * (ROWS // 4)
    for row in BROKEN:
        kinds[row] = "gift"
    return pa.table(
        {
            "transaction_id": [f"T{row:030}" for row in range(ROWS)],
            "account_id": ["A1"] * ROWS,
            "posted_on": pa.array([date(2026, 1, 5)] * ROWS),
            "kind": kinds,
            "amount": pa.array([7] * ROWS, pa.int32()).cast(pa.decimal128(18, 2)),
            "responsibility": ["patient"] * ROWS,
        }
    )


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_long_file_is_loaded_in_order_with_the_lines_of_broken_rows(
    write_extract: ExtractWriter, suffix: str
) -> None:
    folder = write_extract({"accounts.csv": "account_id,guarantor_id,opened_on\nA1,G1,2026-01-05\n"})
    if suffix == "csv":
        pacsv.write_csv(ledger(), folder / "transactions.csv")
    else:
        pq.write_table(ledger(), folder / "transactions.parquet", row_group_size=50_000)
    header = 2 if suffix == "csv" else 1
    with load_extract(folder) as extract:
        broken = extract.connection.execute("SELECT key, source_line FROM quarantine").fetchall()
        out_of_order = extract.connection.execute(
            "SELECT count(*) FROM (SELECT transaction_id AS here, lag(transaction_id) OVER (ORDER BY rowid) AS before "
            "FROM transactions) WHERE here <= before"
        ).fetchall()
    assert broken == [(f"T{row:030}", row + header) for row in BROKEN]
    assert out_of_order == [(0,)]


def test_a_long_file_is_imported_in_order(tmp_path: Path) -> None:
    pacsv.write_csv(ledger(), tmp_path / "ledger.csv")
    columns = "\n".join(f'{name} = "{name}"' for name in ledger().column_names)
    mapping = tmp_path / "mapping.toml"
    accounts = '[[accounts]]\nwhere = "source_row = 1"\naccount_id = "account_id"\nguarantor_id = "account_id"\n'
    mapping.write_text(f'{accounts}opened_on = "posted_on"\n[[transactions]]\n{columns}\n')
    import_csv(tmp_path / "ledger.csv", tmp_path / "out", mapping)
    ids = pq.read_table(tmp_path / "out" / "transactions.parquet")["transaction_id"].to_pylist()
    assert ids == [f"T{row:030}" for row in range(ROWS) if row not in BROKEN]
    lines = (tmp_path / "out" / "import_quarantine.csv").read_text().splitlines()[1:]
    assert [int(line.rsplit(",", 1)[1]) for line in lines] == [row + 2 for row in BROKEN]
