"""Ten thousand subjects flagged at random, in any spelling: none with an active flag is listed, all others are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

import duckdb
import pandas as pd
import pytest

from payrank.extracts.contract.tables import KNOWN_FLAGS
from payrank.extracts.load.load_extract import load_extract
from payrank.features.frame import Frame
from payrank.features.targets import PaymentTarget
from payrank.scoring.nightly_run import NightlyRun
from payrank.scoring.patient_pay.account_values import PatientAccounts, value_accounts
from payrank.scoring.scores import Scored

pytestmark = pytest.mark.slow

AS_OF = date(2026, 11, 20)
FLAGGED = 10_000
ACCOUNTS = 30_000
GUARANTORS = 25_000
ALONE = {"dispute", "agency_placed"}
UNKNOWN = ("bk ch 7", "Probate?", "legal-hold", "do not call")


def spell(dice: Random, word: str) -> str:
    """Spell a flag as some system might."""
    word = word.replace("_", dice.choice("_- "))
    word = dice.choice((str.lower, str.upper, str.title, str.swapcase))(word)
    return dice.choice(("", " ", "\t", "\u00a0")) + word + dice.choice(("", "  ", "\r", "\n"))


@dataclass(frozen=True)
class Flagged:
    """The subjects with an active flag, the accounts they suppress, the valued accounts, and every guarantor."""

    subjects: set[tuple[str, str]]
    suppressed: set[str]
    accounts: PatientAccounts
    guarantors: dict[str, str]


@pytest.fixture(scope="module")
def flagged(tmp_path_factory: pytest.TempPathFactory, run_over: Callable[..., NightlyRun]) -> Flagged:
    dice = Random(10)  # noqa: S311 - a seed, so that every run draws the same
    guarantors = {f"A{number}": f"G{dice.randrange(GUARANTORS)}" for number in range(ACCOUNTS)}
    accounts_of: dict[str, set[str]] = {}
    for account, guarantor in guarantors.items():
        accounts_of.setdefault(guarantor, set()).add(account)
    names = {"account": list(guarantors), "guarantor": sorted(accounts_of)}
    subjects: set[tuple[str, str]] = set()
    suppressed: set[str] = set()
    seen: dict[str, list[tuple[str, str, str, int, int | None]]] = {}
    while len(subjects) < FLAGGED:
        kind = dice.choice(("account", "guarantor"))
        subject = dice.choice(names[kind])
        word = dice.choice((*KNOWN_FLAGS, *UNKNOWN))
        written = spell(dice, word)
        known = dice.choice((0, 0, 1, 30, 400, -1, -30))
        ended = dice.choice((None, None, -5, 0, 1, 10))
        if (kind, subject, written, known) in {row[:4] for row in seen.get(subject, ())}:
            continue
        seen.setdefault(subject, []).append((kind, subject, written, known, ended))
        if known >= 0 and (ended is None or ended <= 0):
            subjects.add((kind, subject))
            alone = kind == "account" and word in ALONE
            suppressed |= {subject} if alone else accounts_of[guarantors.get(subject, subject)]
    folder = tmp_path_factory.mktemp("flagged") / "extract"
    folder.mkdir()
    people = pd.DataFrame(
        {"account_id": list(guarantors), "guarantor_id": list(guarantors.values()), "opened_on": date(2026, 1, 5)}
    )
    rows = [row for of_subject in seen.values() for row in of_subject]
    flags = pd.DataFrame(rows, columns=["subject_type", "subject_id", "flag", "known", "ended"])
    for name in ("known", "ended"):
        flags[f"{name}_on"] = [None if pd.isna(ago) else AS_OF - timedelta(days=int(ago)) for ago in flags[name]]
    _write(folder / "accounts.parquet", people)
    _write(folder / "flags.parquet", flags.drop(columns=["known", "ended"]))
    chance = [dice.uniform(0.05, 0.95) for _ in guarantors]
    data = pd.DataFrame(
        {
            "unit_id": list(guarantors),
            "household": list(guarantors.values()),
            "amount": [round(dice.uniform(200, 3000), 2) for _ in guarantors],
            "age_days": 40.0,
            "insurance_balance": 0.0,
            "payer_class": "commercial",
            "row_payer_id": pd.Series([None] * ACCOUNTS, dtype="str"),
            "statements_sent": 2.0,
            "last_contact_outcome": pd.Series([None] * ACCOUNTS, dtype="str"),
        }
    )
    scores = pd.DataFrame({"raw_score": 0.0, "probability": chance, "expected_share": chance})
    scored = Scored(Frame("account", data, (), PaymentTarget()), None, scores)  # type: ignore[arg-type]  # unused
    with load_extract(folder) as extract:
        return Flagged(subjects, suppressed, value_accounts(run_over(extract), scored), guarantors)


def _write(path: Path, table: pd.DataFrame) -> None:
    connection = duckdb.connect()
    connection.register("rows_to_write", table)
    connection.execute(f"COPY rows_to_write TO '{path}' (FORMAT parquet)")
    connection.close()


def test_none_of_ten_thousand_flagged_subjects_is_listed(flagged: Flagged) -> None:
    places = flagged.accounts.table["place"]
    assert len(flagged.subjects) == FLAGGED
    assert FLAGGED < len(flagged.suppressed) < len(flagged.guarantors) - 5000
    assert set(places[list(flagged.suppressed)]) == {"suppressed"}
    selected = {lead.guarantor_id for lead in flagged.accounts.selected}
    assert selected == {
        guarantor for account, guarantor in flagged.guarantors.items() if account not in flagged.suppressed
    }


def test_an_ended_or_future_flag_suppresses_nobody(flagged: Flagged) -> None:
    unflagged = flagged.accounts.table.loc[
        [account for account in flagged.guarantors if account not in flagged.suppressed]
    ]
    assert set(unflagged["place"]) == {"listed"}
    assert all(not hits for hits in unflagged["suppressed_by"])
    assert Counter(flagged.accounts.table["place"]) == {
        "listed": len(flagged.guarantors) - len(flagged.suppressed),
        "suppressed": len(flagged.suppressed),
    }
