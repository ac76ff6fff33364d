"""Bad input in the mapped import, from the file to the loaded extract: kept, quarantined by line, or refused."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.csv import raw_bytes as csv_bytes
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.mapped.import_csv import import_csv
from payrank.extracts.readers.mapped.suggest.suggest_mapping import suggest_mapping
from payrank.extracts.readers.session.report import ImportReport

pytestmark = pytest.mark.slow

HEADER = "Account,Guarantor,Opened,Payer,Balance\n"
ROWS = "".join(f"{n:05},G{n % 7},01/{n % 28 + 1:02}/2026,AETNA,{n}.50\n" for n in range(300))
LAST = 302
"""Physical line after the header and the good rows."""

MAPPING = """
[[accounts]]
account_id = "Account"
guarantor_id = "Guarantor"
opened_on = "day(Opened, 'm/d/y')"
[[coverages]]
where = "Payer IS NOT NULL"
account_id = "Account"
payer_id = "Payer"
priority = "1"
known_on = "day(Opened, 'm/d/y')"
[[transactions]]
transaction_id = "Account"
account_id = "Account"
posted_on = "day(Opened, 'm/d/y')"
kind = "'charge'"
amount = "dollars(Balance)"
responsibility = "'patient'"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Callable[..., tuple[ImportReport, Path, Any]]:
    """Write files and import them by the mapping above, with options of [csv]; give report, folder, broken rows."""

    def run(files: Any, options: str = "") -> tuple[ImportReport, Path, Any]:
        folder = tmp_path / "source"
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        mapping = tmp_path / "mapping.toml"
        mapping.write_text((f"[csv]\n{options}\n" if options else "") + MAPPING, encoding="utf-8")
        report = import_csv(folder, tmp_path / "out", mapping)
        broken = (tmp_path / "out" / "import_quarantine.csv").read_text().splitlines()[1:]
        for file in report.files:
            accounted = file.loaded + file.reference + file.quarantined + sum(file.skipped.values())
            assert file.same_as is not None or file.records == accounted
        return report, tmp_path / "out", broken

    return run


def ask(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with load_extract(folder) as extract:
        return extract.connection.execute(query).fetchall()


def test_ids_are_exact_next_to_nulls_and_words_that_look_like_nulls(
    desk: Callable[..., tuple[ImportReport, Path, Any]],
) -> None:
    rows = "00123,12345678901234567,01/05/2026,NA,1\n12345678901234568,NaN,01/05/2026,None,1\n"
    rows += "null,1e5,01/05/2026,,1\nTRUE,0x1F,01/05/2026,NULL,1\n"
    _, out, broken = desk({"desk.csv": HEADER + rows})
    assert broken == []
    assert ask(out, "SELECT account_id, guarantor_id FROM accounts ORDER BY rowid") == [
        ("00123", "12345678901234567"),
        ("12345678901234568", "NaN"),
        ("null", "1e5"),
        ("TRUE", "0x1F"),
    ]
    assert ask(out, "SELECT payer_id FROM coverages ORDER BY payer_id") == [("NA",), ("NULL",), ("None",)]


@pytest.mark.parametrize(
    ("balance", "expected"),
    [
        ('"($1,234.50)"', Decimal("-1234.50")),
        ('"1,234.5-"', Decimal("-1234.50")),
        ("12.345", None),
        ('"1,23.00"', None),
        ("1.234.50", None),
        ("--5", None),
        ("(5", None),
        ("USD 5", None),
        ("12345678901234567", None),
    ],
)
def test_money_is_read_in_common_formats_or_quarantined_by_line(
    desk: Callable[..., tuple[ImportReport, Path, Any]], balance: str, expected: Decimal | None
) -> None:
    _, out, broken = desk({"desk.csv": f"{HEADER}{ROWS}X,G1,01/05/2026,AETNA,{balance}\n"})
    rows_read = ask(out, "SELECT amount FROM transactions WHERE account_id = 'X'")
    assert rows_read == ([] if expected is None else [(expected,)])
    assert broken == ([] if expected else [f"transactions,X,amount,expression,desk.csv,{LAST}"])


@pytest.mark.parametrize(
    ("opened", "rule"),
    [
        ("13/01/2026", "expression"),
        ("02/30/2026", "expression"),
        ("2026-01-05", "expression"),
        ("1/5/26", "expression"),
        ("01/05/2026 00:00", "expression"),
        ("01-05-2026", "expression"),
        ("46027", "expression"),
        ("12/31/9999", "sentinel_date"),
        ("01/01/1900", "sentinel_date"),
        ("01/01/1800", "date_out_of_range"),
        ("", "required"),
    ],
)
def test_a_date_in_another_format_is_quarantined_and_never_guessed(
    desk: Callable[..., tuple[ImportReport, Path, Any]], opened: str, rule: str
) -> None:
    _, out, broken = desk({"desk.csv": f"{HEADER}{ROWS}X,G1,{opened},AETNA,1\n"})
    assert f"accounts,X,opened_on,{rule},desk.csv,{LAST}" in broken
    assert len(broken) == 3
    assert ask(out, "SELECT count(*) FROM accounts") == [(300,)]


def test_a_column_with_both_date_orders_is_refused_if_many_rows_do_not_fit(
    desk: Callable[..., tuple[ImportReport, Path, Any]],
) -> None:
    mixed = "".join(f"Y{n},G1,{n % 16 + 13}/01/2026,AETNA,1\n" for n in range(40))
    with pytest.raises(ExtractRefusedError, match=r"expression in opened_on 40 times in desk\.csv, first in line 302"):
        desk({"desk.csv": HEADER + ROWS + mixed})


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ("d/m/y", "05/01/2026"),
        ("m/d/yy", "1/5/26"),
        ("d-mon-y", "05-JAN-2026"),
        ("d.m.y", "5.1.2026"),
        ("ymd", "20260105"),
        ("y-m-d time", "2026-01-05T23:59:59Z"),
        ("m/d/y time", "1/5/2026 11:59:59 PM"),
        ("excel", "46027.99"),
        ("excel-1904", "44565"),
    ],
)
def test_each_declared_format_reads_its_own_dates(
    desk: Callable[..., tuple[ImportReport, Path, Any]], order: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / "day.csv").write_text(f"{HEADER}X,G1,{text},AETNA,1\n")
    (tmp_path / "day.toml").write_text(MAPPING.replace("m/d/y", order))
    import_csv(tmp_path / "day.csv", tmp_path / "day", tmp_path / "day.toml")
    assert ask(tmp_path / "day", "SELECT opened_on FROM accounts") == [(date(2026, 1, 5),)]


