"""Several extracts into one: nothing counted twice, nothing lost."""

from __future__ import annotations

import json
from datetime import date

import pytest

from extracts.errors import ExtractRefused
from extracts.load import load_extract
from extracts.readers.combine import KNOWN, OTHER_LEDGER, SAME_DENIAL, combine_extracts

LEDGER = "transaction_id,account_id,posted_on,kind,amount,responsibility\n"
ACCOUNTS = "account_id,guarantor_id,opened_on\n"
DENIALS = "denial_id,account_id,claim_id,denied_on,denied_amount,group_code,carc,rarc\n"


@pytest.fixture
def hospital_and_remits(write_extract):
    hospital = write_extract(
        {
            "accounts.csv": ACCOUNTS + "001,G1,2026-01-05\n002,G2,2026-01-06\n",
            "transactions.csv": LEDGER + "T1,001,2026-01-05,charge,100.00,insurance\n"
            "T2,001,2026-02-05,insurance_payment,-80.00,insurance\n",
            "denials.csv": DENIALS + "D1,001,C1,2026-02-05,20.00,CO,197,\n",
        },
        'source_system = "ledger"\nas_of = 2026-03-01\n',
        folder="hospital",
    )
    remits = write_extract(
        {
            "accounts.csv": ACCOUNTS + "001,P9,2026-01-05\n003,P3,2026-01-07\n",
            "transactions.csv": LEDGER + "R1,001,2026-02-05,insurance_payment,-80.00,insurance\n"
            "R2,003,2026-02-06,insurance_payment,-30.00,insurance\n",
            "denials.csv": DENIALS
            + "R-D1,001,ICN9,2026-02-05,20.00,CO,197,\nR-D2,002,ICN8,2026-02-06,55.00,CO,16,M51\n",
        },
        'source_system = "x12"\nas_of = 2026-02-20\n',
        folder="remits",
    )
    return hospital, remits


def test_a_remittance_adds_denials_and_accounts_but_no_payment_that_the_ledger_holds(hospital_and_remits, tmp_path):
    report = combine_extracts(hospital_and_remits, tmp_path / "out")
    with load_extract(tmp_path / "out") as extract:
        ask = extract.connection.execute
        assert ask("SELECT transaction_id FROM transactions ORDER BY 1").fetchall() == [("R2",), ("T1",), ("T2",)]
        assert ask("SELECT denial_id FROM denials ORDER BY 1").fetchall() == [("D1",), ("R-D2",)]
        assert ask("SELECT guarantor_id FROM accounts ORDER BY account_id").fetchall() == [("G1",), ("G2",), ("P3",)]
        assert extract.metadata.as_of == date(2026, 3, 1)
        assert extract.metadata.source_system == "ledger + x12"
    aside = {file.name: dict(file.set_aside) for file in report.files}
    assert aside["remits/transactions.csv"] == {OTHER_LEDGER: 1}
    assert aside["remits/denials.csv"] == {SAME_DENIAL: 1}
    assert aside["remits/accounts.csv"] == {KNOWN: 1}


def test_every_row_of_every_extract_is_loaded_or_set_aside(hospital_and_remits, tmp_path):
    combine_extracts(hospital_and_remits, tmp_path / "out")
    told = json.loads((tmp_path / "out" / "import_report.json").read_text())
    assert len(told["files"]) == 6
    for file in told["files"]:
        assert file["records"] == 2 - (file["name"] == "hospital/denials.csv")
        parts = file["loaded"] + file["looked_up"] + sum(file["set_aside"].values()) + file["quarantined"]
        assert file["records"] == parts


def test_the_same_extract_twice_gives_its_own_rows_once(hospital_and_remits, tmp_path):
    hospital, _ = hospital_and_remits
    combine_extracts([hospital, hospital], tmp_path / "twice")
    combine_extracts([hospital], tmp_path / "once")
    for name in ("accounts", "transactions", "denials"):
        once = (tmp_path / "once" / f"{name}.parquet").read_bytes()
        assert (tmp_path / "twice" / f"{name}.parquet").read_bytes() == once


def test_rows_that_the_parts_quarantined_are_named_again(hospital_and_remits, write_extract, tmp_path):
    hospital, _ = hospital_and_remits
    many = "".join(f"T{n},{n},2026-01-05,charge,1.00,patient\n" for n in range(200))
    other = write_extract(
        {
            "transactions.csv": LEDGER + many + "X,9,2026-01-05,charge,12.345,patient\n",
            "accounts.csv": ACCOUNTS + "9,G,2026-01-01\n",
        },
        folder="other",
    )
    report = combine_extracts([hospital, other], tmp_path / "out")
    assert report.rows_quarantined == 1
    assert "transactions,,,money,other/transactions.csv,202" in (tmp_path / "out" / "import_quarantine.csv").read_text()


def test_an_attribute_of_two_kinds_is_refused_by_name(write_extract, tmp_path):
    one, two = (
        write_extract(
            {"accounts.csv": "account_id,guarantor_id,opened_on,clinic\n1,G,2026-01-05,3\n"},
            f'[attributes.accounts]\nclinic = "{kind}"\n',
            folder=kind,
        )
        for kind in ("category", "number")
    )
    with pytest.raises(ExtractRefused, match="attribute clinic of accounts is declared as category by one extract"):
        combine_extracts([one, two], tmp_path / "out")
    assert not (tmp_path / "out").exists()
