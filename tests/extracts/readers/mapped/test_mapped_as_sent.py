"""Files as billing systems really send them: read as declared, drafted correctly, or refused with advice."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.mapped.import_csv import import_csv
from payrank.extracts.readers.mapped.suggest.suggest_mapping import suggest_mapping
from payrank.extracts.readers.session.report import ImportReport

ACCOUNTS = "Acct,Guar,Opened\n" + "".join(f"{n:05},G{n},2026-01-05\n" for n in range(120))
HEADER = "Tx,Acct,Post,Amt\n"


@pytest.fixture
def send(tmp_path: Path) -> Callable[..., tuple[Any, ImportReport]]:
    """Import a ledger of 120 rows; give the extract's sum, first and last day, first account, and the report."""

    def run(
        text: str,
        *,
        day: str = "Post",
        amount: str = "dollars(Amt)",
        account: str = "Acct",
        block: str = "",
        options: str = "",
    ) -> tuple[Any, ImportReport]:
        folder = tmp_path / "source"
        folder.mkdir(exist_ok=True)
        (folder / "accounts.csv").write_text(ACCOUNTS, encoding="utf-8")
        (folder / "ledger.csv").write_text(text, encoding="utf-8")
        (tmp_path / "mapping.toml").write_text(
            f'{options}\n[[accounts]]\nfile = "accounts.csv"\naccount_id = "Acct"\nguarantor_id = "Guar"\n'
            f'opened_on = "Opened"\n[[transactions]]\nfile = "ledger.csv"\n{block}\ntransaction_id = "trim(Tx)"\n'
            f'account_id = "{account}"\nposted_on = "{day}"\nkind = "\'charge\'"\namount = "{amount}"\n'
            "responsibility = \"'patient'\"\n",
            encoding="utf-8",
        )
        report = import_csv(folder, tmp_path / "out", tmp_path / "mapping.toml")
        with load_extract(tmp_path / "out") as extract:
            query = "SELECT sum(amount), CAST(min(posted_on) AS VARCHAR), min(account_id) FROM transactions"
            (rows,) = extract.connection.execute(query).fetchall()
        return rows, report

    return run


def rows(amount: str = "{n}.50", day: str = "2026-01-05", account: str = "{n:05}", number: int = 120) -> str:
    return "".join(
        f"T{n},{account.format(n=n)},{day.format(d=n % 28 + 1)},{amount.format(n=n)}\n" for n in range(number)
    )


PLAIN = sum(Decimal(f"{n}.50") for n in range(120))


@pytest.mark.parametrize(
    ("amount", "total"),
    [
        ("{n}.50 CR", -PLAIN),
        ("{n}.50CR", -PLAIN),
        ("{n}.50 DR", PLAIN),
        ("({n}.50)", -PLAIN),
        ("{n}.50-", -PLAIN),
        ("+{n}.50", PLAIN),
        (".50", Decimal(60)),
        ("  $ {n}.50 ", PLAIN),
        ("\u00a0{n}.50\u00a0", PLAIN),
        ('"( $ 1,{n:03}.50 )"', -PLAIN - 120000),
        ("1 {n:03}.50", PLAIN + 120000),
        ("1\u202f{n:03}.50", PLAIN + 120000),
    ],
)
def test_dollars_are_read_as_written_and_drafted_correctly(
    send: Callable[..., tuple[Any, ImportReport]], tmp_path: Path, amount: str, total: Any
) -> None:
    rows_read, report = send(HEADER + rows(amount))
    assert rows_read == (total, "2026-01-05", "00000")
    assert report.rows_quarantined == 0
    draft = suggest_mapping(tmp_path / "source" / "ledger.csv")
    assert "amount = 'dollars(\"Amt\")'" in draft


@pytest.mark.parametrize(
    "amount", ["USD {n}.50", "-", "\u2212{n}.50", "1{n}.5.0", "1,2{n}".replace(",", ";"), "{n}.50 C"]
)
def test_unreadable_dollars_are_refused_with_the_allowed_formats_and_are_a_question(
    send: Callable[..., tuple[Any, ImportReport]], tmp_path: Path, amount: str
) -> None:
    with pytest.raises(ExtractRefusedError, match=r"expression in amount 120 times.*dollars\(\) reads .*1,234\.50 CR"):
        send(HEADER + rows(amount))
    draft = suggest_mapping(tmp_path / "source" / "ledger.csv")
    assert "Amt is named like dollars, but dollars() cannot read over 1% of its values" in draft


