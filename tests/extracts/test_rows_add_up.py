"""For any CSV, rows in = loaded + quarantined + repeated, or the extract is refused. Nothing is lost."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payrank.extracts.csv.records import read_records
from payrank.extracts.csv.relation import create_from_csv, open_csv
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load import quarantine
from payrank.extracts.load.load_extract import load_extract, open_database

pytestmark = pytest.mark.slow

MONEY = st.sampled_from(["1", "2.5", ""])
ROW = st.one_of(
    st.builds("D{},2026-01-{:02},{},16".format, st.integers(0, 30), st.integers(1, 31), MONEY),
    st.text(st.sampled_from('ab01,"\n\r \u00fc-.'), max_size=20),
    st.sampled_from(["", '"', "x,2026-01-01,1", 'q,2026-01-01,1,"a\nb"', ",,,", "x,1900-01-01,,", "NA,2026-02-30,,"]),
)


@given(st.lists(ROW, max_size=25), st.sampled_from(["\n", "\r\n"]), st.booleans())
@settings(max_examples=100, deadline=None)
def test_rows_in_are_loaded_quarantined_or_repeated_exactly(rows: list[str], end: str, closed: bool) -> None:
    content = ("denial_id,denied_on,denied_amount,carc" + end + end.join(rows) + (end if closed else "")).encode()
    records = list(read_records(io.BytesIO(content), fields=4))[1:]
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(quarantine, "MAX_QUARANTINED_SHARE", 1.0)  # the 1% has tests of its own
        (Path(folder) / "denials.csv").write_bytes(content)
        try:
            with load_extract(Path(folder)) as extract:
                state = extract.tables["denials"]
                loaded = extract.connection.execute("SELECT count(*) FROM denials").fetchall()[0][0]
                lines = extract.connection.execute("SELECT source_line FROM quarantine").fetchall()
        except ExtractRefusedError:
            return
    assert state.rows_read == len(records) == state.rows_loaded + state.rows_quarantined + state.rows_repeated
    assert (loaded, len(lines)) == (state.rows_loaded, state.rows_quarantined)
    assert {line for (line,) in lines} <= {record.line for record in records}
    assert len(set(lines)) == len(lines)


PIECES = st.sampled_from(["a", "b", '"', ",", "\n", "\r\n", " ", "\u00fc", "\t", "#", "\\", "'"])
CELL = st.lists(PIECES, max_size=5).map("".join)


@given(st.integers(2, 5).flatmap(lambda n: st.lists(st.lists(CELL, min_size=n, max_size=n), max_size=8)), st.data())
@settings(max_examples=100, deadline=None)
def test_a_well_formed_csv_is_read_as_pythons_csv_module_wrote_it(rows: list[list[str]], data: st.DataObject) -> None:
    columns = len(rows[0]) if rows else 2
    buffer = io.StringIO()
    writer = csv.writer(
        buffer,
        lineterminator=data.draw(st.sampled_from(["\n", "\r\n"])),
        quoting=data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    )
    writer.writerow([f"c{place}" for place in range(columns)])
    writer.writerows(rows)
    with tempfile.TemporaryDirectory() as folder, open_database(Path(folder)) as connection:
        path = Path(folder) / "any.csv"
        path.write_bytes(buffer.getvalue().encode())
        relation = open_csv(path, Path(folder))
        create_from_csv(connection, "rows", f"SELECT * FROM {relation.relation}", relation)
        read = connection.execute("FROM rows").fetchall()
    assert relation.scan.broken == ()
    assert read == [tuple(cell or None for cell in row) for row in rows]
