"""Every record of every source has exactly one fate, and a reader that loses one is stopped."""

from __future__ import annotations

import pytest

from extracts.errors import ExtractRefused, PayrankError
from extracts.load import load_extract
from extracts.readers.run_import import run_import

ROWS = "id,who,day,amount\n" + "".join(f"{n:03},G{n},2026-01-05 00:00:00,{n}.50\n" for n in range(200))
ACCOUNTS = (
    "SELECT id AS account_id, who AS guarantor_id, day(day) AS opened_on, source_line FROM {} ORDER BY source_line"
)


@pytest.fixture
def land(tmp_path):
    """Run an import over source files with a reader given as a function of landing and staged sources."""

    def run(files, read):
        folder = tmp_path / "source"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")

        def fill(landing):
            read(landing, *[landing.stage(folder / name) for name in files])

        return run_import(tmp_path / "out", fill, source_system="test", as_of="SELECT max(opened_on) + 1 FROM accounts")

    return run


def test_records_are_loaded_set_aside_looked_up_or_quarantined_and_add_up(land):
    def read(landing, rows, names):
        landing.land("accounts", rows, ACCOUNTS.format(rows.relation).replace("ORDER", "WHERE id > '009' ORDER"))
        landing.set_aside(rows, "too old", f"SELECT source_line FROM {rows.relation} WHERE id <= '009'")
        landing.look_up(names)

    report = land({"rows.csv": ROWS + "200,G,no day,1\n", "names.csv": "a,b\n1,2\n3,4\n"}, read)
    rows, names = report.files
    assert (rows.records, rows.loaded, dict(rows.set_aside), rows.quarantined) == (201, 190, {"too old": 10}, 1)
    assert (names.records, names.looked_up) == (2, 2)
    assert str(report.as_of) == "2026-01-06"


def test_a_record_without_a_fate_is_a_fault_of_the_reader(land, tmp_path):
    def read(landing, rows):
        landing.land("accounts", rows, ACCOUNTS.format(rows.relation).replace("ORDER", "WHERE id <> '007' ORDER"))

    with pytest.raises(PayrankError, match=r"rows\.csv: the account of its records does not add up"):
        land({"rows.csv": ROWS}, read)
    assert not (tmp_path / "out").exists()


def test_a_record_set_aside_and_landed_counts_once_as_loaded(land):
    def read(landing, rows):
        landing.set_aside(rows, "all of them", f"SELECT source_line FROM {rows.relation}")
        landing.land("accounts", rows, ACCOUNTS.format(rows.relation).replace("ORDER", "WHERE id < '150' ORDER"))

    (rows,) = land({"rows.csv": ROWS}, read).files
    assert (rows.loaded, dict(rows.set_aside)) == (150, {"all of them": 50})


def test_lines_named_are_physical_where_records_span_lines_and_blank_lines_stand_between(land, tmp_path):
    text = (
        "id,who,day,amount\n"
        + '001,"a\nb",2026-01-05,1\n\n002,G,soon,1\n'
        + "".join(f"{n},G,2026-01-05,1\n" for n in range(100, 300))
    )

    def read(landing, rows):
        landing.land("accounts", rows, ACCOUNTS.format(rows.relation))

    land({"rows.csv": text}, read)
    quarantine = (tmp_path / "out" / "import_quarantine.csv").read_text().splitlines()
    assert quarantine[1:] == ["accounts,002,opened_on,date,rows.csv,5"]


def test_over_one_percent_of_a_looked_up_file_that_is_no_record_refuses(land):
    def read(landing, rows, names):
        landing.land("accounts", rows, ACCOUNTS.format(rows.relation))
        landing.look_up(names)

    with pytest.raises(ExtractRefused, match=r"names\.csv: 1 of 2 rows cannot be imported"):
        land({"rows.csv": ROWS, "names.csv": "a,b\n1,2\n3\n"}, read)


def test_a_column_named_like_the_place_of_a_record_is_refused(land):
    with pytest.raises(ExtractRefused, match="has a column source_line"):
        land({"rows.csv": "source_line,b\n1,2\n"}, lambda *_: None)


BALANCES = (
    "SELECT id AS account_id, 'patient' AS responsibility, {} AS balance, source_line FROM {} ORDER BY source_line"
)
LEDGER = (
    "SELECT 'T' || id AS transaction_id, id AS account_id, day(day) AS posted_on, 'charge' AS kind, amount, "
    "'patient' AS responsibility, source_line FROM {} ORDER BY source_line"
)


def test_stated_balances_are_tied_to_the_cent_and_the_others_listed(land, tmp_path):
    def read(landing, rows):
        landing.land("accounts", rows, ACCOUNTS.format(rows.relation))
        landing.land("transactions", rows, LEDGER.format(rows.relation))
        off = "CASE WHEN id = '007' THEN '7.51' ELSE amount END"
        landing.land("stated_balances", rows, BALANCES.format(off, rows.relation))

    report = land({"rows.csv": ROWS}, read)
    assert (report.ties.stated, report.ties.tied, report.ties.off, report.ties.unstated) == (200, 199, 1, 0)
    listed = tmp_path / "out" / "import_untied.csv"
    assert listed.read_text() == "account_id,responsibility,stated,ledger\n007,patient,7.51,7.50\n"
    assert listed.stat().st_mode & 0o777 == 0o600
    with load_extract(tmp_path / "out") as extract:
        assert not [notice for notice in extract.notices if "stated_balances" in notice]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2018-08-13 00:00:00", "2018-08-13"),
        ("2018-08-13T00:00:00Z", "2018-08-13"),
        ("8/3/2018 12:00:00 AM", "2018-08-03"),
        ("13/13/2018", "13/13/2018"),
        ("2018-08-13 10:30:00", "2018-08-13 10:30:00"),
        (None, None),
    ],
)
def test_a_day_loses_its_midnight_and_nothing_else(land, given, read):
    seen = []

    def fill(landing, rows):
        seen.append(landing.connection.execute("SELECT day(?::VARCHAR)", [given]).fetchall())
        landing.land("accounts", rows, ACCOUNTS.format(rows.relation))

    land({"rows.csv": ROWS}, fill)
    assert seen == [[(read,)]]


@pytest.mark.parametrize(("given", "turned"), [("12.50", "-12.50"), ("-3", "3"), ("(3)", "(3)"), ("", "")])
def test_negated_turns_a_number_and_leaves_other_texts(land, given, turned):
    seen = []

    def fill(landing, rows):
        seen.append(landing.connection.execute("SELECT negated(?)", [given]).fetchall())
        landing.land("accounts", rows, ACCOUNTS.format(rows.relation))

    land({"rows.csv": ROWS}, fill)
    assert seen == [[(turned,)]]