@pytest.mark.parametrize(
    ("content", "options", "problem"),
    [
        (b"", "", "the file is empty, without a header"),
        ((HEADER + ROWS).encode("utf-16"), "", "UTF-16"),
        ((HEADER + "M\u00fcller,G1,01/05/2026,,1\n").encode("cp1252"), "", "line 2 is not UTF-8"),
        ((HEADER + "M\u00fcller,G1,01/05/2026,,1\n").encode(), 'encoding = "ascii"', "is not ascii text, at line"),
        ((HEADER + "a\0,G1,01/05/2026,,1\n").encode(), "", "NUL byte in line 2"),
        ((HEADER + ROWS).replace("\n", "\r").encode(), "", "lone carriage return"),
        ((HEADER + ROWS).replace(",", "\t").encode(), "", "separated by a tab"),
        ((HEADER + ROWS).replace(",", "|").encode(), "", "separated by pipes"),
        ((HEADER + ROWS).encode(), 'delimiter = "|"', "separated by commas"),
        (b"Account,Guarantor,account\n", "", "have the same name as another"),
        (b"Account,,Opened\n", "", "a column without a name"),
        ((HEADER + ROWS + "X,G1,01/0").encode(), "", "the file was truncated"),
        ((HEADER + ROWS + 'X,G1,01/05/2026,"AETNA').encode(), "", "the file was truncated"),
    ],
)
def test_an_ambiguous_file_is_refused_by_name_and_nothing_is_written(
    desk: Callable[..., tuple[ImportReport, Path, Any]], content: bytes, options: str, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(ExtractRefusedError, match=problem) as refused:
        desk({"desk.csv": content}, options)
    assert str(refused.value).startswith("desk.csv: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("encoding", "options", "delimiter"),
    [
        ("utf-8-sig", "", ","),
        ("utf-16", 'encoding = "utf-16"', ","),
        ("utf-16-le", 'encoding = "utf-16-le"', ","),
        ("cp1252", 'encoding = "cp1252"', ","),
        ("utf-8", 'delimiter = "\\t"', "\t"),
        ("utf-8", 'delimiter = "|"', "|"),
    ],
)
def test_declared_options_are_applied_with_correct_line_numbers(
    desk: Callable[..., tuple[ImportReport, Path, Any]], encoding: str, options: str, delimiter: str
) -> None:
    text = (HEADER + ROWS + "M\u00fcller,G1,never,AETNA,1\n").replace(",", delimiter)
    _, out, broken = desk({"desk.csv": text.encode(encoding)}, options)
    assert broken[0] == f"accounts,M\u00fcller,opened_on,expression,desk.csv,{LAST}"
    assert ask(out, "SELECT count(*) FROM accounts") == [(300,)]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ('"X,G1,01/05/2026,AETNA,1\n', "unclosed_quote"),
        ('X"x"y,G1,01/05/2026,AETNA,1\n', "stray_quote"),
        ("X,G1,01/05/2026\n", "missing_columns"),
        ("X,G1,01/05/2026,AETNA,1,\n", "too_many_columns"),
        ("X,G1,01/05/2026,AE\rTNA,1\n", "stray_carriage_return"),
    ],
)
def test_a_broken_record_costs_only_itself_in_every_table(
    desk: Callable[..., tuple[ImportReport, Path, Any]], row: str, rule: str
) -> None:
    report, _, broken = desk({"desk.csv": HEADER + row + ROWS})
    assert broken == [f"{table},,,{rule},desk.csv,2" for table in ("accounts", "coverages", "transactions")]
    assert report.files[0].quarantined == 1
    assert report.rows_written == {"accounts": 300, "coverages": 300, "transactions": 300}


