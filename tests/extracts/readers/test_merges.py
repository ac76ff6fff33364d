"""Merged accounts: every row gets the surviving ID, chains are followed, and cycles are quarantined."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.mapped.import_csv import import_csv
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.report import ImportReport
from payrank.extracts.readers.session.run_import import run_import

ACCOUNTS = "id,who\n" + "".join(f"A{n},G{n}\n" for n in range(300))
MERGES = "kind,one,into\n" + "".join(f"account,A{n},A{n + 1}\n" for n in (1, 2)) + "guarantor,G9,G8\n"
FAR = "".join(f"account,Z{n},Y{n}\n" for n in range(400))
"""Merges of accounts that no row names, so that a quarantined one is under 1% of them."""


@pytest.fixture
def merge(tmp_path: Path) -> Callable[..., tuple[ImportReport, Path]]:
    def run(merges: Any, accounts: str = ACCOUNTS) -> tuple[ImportReport, Path]:
        (tmp_path / "accounts.csv").write_text(accounts)
        (tmp_path / "merges.csv").write_text(merges)

        def read(session: ImportSession) -> None:
            accounts, merges = (session.stage(tmp_path / name) for name in ("accounts.csv", "merges.csv"))
            session.load(
                "merges",
                merges,
                'SELECT kind AS subject_type, one AS subject_id, "into" AS into_id, source_line '
                f"FROM {merges.relation}",
            )
            session.load(
                "accounts",
                accounts,
                "SELECT id AS account_id, who AS guarantor_id, '2026-01-05' AS opened_on, source_line "
                f"FROM {accounts.relation} ORDER BY source_line",
            )
            session.load(
                "transactions",
                accounts,
                "SELECT 'T' || id AS transaction_id, id AS account_id, '2026-01-05' AS posted_on, 'charge' AS kind, "
                f"'1.00' AS amount, 'patient' AS responsibility, source_line FROM {accounts.relation}",
            )

        return run_import(tmp_path / "out", read, source_system="test"), tmp_path / "out"

    return run


def ask(out: Any, query: str) -> list[tuple[Any, ...]]:
    with load_extract(out) as extract:
        return extract.connection.execute(query).fetchall()


def test_a_chain_of_merges_is_followed_to_its_end_in_every_table(
    merge: Callable[..., tuple[ImportReport, Path]],
) -> None:
    report, out = merge(MERGES)
    assert ask(out, "SELECT transaction_id FROM transactions WHERE account_id = 'A3' ORDER BY 1") == [
        ("TA1",),
        ("TA2",),
        ("TA3",),
    ]
    assert ask(out, "SELECT count(*), count_if(account_id IN ('A1', 'A2')) FROM accounts") == [(298, 0)]
    assert ask(out, "SELECT count(*) FROM accounts WHERE guarantor_id = 'G8'") == [(2,)]
    assert any(notice.startswith("accounts: 2 rows of merged accounts") for notice in report.notices)
    assert not (out / "merges.parquet").exists()
    accounts = next(block for block in report.blocks if block.table == "accounts")
    assert (accounts.loaded, accounts.skipped, accounts.rows_written) == (298, 2, 298)
    assert report.files[0].loaded == 300  # their ledger rows stay


def test_a_merged_account_is_skipped_if_its_survivor_has_a_row(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text(ACCOUNTS)
    (tmp_path / "merges.csv").write_text(MERGES)

    def read(session: ImportSession) -> None:
        accounts, merges = (session.stage(tmp_path / name) for name in ("accounts.csv", "merges.csv"))
        query = 'SELECT kind AS subject_type, one AS subject_id, "into" AS into_id, source_line FROM '
        session.load("merges", merges, query + merges.relation)
        query = "SELECT id AS account_id, who AS guarantor_id, '2026-01-05' AS opened_on, source_line FROM "
        session.load("accounts", accounts, query + accounts.relation)

    report = run_import(tmp_path / "out", read, source_system="test")
    assert (report.files[0].loaded, dict(report.files[0].skipped)) == (
        298,
        {"merged into one that has its own row": 2},
    )
    assert report.rows_written == {"accounts": 298}


def test_a_merged_account_keeps_its_row_under_the_new_id_if_the_survivor_has_none(
    merge: Callable[..., tuple[ImportReport, Path]],
) -> None:
    _, out = merge("kind,one,into\naccount,A7,NEW\n")
    assert ask(out, "SELECT guarantor_id FROM accounts WHERE account_id = 'NEW'") == [("G7",)]


def test_merges_in_a_cycle_are_quarantined_and_their_accounts_stay(
    merge: Callable[..., tuple[ImportReport, Path]],
) -> None:
    report, out = merge(MERGES + FAR + "account,A50,A51\naccount,A51,A50\naccount,A52,A50\n")
    lines = (out / "import_quarantine.csv").read_text().splitlines()[1:]
    assert lines == [f"merges,,into_id,merge_circle,merges.csv,{line}" for line in (405, 406, 407)]
    assert report.files[1].quarantined == 3
    assert [(b.loaded, b.quarantined, b.rows_written) for b in report.blocks if b.table == "merges"] == [(403, 3, 403)]
    assert ask(out, "SELECT count(*) FROM accounts WHERE account_id IN ('A50', 'A51', 'A52')") == [(3,)]


def test_an_account_merged_into_two_is_quarantined(merge: Callable[..., tuple[ImportReport, Path]]) -> None:
    _, out = merge(MERGES + FAR + "account,A60,A61\naccount,A60,A62\n")
    lines = (out / "import_quarantine.csv").read_text().splitlines()[1:]
    assert lines == [f"merges,,into_id,merged_into_two,merges.csv,{line}" for line in (405, 406)]


def test_over_one_percent_of_merges_in_cycles_refuses(merge: Callable[..., tuple[ImportReport, Path]]) -> None:
    with pytest.raises(
        ExtractRefusedError,
        match=r"merges: 2 of 2 rows .* merge_circle in into_id 2 times in merges\.csv, first in line 2",
    ):
        merge("kind,one,into\naccount,A1,A2\naccount,A2,A1\n")


def test_a_mapping_lists_merges_in_its_own_block(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "accounts.csv").write_text(ACCOUNTS)
    (tmp_path / "source" / "combined.csv").write_text("old,new\nA1,A2\n")
    (tmp_path / "mapping.toml").write_text(
        "[[accounts]]\nfile = 'accounts.csv'\naccount_id = 'id'\nguarantor_id = 'who'\nopened_on = \"'2026-01-05'\"\n"
        "[[merges]]\nfile = 'combined.csv'\nsubject_type = \"'account'\"\nsubject_id = 'old'\ninto_id = 'new'\n"
    )
    import_csv(tmp_path / "source", tmp_path / "out", tmp_path / "mapping.toml")
    assert ask(tmp_path / "out", "SELECT count(*), count_if(account_id = 'A1') FROM accounts") == [(299, 0)]
