"""Importing CSV with a mapping: every source row is loaded, skipped, or quarantined, and the result loads."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.mapped.import_csv import import_csv
from payrank.extracts.readers.session.report import ImportReport

HEADER = "Account Number,Guarantor,Opened,Balance,Paid On,Clinic\n"
ROWS = "".join(f"{n:05},G{n % 7},2026-01-{n % 28 + 1:02},{n}.50,,east\n" for n in range(300))
PAID = '00900,G1,2026-01-05,"$1,234.50",2026-02-03,west\n'

MAPPING = """
source_system = "desk"
as_of = "SELECT max(posted_on) + 1 FROM transactions"
[attributes.accounts]
clinic = "category"
[[accounts]]
account_id = "Account Number"
guarantor_id = "Guarantor"
opened_on = "Opened"
clinic = "Clinic"
[[transactions]]
transaction_id = "'charge-' || \\"Account Number\\""
account_id = "Account Number"
posted_on = "CAST(Opened AS DATE)"
kind = "'charge'"
amount = "dollars(Balance)"
responsibility = "'patient'"
[[transactions]]
where = '"Paid On" IS NOT NULL'
transaction_id = "'payment-' || \\"Account Number\\""
account_id = "Account Number"
posted_on = "Paid On"
kind = "'patient_payment'"
amount = "-dollars(Balance)"
responsibility = "'patient'"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Callable[..., tuple[ImportReport, Path]]:
    """Write source files and a mapping; return a function that imports them and gives report and folder."""

    def run(
        files: Any = None, mapping: str = MAPPING, out: str = "out", source: Any = None
    ) -> tuple[ImportReport, Path]:
        folder = tmp_path / "source"
        folder.mkdir(exist_ok=True)
        for name, content in (files or {"desk.csv": HEADER + ROWS + PAID}).items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        path = tmp_path / "mapping.toml"
        path.write_text(mapping, encoding="utf-8")
        return import_csv(folder / source if source else folder, tmp_path / out, path), tmp_path / out

    return run


def test_an_import_writes_an_extract_that_loads_and_accounts_for_each_row(
    desk: Callable[..., tuple[ImportReport, Path]],
) -> None:
    report, out = desk()
    assert [(b.table, b.block, b.records, b.loaded, b.skipped, b.quarantined) for b in report.blocks] == [
        ("accounts", 1, 301, 301, 0, 0),
        ("transactions", 1, 301, 301, 0, 0),
        ("transactions", 2, 301, 1, 300, 0),
    ]
    with load_extract(out) as extract:
        assert extract.metadata.as_of == report.as_of == date(2026, 2, 4)
        assert extract.metadata.source_system == "desk"
        assert extract.metadata.control_totals["transactions"].rows == 302
        assert extract.has("accounts", "clinic")
        assert not extract.has("accounts", "facility")
        query = "SELECT account_id, amount FROM transactions ORDER BY rowid DESC LIMIT 2"
        assert extract.connection.execute(query).fetchall() == [
            ("00900", Decimal("-1234.50")),
            ("00900", Decimal("1234.50")),
        ]
        first = extract.connection.execute("SELECT account_id, clinic FROM accounts LIMIT 2").fetchall()
        assert first == [("00000", "east"), ("00001", "east")]


def test_the_same_source_gives_the_same_bytes_and_only_the_owner_may_read_them(
    desk: Callable[..., tuple[ImportReport, Path]],
) -> None:
    _, first = desk(out="one")
    _, two = desk(out="two")
    names = sorted(path.name for path in first.iterdir())
    assert names == [
        "accounts.parquet",
        "extract.toml",
        "import_quarantine.csv",
        "import_report.json",
        "transactions.parquet",
    ]
    for name in names:
        assert (first / name).read_bytes() == (two / name).read_bytes()
        assert (first / name).stat().st_mode & 0o777 == 0o600
    assert first.stat().st_mode & 0o777 == 0o700


def test_a_row_whose_expression_fails_is_quarantined_by_file_line_and_column(
    desk: Callable[..., tuple[ImportReport, Path]],
) -> None:
    bad = "00901,G1,2026-01-05,12.345,,west\n00902,G1,05.01.2026,1,,west\n00903,G1\n"
    more = "".join(f"X{n},G1,2026-01-05,1,,\n" for n in range(200))
    report, out = desk({"desk.csv": HEADER + ROWS + bad + more})
    assert (out / "import_quarantine.csv").read_text().splitlines()[1:] == [
        "accounts,00902,opened_on,date,desk.csv,303",
        "accounts,,,missing_columns,desk.csv,304",
        "transactions,charge-00901,amount,expression,desk.csv,302",
        "transactions,charge-00902,posted_on,expression,desk.csv,303",
        "transactions,,,missing_columns,desk.csv,304",
    ]
    assert report.rows_quarantined == 3
    report = json.loads((out / "import_report.json").read_text())
    assert report["rows_quarantined"] == 3
    assert "00901" not in json.dumps(report)