@pytest.mark.parametrize(
    ("day", "read"),
    [
        ("{d}-Jan-26", "day(Post, 'd-mon-yy')"),
        ("1/{d}/26", "day(Post, 'm/d/yy')"),
        (" 1/{d}/2026 ", "day(Post, 'm/d/y')"),
        ("\u00a02026-01-{d:02}", "day(Post, 'y-m-d')"),
        ('"January {d}, 2026"', "CAST(strptime(Post, '%B %d, %Y') AS DATE)"),
    ],
)
def test_dates_in_the_declared_format_may_have_surrounding_blanks(
    send: Callable[..., tuple[Any, ImportReport]], tmp_path: Path, day: str, read: str
) -> None:
    rows_read, _ = send(HEADER + rows(day=day), day=read)
    assert rows_read == (PLAIN, "2026-01-01", "00000")
    draft = suggest_mapping(tmp_path / "source" / "ledger.csv")
    assert (
        read.replace("Post", '\\"Post\\"') in draft
        or "Post is named like a date, but its values do not fit a single date format" in draft
    )


@pytest.mark.parametrize(
    ("account", "taken", "off"),
    [("'{n:05}", "'00000", "ltrim(Acct, '''')"), ("{n:05}\u00a0", "00000\u00a0", "trim(Acct, ' \u00a0')")],
)
def test_an_apostrophe_or_blank_around_an_id_is_kept_and_reported(
    send: Callable[..., tuple[Any, ImportReport]], account: str, taken: str, off: str
) -> None:
    rows_read, report = send(HEADER + rows(account=account))
    assert rows_read[2] == taken
    assert any("120 rows of [[transactions]] block 1 have blanks around account_id, or an" in n for n in report.notices)
    rows_read, report = send(HEADER + rows(account=account), account=off)
    assert rows_read[2] == "00000"
    assert not any("apostrophe" in notice for notice in report.notices)


@pytest.mark.parametrize(
    ("titles", "line"),
    [
        ("General Hospital\nAged Trial Balance\nRun: 01/05/2026\n\n", 5),
        ("General Hospital,,,\nAged Trial Balance,,,\n,,,\n", 4),
        ("Transaction,,Financial,\n", 2),
        ("sep=,\n", 2),
    ],
)
def test_header_row_skips_titles_above_the_header(
    send: Callable[..., tuple[Any, ImportReport]], tmp_path: Path, titles: str, line: int
) -> None:
    rows_read, _ = send(titles + HEADER + rows(), block=f"header_row = {line}")
    assert rows_read == (PLAIN, "2026-01-05", "00000")
    (block,) = tomllib.loads(suggest_mapping(tmp_path / "source" / "ledger.csv"))["transactions"]
    assert block["header_row"] == line


def test_a_header_without_names_suggests_header_row(send: Callable[..., tuple[Any, ImportReport]]) -> None:
    with pytest.raises(
        ExtractRefusedError, match=r"a column without a name.*If titles come before the header.*header_row"
    ):
        send("General Hospital,,,\n" + HEADER + rows())


def test_a_header_repeated_on_each_page_is_excluded_with_where(
    send: Callable[..., tuple[Any, ImportReport]], tmp_path: Path
) -> None:
    pages = HEADER + rows() + HEADER + rows(number=0) + HEADER
    with pytest.raises(ExtractRefusedError, match="expression in amount 2 times"):
        send(pages)
    assert "2 rows repeat the header: add \"Tx\" <> 'Tx' to where." in suggest_mapping(
        tmp_path / "source" / "ledger.csv"
    )
    rows_read, report = send(pages, block='where = "\\"Tx\\" <> \'Tx\'"')
    assert rows_read[0] == PLAIN
    assert report.rows_quarantined == 0


@pytest.mark.parametrize("totals", [",,Total,7200.00\n", "Total,,,7200.00\n", '"Grand Total","","","7,200.00"\n'])
def test_a_row_of_totals_is_quarantined_or_declared_as_a_trailer(
    send: Callable[..., tuple[Any, ImportReport]], totals: str
) -> None:
    rows_read, report = send(HEADER + rows() + totals)
    assert (rows_read[0], report.rows_quarantined) == (PLAIN, 1)
    template = totals.strip().replace('"', "").replace("7200.00", "{total}").replace("7,200.00", "{total}")
    declared = f'[files."ledger.csv"]\ntrailer = \'{template}\'\namount = {{ column = "Amt" }}\n'
    rows_read, report = send(HEADER + rows() + totals, options=declared)
    assert (rows_read[0], report.rows_quarantined) == (PLAIN, 0)
