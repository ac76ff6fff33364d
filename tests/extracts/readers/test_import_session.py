"""Every record of every source has exactly one outcome, and a reader that loses one is stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.errors import ExtractRefusedError, PayrankError, WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.report import ImportReport
from payrank.extracts.readers.session.run_import import run_import
from payrank.extracts.readers.session.source_table import SourceTable
from tests.required import required

ROWS = "id,who,day,amount\n" + "".join(f"{n:03},G{n},2026-01-05 00:00:00,{n}.50\n" for n in range(200))
ACCOUNTS = (
    "SELECT id AS account_id, who AS guarantor_id, day(day) AS opened_on, source_line FROM {} ORDER BY source_line"
)


@pytest.fixture
def import_files(tmp_path: Path) -> Callable[..., ImportReport]:
    """Run an import over source files with a reader given as a function of session and staged sources."""

    def run(files: Any, read: Any, system: str = "test") -> ImportReport:
        folder = tmp_path / "source"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")

        def fill(session: ImportSession) -> None:
            read(session, *[session.stage(folder / name) for name in files])

        as_of = "SELECT max(opened_on) + 1 FROM accounts"
        return run_import(tmp_path / "out", fill, source_system=system, as_of=as_of)

    return run


def test_records_are_loaded_skipped_used_for_reference_or_quarantined_and_add_up(
    import_files: Callable[..., ImportReport],
) -> None:
    def read(session: ImportSession, rows: SourceTable, names: SourceTable) -> None:
        session.load("accounts", rows, ACCOUNTS.format(rows.relation).replace("ORDER", "WHERE id > '009' ORDER"))
        session.skip(rows, "too old", f"SELECT source_line FROM {rows.relation} WHERE id <= '009'")
        session.mark_reference(names)

    report = import_files({"rows.csv": ROWS + "200,G,no day,1\n", "names.csv": "a,b\n1,2\n3,4\n"}, read)
    rows, names = report.files
    assert (rows.records, rows.loaded, dict(rows.skipped), rows.quarantined) == (201, 190, {"too old": 10}, 1)
    assert (names.records, names.reference) == (2, 2)
    assert str(report.as_of) == "2026-01-06"


def test_a_record_without_an_outcome_is_a_bug_in_the_reader(
    import_files: Callable[..., ImportReport], tmp_path: Path
) -> None:
    def read(session: ImportSession, rows: SourceTable) -> None:
        session.load("accounts", rows, ACCOUNTS.format(rows.relation).replace("ORDER", "WHERE id <> '007' ORDER"))

    with pytest.raises(PayrankError, match=r"rows\.csv: the counts of its records do not add up"):
        import_files({"rows.csv": ROWS}, read)
    assert not (tmp_path / "out").exists()


def test_a_record_both_skipped_and_loaded_counts_once_as_loaded(import_files: Callable[..., ImportReport]) -> None:
    def read(session: ImportSession, rows: SourceTable) -> None:
        session.skip(rows, "all of them", f"SELECT source_line FROM {rows.relation}")
        session.load("accounts", rows, ACCOUNTS.format(rows.relation).replace("ORDER", "WHERE id < '150' ORDER"))

    (rows,) = import_files({"rows.csv": ROWS}, read).files
    assert (rows.loaded, dict(rows.skipped)) == (150, {"all of them": 50})


def test_reported_lines_are_physical_with_multiline_records_and_blank_lines(
    import_files: Callable[..., ImportReport], tmp_path: Path
) -> None:
    text = (
        "id,who,day,amount\n"
        + '001,"a\nb",2026-01-05,1\n\n002,G,soon,1\n'
        + "".join(f"{n},G,2026-01-05,1\n" for n in range(100, 300))
    )

    def read(session: ImportSession, rows: SourceTable) -> None:
        session.load("accounts", rows, ACCOUNTS.format(rows.relation))

    import_files({"rows.csv": text}, read)
    quarantine = (tmp_path / "out" / "import_quarantine.csv").read_text().splitlines()
    assert quarantine[1:] == ["accounts,002,opened_on,date,rows.csv,5"]


def test_over_one_percent_broken_records_in_a_reference_file_refuses(import_files: Callable[..., ImportReport]) -> None:
    def read(session: ImportSession, rows: SourceTable, names: SourceTable) -> None:
        session.load("accounts", rows, ACCOUNTS.format(rows.relation))
        session.mark_reference(names)

    with pytest.raises(ExtractRefusedError, match=r"names\.csv: 1 of 2 rows cannot be imported"):
        import_files({"rows.csv": ROWS, "names.csv": "a,b\n1,2\n3\n"}, read)


def test_a_column_named_source_line_is_refused(import_files: Callable[..., ImportReport]) -> None:
    with pytest.raises(ExtractRefusedError, match="has a column named source_line"):
        import_files({"rows.csv": "source_line,b\n1,2\n"}, lambda *_: None)


BALANCES = (
    "SELECT id AS account_id, 'patient' AS responsibility, {} AS balance, source_line FROM {} ORDER BY source_line"
)
LEDGER = (
    "SELECT 'T' || id AS transaction_id, id AS account_id, day(day) AS posted_on, 'charge' AS kind, amount, "
    "'patient' AS responsibility, source_line FROM {} ORDER BY source_line"
)


def test_stated_balances_are_reconciled_to_the_cent_and_mismatches_are_listed(
    import_files: Callable[..., ImportReport], tmp_path: Path
) -> None:
    def read(session: ImportSession, rows: SourceTable) -> None:
        session.load("accounts", rows, ACCOUNTS.format(rows.relation))
        session.load("transactions", rows, LEDGER.format(rows.relation))
        off = "CASE WHEN id = '007' THEN '7.51' ELSE amount END"
        session.load("stated_balances", rows, BALANCES.format(off, rows.relation))

    report = import_files({"rows.csv": ROWS}, read)
    balances = required(report.reconciliation)
    assert (balances.stated, balances.matched, balances.mismatched, balances.unstated) == (200, 199, 1, 0)
    listed = tmp_path / "out" / "import_unreconciled.csv"
    assert listed.read_text() == "account_id,responsibility,stated,ledger\n007,patient,7.51,7.50\n"
    assert listed.stat().st_mode & 0o777 == 0o600
    with load_extract(tmp_path / "out") as extract:
        assert not [notice for notice in extract.notices if "stated_balances" in notice]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2018-08-13 00:00:00", "2018-08-13"),
        ("2018-08-13T00:00:00Z", "2018-08-13"),
        ("8/3/2018 12:00:00 AM", "2018-08-03"),
        ("13/13/2018", "13/13/2018"),
        ("2018-08-13 10:30:00", "2018-08-13 10:30:00"),
        (None, None),
    ],
)
def test_day_removes_midnight_and_nothing_else(
    import_files: Callable[..., ImportReport], text: str | None, read: str | None
) -> None:
    seen = []

    def fill(session: ImportSession, rows: SourceTable) -> None:
        seen.append(session.connection.execute("SELECT day(?::VARCHAR)", [text]).fetchall())
        session.load("accounts", rows, ACCOUNTS.format(rows.relation))

    import_files({"rows.csv": ROWS}, fill)
    assert seen == [[(read,)]]


@pytest.mark.parametrize(("text", "turned"), [("12.50", "-12.50"), ("-3", "3"), ("(3)", "(3)"), ("", "")])
def test_negated_reverses_the_sign_of_numbers_only(
    import_files: Callable[..., ImportReport], text: str, turned: str
) -> None:
    seen = []

    def fill(session: ImportSession, rows: SourceTable) -> None:
        seen.append(session.connection.execute("SELECT negated(?)", [text]).fetchall())
        session.load("accounts", rows, ACCOUNTS.format(rows.relation))

    import_files({"rows.csv": ROWS}, fill)
    assert seen == [[(turned,)]]


HALVES = (
    "SELECT id || '{0}' AS transaction_id, id AS account_id, day(day) AS posted_on, 'transfer' AS kind, {1} AS amount, "
    "'{2}' AS responsibility, source_line FROM {3}"
)


def sums(tmp_path: Path, query: str = "SELECT count(*), sum(amount) FROM transactions") -> Any:
    with load_extract(tmp_path / "out") as extract:
        return extract.connection.execute(query).fetchall()[0]


def assert_adds_up(report: ImportReport) -> None:
    for file in report.files:
        assert file.records == file.loaded + file.reference + sum(file.skipped.values()) + file.quarantined
    for block in report.blocks:
        assert block.records == block.loaded + block.skipped + block.quarantined
    for table, rows in report.rows_written.items():
        assert rows == sum(block.rows_written for block in report.blocks if block.table == table)


def test_a_broken_row_keeps_the_other_rows_of_its_record_out(
    import_files: Callable[..., ImportReport], tmp_path: Path
) -> None:
    def read(session: ImportSession, rows: SourceTable) -> None:
        session.load("accounts", rows, ACCOUNTS.format(rows.relation))
        minus = HALVES.format(
            "i", "CASE id WHEN '007' THEN '-7.505' ELSE negated(amount) END", "insurance", rows.relation
        )
        plus = HALVES.format("p", "amount", "patient", rows.relation)
        session.load("transactions", rows, f"{minus} UNION ALL {plus} ORDER BY source_line, transaction_id")

    report = import_files({"rows.csv": ROWS}, read)
    assert sums(tmp_path) == (398, 0)
    assert report.rows_written == {"accounts": 200, "transactions": 398}
    (rows,) = report.files
    assert (rows.loaded, rows.quarantined) == (199, 1)
    assert "transactions: 1 row left out because another row of the same record is quarantined" in report.notices
    assert_adds_up(report)


def test_a_quarantined_record_adds_no_ledger_row_whichever_table_it_broke(
    import_files: Callable[..., ImportReport], tmp_path: Path
) -> None:
    def read(session: ImportSession, rows: SourceTable) -> None:
        session.load("transactions", rows, HALVES.format("p", "amount", "patient", rows.relation))
        minus = HALVES.format(
            "i", "CASE id WHEN '007' THEN '-7.505' ELSE negated(amount) END", "insurance", rows.relation
        )
        session.load("transactions", rows, minus)
        opened = "CASE id WHEN '009' THEN 'soon' ELSE day(day) END"
        session.load("accounts", rows, ACCOUNTS.replace("day(day)", opened).format(rows.relation))

    report = import_files({"rows.csv": ROWS}, read)
    assert sums(tmp_path) == (396, 0)
    assert report.rows_written == {"accounts": 199, "transactions": 396}  # an account's row describes, and stands
    assert report.files[0].quarantined == 2
    counts = [(block.loaded, block.quarantined, block.rows_written) for block in report.blocks]
    assert counts == [(198, 2, 198), (198, 2, 198), (199, 1, 199)]
    assert_adds_up(report)


def test_rows_left_out_count_toward_the_one_percent(import_files: Callable[..., ImportReport]) -> None:
    def read(session: ImportSession, rows: SourceTable) -> None:
        session.load("accounts", rows, ACCOUNTS.format(rows.relation))
        many = f"FROM {rows.relation} CROSS JOIN range(3)"
        query = LEDGER.format(rows.relation).replace(f"FROM {rows.relation}", many)
        query = query.replace("'T' || id", "'T' || id || range").replace(
            "amount,", "CASE WHEN id IN ('007', '008') AND range = 0 THEN '1.005' ELSE amount END AS amount,", 1
        )
        session.load("transactions", rows, query.replace("ORDER BY source_line", "AS n ORDER BY source_line, range"))

    with pytest.raises(
        ExtractRefusedError, match=r"transactions: 6 of 597 rows cannot be imported \(1\.0%\)"
    ) as refused:
        import_files({"rows.csv": ROWS.replace("\n199,G199,2026-01-05 00:00:00,199.50", "")}, read)
    assert "4 rows because another row of the same record is quarantined" in str(refused.value)
    assert "Correct the source, and import again" in str(refused.value)


def test_a_duplicate_row_is_skipped_and_written_once(import_files: Callable[..., ImportReport], tmp_path: Path) -> None:
    def read(session: ImportSession, *sources: Any) -> None:
        for source in sources:
            session.load("accounts", source, ACCOUNTS.format(source.relation))

    report = import_files({"a.csv": ROWS, "b.csv": ROWS.replace("199,G199", "300,G300")}, read)
    assert report.rows_written == {"accounts": 201}
    assert [(file.loaded, dict(file.skipped)) for file in report.files] == [
        (200, {}),
        (1, {"duplicate of another row": 199}),
    ]
    assert "accounts: 199 of 400 rows are exact duplicates and were written once" in report.notices
    with load_extract(tmp_path / "out") as extract:
        assert extract.tables["accounts"].rows_read == 201
        assert extract.metadata.control_totals["accounts"].rows == 201
    assert_adds_up(report)


def test_a_record_whose_account_is_known_but_whose_entry_is_new_stays_loaded(
    import_files: Callable[..., ImportReport],
) -> None:
    def read(session: ImportSession, rows: SourceTable) -> None:
        session.load(
            "accounts", rows, ACCOUNTS.replace("id AS", "left(id, 1) AS").replace("who", "'G'").format(rows.relation)
        )
        session.load("transactions", rows, LEDGER.format(rows.relation))

    report = import_files({"rows.csv": ROWS}, read)
    assert report.rows_written == {"accounts": 2, "transactions": 200}
    assert (report.files[0].loaded, dict(report.files[0].skipped)) == (200, {})
    assert (report.blocks[0].loaded, report.blocks[0].skipped, report.blocks[0].rows_written) == (2, 198, 2)
    assert_adds_up(report)


def test_one_key_with_different_rows_refuses_with_both_files_and_lines(
    import_files: Callable[..., ImportReport], tmp_path: Path
) -> None:
    def read(session: ImportSession, *sources: Any) -> None:
        for source in sources:
            session.load("accounts", source, ACCOUNTS.format(source.relation))

    with pytest.raises(
        ExtractRefusedError, match=r"accounts: 200 keys \(account_id\) with rows that differ"
    ) as refused:
        import_files({"a.csv": ROWS, "b.csv": ROWS.replace(",G", ",H")}, read)
    assert ": a.csv line 2 and b.csv line 2; a.csv line 3 and b.csv line 3;" in str(refused.value)
    assert "a.csv line 6 and b.csv line 6 and others" in str(refused.value)
    assert "a.csv line 7" not in str(refused.value)
    assert "parquet" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_keys_that_look_like_formulas_are_defused_in_the_lists_for_people(
    import_files: Callable[..., ImportReport], tmp_path: Path
) -> None:
    def read(session: ImportSession, rows: SourceTable) -> None:
        session.load("accounts", rows, ACCOUNTS.format(rows.relation))
        session.load("transactions", rows, LEDGER.replace("'T' ||", "").format(rows.relation))
        off = "CASE WHEN id LIKE '=%' THEN '7.51' ELSE amount END"
        session.load("stated_balances", rows, BALANCES.format(off, rows.relation))

    hostile = "=cmd|calc!A1,G,2026-01-05,1.00\n@SUM(1),G,2026-01-05,1.005\n"
    import_files({"rows.csv": ROWS + hostile}, read)
    mismatches = (tmp_path / "out" / "import_unreconciled.csv").read_text()
    assert mismatches.splitlines()[1:] == ["'=cmd|calc!A1,patient,7.51,1.00"]
    assert "transactions,'@SUM(1),amount,money,rows.csv,203" in (tmp_path / "out" / "import_quarantine.csv").read_text()
    with load_extract(tmp_path / "out") as extract:  # the tables keep ids to the letter
        ids = extract.connection.execute("SELECT account_id FROM transactions WHERE account_id LIKE '=%'").fetchall()
    assert ids == [("=cmd|calc!A1",)]


def read_accounts(session: ImportSession, rows: SourceTable) -> None:
    session.load("accounts", rows, ACCOUNTS.format(rows.relation))


def test_an_import_replaces_an_import_of_the_same_system(import_files: Callable[..., ImportReport]) -> None:
    import_files({"rows.csv": ROWS}, read_accounts)
    assert import_files({"rows.csv": ROWS[:-1] + "9\n"}, read_accounts).rows_written == {"accounts": 200}


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda out: (out / "notes.txt").write_text("mine"), r"has files that an import does not write: notes\.txt"),
        (lambda out: (out / "more").mkdir(), r"has files that an import does not write: more"),
        (
            lambda out: (out / "denials.csv").write_text("denial_id\n"),
            r"has files that an import does not write: denials\.csv",
        ),
        (lambda out: (out / "extract.toml").write_text("as_of = 2026-05-01\n"), r"its extract\.toml was edited since"),
        (
            lambda out: (out / "import_report.json").write_text("[]"),
            r"its import_report\.json was not written by an import",
        ),
    ],
)
def test_an_import_destroys_nothing_else(
    import_files: Callable[..., ImportReport], tmp_path: Path, spoil: Callable[..., Any], problem: str
) -> None:
    import_files({"rows.csv": ROWS}, read_accounts)
    spoil(tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir() if path.is_file()}
    with pytest.raises(WrongUsageError, match=problem):
        import_files({"rows.csv": ROWS}, read_accounts)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir() if path.is_file()} == before


def test_an_import_of_another_system_is_not_replaced(import_files: Callable[..., ImportReport]) -> None:
    import_files({"rows.csv": ROWS}, read_accounts)
    with pytest.raises(WrongUsageError, match="was made by an import from test, and this one is from other"):
        import_files({"rows.csv": ROWS}, read_accounts, system="other")


def test_one_date_in_the_far_future_does_not_make_an_extract_fresh(import_files: Callable[..., ImportReport]) -> None:
    report = import_files({"rows.csv": ROWS + "200,G,2099-12-31,1\n"}, read_accounts)
    assert str(report.as_of) == "2026-01-06"
    assert any(notice.startswith("1 row dated more than 366 days after 99.9% of the rows") for notice in report.notices)
    assert report.rows_written == {"accounts": 201}


def test_an_import_without_dates_is_refused_without_mentioning_a_mapping(
    import_files: Callable[..., ImportReport],
) -> None:
    def read(session: ImportSession, rows: SourceTable) -> None:
        query = "SELECT id AS denial_id, day(day) AS denied_on, source_line FROM "
        session.load("denials", rows, query + rows.relation)

    with pytest.raises(WrongUsageError, match="as_of: the query over the imported rows returns no date") as wrong:
        import_files({"rows.csv": ROWS}, read)
    assert "mapping" not in str(wrong.value)