def test_a_failing_where_is_quarantined_too(desk: Callable[..., tuple[ImportReport, Path]]) -> None:
    mapping = MAPPING.replace("""'"Paid On" IS NOT NULL'""", """'CAST("Paid On" AS DATE) > DATE \\'2026-01-01\\''""")
    mapping = mapping.replace("\\'", "'").replace("where = 'CAST", "where = '''CAST").replace("01-01''", "01-01''''")
    report, out = desk({"desk.csv": HEADER + ROWS + PAID + "00904,G1,2026-01-05,1,soon,west\n"}, mapping)
    assert "transactions,payment-00904,where,expression,desk.csv,303" in (out / "import_quarantine.csv").read_text()
    assert report.blocks[-1].loaded == 1


def test_over_one_percent_of_failing_rows_refuses_and_leaves_nothing(
    desk: Callable[..., tuple[ImportReport, Path]], tmp_path: Path
) -> None:
    with pytest.raises(
        ExtractRefusedError, match=r"expression in amount 300 times in desk\.csv, first in line 2"
    ) as refused:
        desk({"desk.csv": HEADER + ROWS.replace(".50", ".501")})
    assert "0.501" not in str(refused.value)
    assert "Correct the mapping or the source" in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mapping.toml", "source"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("($1,234.50)", "-1234.50"),
        ("1,234.5-", "-1234.50"),
        ("-$5", "-5.00"),
        ("$-5", "-5.00"),
        ("1234567.89", "1234567.89"),
        ("12.345", None),
        ("1,23", None),
        ("(5", None),
        ("-(5)", None),
        ("five", None),
        ("1.234,50", None),
    ],
)
def test_dollars_reads_common_formats_and_nothing_else(
    desk: Callable[..., tuple[ImportReport, Path]], text: str, expected: str | None
) -> None:
    _, out = desk({"desk.csv": f'{HEADER}{ROWS}X,G1,2026-01-05,"{text}",,\n'})
    with load_extract(out) as extract:
        query = "SELECT amount FROM transactions WHERE account_id = 'X'"
        rows = extract.connection.execute(query).fetchall()
    assert rows == ([] if expected is None else [(Decimal(expected),)])


def test_other_delimiters_encodings_marks_and_words_for_unknown_are_read_as_declared(
    desk: Callable[..., tuple[ImportReport, Path]],
) -> None:
    options = '[csv]\ndelimiter = ";"\nencoding = "cp1252"\nnulls = ["-"]\ndecimal = ","\n'
    text = HEADER.replace(",", ";") + 'M\u00fcller;G1;2026-01-05;"1.234,50";-;-\n'
    _, out = desk({"desk.csv": text.encode("cp1252")}, MAPPING.replace("[attributes", options + "[attributes"))
    with load_extract(out) as extract:
        assert extract.connection.execute("SELECT account_id, clinic FROM accounts").fetchall() == [
            ("M\u00fcller", None)
        ]
        assert extract.connection.execute("SELECT amount FROM transactions").fetchall() == [(Decimal("1234.50"),)]


def test_several_files_are_read_one_after_another_and_a_file_sent_twice_is_read_once(
    desk: Callable[..., tuple[ImportReport, Path]],
) -> None:
    files = {"a.csv": HEADER + PAID, "b.csv": HEADER + ROWS, "c.csv": HEADER + PAID}
    report, out = desk(files)
    assert [(file.name, file.same_as) for file in report.files] == [
        ("a.csv", None),
        ("b.csv", None),
        ("c.csv", "a.csv"),
    ]
    with load_extract(out) as extract:
        rows = extract.connection.execute("SELECT account_id FROM accounts LIMIT 2").fetchall()
    assert rows == [("00900",), ("00000",)]


def test_a_block_reads_the_files_of_its_pattern_and_knows_file_and_row(
    desk: Callable[..., tuple[ImportReport, Path]],
) -> None:
    mapping = MAPPING.replace("[[accounts]]", '[[accounts]]\nfile = "first*.csv"')
    mapping = mapping.replace("'charge-' ||", "source_file || source_row ||")
    report, out = desk({"first.csv": HEADER + PAID, "second.csv": HEADER + ROWS}, mapping)
    assert report.rows_written["accounts"] == 1
    with load_extract(out) as extract:
        ids = extract.connection.execute("SELECT transaction_id FROM transactions LIMIT 3").fetchall()
    assert ids == [("first.csv100900",), ("second.csv100000",), ("second.csv200001",)]