@pytest.mark.parametrize("options", ["", 'encoding = "cp1252"'])
@pytest.mark.parametrize("keep", [0.2, 0.9, 0.999])
def test_a_truncated_gzip_is_refused_in_any_encoding(
    desk: Callable[..., tuple[ImportReport, Path, Any]], keep: float, options: str
) -> None:
    whole = gzip.compress((HEADER + ROWS).encode())
    with pytest.raises(ExtractRefusedError, match="truncated or damaged gzip"):
        desk({"desk.csv.gz": whole[: int(len(whole) * keep)]}, options)


@pytest.mark.parametrize("options", ["", 'encoding = "cp1252"'])
def test_a_gzip_bomb_is_refused_before_it_expands_in_any_encoding(
    desk: Callable[..., tuple[ImportReport, Path, Any]], options: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(csv_bytes, "BOMB_BYTES", 1 << 20)
    bomb = gzip.compress((HEADER + "x,G1,01/05/2026,AETNA,1\n" * 400_000).encode())
    with pytest.raises(ExtractRefusedError, match="a bomb"):
        desk({"desk.csv.gz": bomb}, options)
    with pytest.raises(ExtractRefusedError, match="a bomb"):
        suggest_mapping(tmp_path / "source" / "desk.csv.gz")


def test_an_exact_duplicate_counts_once_and_a_different_row_refuses(
    desk: Callable[..., tuple[ImportReport, Path, Any]],
) -> None:
    report, out, _ = desk({"desk.csv": HEADER + ROWS + ROWS.splitlines(keepends=True)[7]})
    assert any("exact duplicates" in notice for notice in report.notices)
    assert ask(out, "SELECT count(*), count(DISTINCT transaction_id) FROM transactions") == [(300, 300)]
    with pytest.raises(ExtractRefusedError, match="rows that differ") as refused:
        desk({"desk.csv": HEADER + ROWS + "00007,G9,01/08/2026,AETNA,7.50\n"})
    assert "00007" not in str(refused.value)


def test_a_file_with_only_a_header_has_no_rows_and_refuses_an_empty_extract(
    desk: Callable[..., tuple[ImportReport, Path, Any]],
) -> None:
    report, _, _ = desk({"a.csv": HEADER + ROWS, "b.csv": HEADER})
    assert [file.records for file in report.files] == [300, 0]
    with pytest.raises(ExtractRefusedError, match="the extract is empty"):
        desk({"a.csv": HEADER, "b.csv": HEADER})


def test_stated_balances_without_an_account_change_nothing(
    desk: Callable[..., tuple[ImportReport, Path, Any]], tmp_path: Path
) -> None:
    desk({"a.csv": HEADER + ROWS})
    stated = '[[stated_balances]]\nwhere = "Payer = \'nobody\'"\naccount_id = "Account"\nbalance = "dollars(Balance)"\n'
    (tmp_path / "mapping.toml").write_text(MAPPING + stated)
    report = import_csv(tmp_path / "source", tmp_path / "out", tmp_path / "mapping.toml")
    assert report.reconciliation is not None
    assert (report.reconciliation.stated, report.reconciliation.mismatched, report.reconciliation.unstated) == (
        0,
        0,
        300,
    )


def test_the_same_file_under_two_names_is_read_once_plain_or_compressed(
    desk: Callable[..., tuple[ImportReport, Path, Any]],
) -> None:
    packed = gzip.compress((HEADER + ROWS).encode(), mtime=0)
    report, _, _ = desk({"a.csv": HEADER + ROWS, "b.csv": HEADER + ROWS, "c.csv.gz": packed, "d.csv.gz": packed})
    assert [(file.name, file.same_as) for file in report.files] == [
        ("a.csv", None),
        ("b.csv", "a.csv"),
        ("c.csv.gz", None),
        ("d.csv.gz", "c.csv.gz"),
    ]


def test_no_message_or_report_contains_a_value_from_a_row(
    desk: Callable[..., tuple[ImportReport, Path, Any]], tmp_path: Path
) -> None:
    bad = "".join(f"hush{n},secret,never,AETNA,much\n" for n in range(40))
    with pytest.raises(ExtractRefusedError) as refused:
        desk({"desk.csv": HEADER + ROWS + bad})
    desk({"desk.csv": HEADER + ROWS + "hush,secret,never,AETNA,much\n"})
    output = (tmp_path / "out" / "import_report.json").read_text() + str(refused.value)
    assert not [word for word in ("hush", "secret", "never", "much") if word in output]