@pytest.mark.parametrize(
    ("column", "expression", "problem"),
    [
        ("guarantor_id", "Guarantr", "Guarantor"),
        ("guarantor_id", "lower(", "neither a column"),
        ("guarantor_id", "nosuch(Guarantor)", "neither a column"),
        ("guarantor_id", "max(Guarantor)", "aggregates"),
        ("guarantor_id", "(SELECT max(Guarantor) FROM source_0)", "subquer"),
        ("guarantor_id", "(SELECT content FROM read_text('/etc/hostname'))", "neither a column"),
        ("guarantor_id", "Guarantor), (Clinic", "more than one expression"),
        ("guarantor_id", "Guarantor) FROM source_0; SELECT (1", "more than one expression"),
        ("guarantor_id", "CAST(Balance AS DOUBLE)", "has type DOUBLE"),
        ("opened_on", "1", "has type INTEGER"),
    ],
)
def test_an_expression_that_does_not_fit_is_wrong_usage_naming_table_and_column(
    desk: Callable[..., tuple[ImportReport, Path]], column: str, expression: str, problem: str
) -> None:
    source = {"guarantor_id": "Guarantor", "opened_on": "Opened"}[column]
    mapping = MAPPING.replace(f'{column} = "{source}"', f'{column} = "{expression}"')
    with pytest.raises(WrongUsageError, match=problem) as wrong:
        desk(mapping=mapping)
    assert "[[accounts]] block 1" in str(wrong.value)
    assert column in str(wrong.value)


@pytest.mark.parametrize(
    ("as_of", "problem"),
    [
        ("SELECT max(posted) FROM transactions", "fails"),
        ("SELECT NULL", "returns no date"),
        ("SELECT content FROM read_text('/etc/hostname')", "fails"),
        ("SELECT 'soon'", "fails"),
    ],
)
def test_an_as_of_query_without_a_date_is_wrong_usage(
    desk: Callable[..., tuple[ImportReport, Path]], as_of: str, problem: str
) -> None:
    with pytest.raises(WrongUsageError, match=f"as_of in the mapping {problem}"):
        desk(mapping=MAPPING.replace("SELECT max(posted_on) + 1 FROM transactions", as_of))


def test_as_of_may_be_a_date_or_absent(desk: Callable[..., tuple[ImportReport, Path]]) -> None:
    query = 'as_of = "SELECT max(posted_on) + 1 FROM transactions"'
    assert desk(mapping=MAPPING.replace(query, "as_of = 2026-03-01"))[0].as_of == date(2026, 3, 1)
    assert desk(mapping=MAPPING.replace(query, ""))[0].as_of is None


def test_an_import_replaces_what_an_import_made_and_nothing_else(
    desk: Callable[..., tuple[ImportReport, Path]], tmp_path: Path
) -> None:
    desk()
    report, out = desk({"desk.csv": HEADER + PAID})
    assert report.rows_written["accounts"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mapping.toml", "out", "source"]
    (out / "import_report.json").unlink()
    with pytest.raises(WrongUsageError, match="was not made by this command"):
        desk()
    assert (out / "accounts.parquet").exists()


def test_a_refused_import_leaves_the_previous_one_untouched(desk: Callable[..., tuple[ImportReport, Path]]) -> None:
    _, out = desk()
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(ExtractRefusedError, match="rows that differ"):
        desk({"desk.csv": HEADER + PAID + PAID.replace("G1", "G2")})
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_missing_source_is_wrong_usage(desk: Callable[..., tuple[ImportReport, Path]]) -> None:
    with pytest.raises(WrongUsageError, match="no such file or folder"):
        desk(source="nothing.csv")
    with pytest.raises(WrongUsageError, match=r"no file in .* matches 'x\*\.csv'"):
        desk(mapping=MAPPING.replace("[[accounts]]", '[[accounts]]\nfile = "x*.csv"'))
    with pytest.raises(WrongUsageError, match="is outside the source folder"):
        desk(mapping=MAPPING.replace("[[accounts]]", '[[accounts]]\nfile = "../*.csv"'))


def test_one_file_is_a_source_too(desk: Callable[..., tuple[ImportReport, Path]]) -> None:
    report, _ = desk(source="desk.csv")
    assert report.rows_written == {"accounts": 301, "transactions": 302}
