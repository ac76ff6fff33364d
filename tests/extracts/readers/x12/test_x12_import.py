"""Remittances and claims become ledger rows, denials, and accounts. Every record is accounted for, once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.readers.session.report import ImportReport
from payrank.extracts.readers.x12.import_x12 import import_x12

pytestmark = pytest.mark.slow

ISA = "ISA*00*          *00*          *ZZ*A              *ZZ*B              *260301*0101*^*00501*000000001*0*P*:~\n"


DUPLICATE = "duplicate remittance claim"


def claim(
    account: str = "A1",
    status: str = "1",
    charged: str = "150",
    paid: str = "100",
    filing: str = "12",
    number: str = "ICN1",
    rest: Sequence[str] = (),
) -> list[str]:
    return [f"CLP*{account}*{status}*{charged}*{paid}**{filing}*{number}*11*1", "NM1*QC*1*L*F****MI*M1", *rest]


def remittance(
    *claims: list[str],
    total: str = "100",
    day: str = "20260301",
    trace: str = "T1",
    produced: str = "",
    plb: Sequence[str] = (),
    control: str = "0001",
) -> list[str]:
    body = [
        f"BPR*I*{total}*C*ACH************{day}",
        f"TRN*1*{trace}*1999999999",
        *([f"DTM*405*{produced}"] if produced else []),
        "N1*PR*SOME PLAN*XV*PLAN1",
        "N1*PE*SOME HOSPITAL*XX*1234567893",
        "LX*1",
        *(segment for segments in claims for segment in segments),
        *plb,
    ]
    return [f"ST*835*{control}", *body, f"SE*{len(body) + 2}*{control}"]


def submission(*claims: list[str], created: str = "20260201", purpose: str = "CH") -> list[str]:
    body = [
        f"BHT*0019*00*REF1*{created}*1023*{purpose}",
        "NM1*85*2*SOME HOSPITAL*****XX*1234567893",
        "HL*2*1*22*0",
        *(segment for segments in claims for segment in segments),
    ]
    return ["ST*837*0001*005010X222A1", *body, f"SE*{len(body) + 2}*0001"]


def charge(
    account: str = "A1",
    lines: Sequence[str] = ("100", "50"),
    frequency: str = "1",
    priority: str = "P",
    payer: str = "PLAN1",
    total: str | None = None,
    days: tuple[str, ...] = ("20260101", "20260102"),
    original: str | None = None,
) -> list[str]:
    total = total or f"{sum(map(Decimal, lines))}"
    segments = [
        f"SBR*{priority}*18*******CI",
        "NM1*IL*1*L*F****MI*M1",
        f"NM1*PR*2*SOME PLAN*****PI*{payer}",
        f"CLM*{account}*{total}***22:B:{frequency}*Y*A*Y*Y",
        *([f"REF*F8*{original}"] if original else []),
    ]
    for number, (amount, day) in enumerate(zip(lines, days, strict=True), start=1):
        segments += [f"LX*{number}", f"SV1*HC:9921{number}*{amount}*UN*1***1", f"DTP*472*D8*{day}"]
    return ["HL*9*1*22*0", *segments]


def write(path: Path, *sets: list[str], kind: str = "HP") -> Path:
    text = ISA + f"GS*{kind}*A*B*20260301*0101*1*X*005010X221A1~\n"
    text += "".join(f"{segment}~\n" for segments in sets for segment in segments)
    path.write_text(f"{text}GE*{len(sets)}*1~\nIEA*1*000000001~\n", encoding="utf-8")
    return path


Query = Callable[[str], list[tuple[Any, ...]]]
ImportFiles = Callable[..., tuple[ImportReport, Query]]


@pytest.fixture
def import_files(tmp_path: Path) -> ImportFiles:
    """Import sets of segments, one file each, and query the written tables."""

    def run(*files: list[list[str]]) -> tuple[ImportReport, Query]:
        source = tmp_path / "source"
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir()
        for number, sets in enumerate(files):
            write(source / f"{number}.835", *sets)
        report = import_x12(source, tmp_path / "out")
        for file in report.files:
            if file.same_as is None:
                assert file.records == file.loaded + file.reference + file.quarantined + sum(file.skipped.values())
        return report, lambda query: fetch_rows(tmp_path / "out", query)

    return run


def fetch_rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        for path in folder.glob("*.parquet"):
            connection.execute(f"CREATE VIEW {path.stem} AS FROM '{path}'")
        return connection.execute(query).fetchall()


LEDGER = "SELECT kind, responsibility, CAST(sum(amount) AS VARCHAR) FROM transactions GROUP BY ALL ORDER BY ALL"


def test_a_claim_becomes_a_payment_an_adjustment_and_a_two_row_transfer(import_files: ImportFiles) -> None:
    _, query = import_files([remittance(claim(rest=["CAS*CO*45*30", "CAS*PR*1*15**2*5"]))])
    assert query(LEDGER) == [
        ("contractual_adjustment", "insurance", "-30.00"),
        ("insurance_payment", "insurance", "-100.00"),
        ("transfer", "insurance", "-20.00"),
        ("transfer", "patient", "20.00"),
    ]
    assert query("SELECT count(*) FROM transactions WHERE kind = 'transfer'") == [(4,)]
    assert query("FROM accounts SELECT account_id, guarantor_id, CAST(opened_on AS VARCHAR)") == [
        ("A1", "PLAN1:M1", "2026-03-01")
    ]
    assert query("FROM coverages SELECT account_id, payer_id, priority") == [("A1", "PLAN1-commercial", 1)]
    assert query("FROM payers SELECT *") == [("PLAN1-commercial", "SOME PLAN", "commercial")]


def test_a_denied_amount_stays_owed_and_becomes_a_denial_with_its_codes(import_files: ImportFiles) -> None:
    lines = ["SVC*HC:1*100*100", "SVC*HC:2*50*0", "CAS*CO*16*30**45*20", "LQ*HE*M76", "LQ*HE*MA130"]
    report, query = import_files([remittance(claim(rest=lines))])
    assert query("FROM denials SELECT claim_id, group_code, carc, rarc, CAST(denied_amount AS VARCHAR)") == [
        ("ICN1", "CO", "16", "MA130", "30.00")
    ]
    assert query(LEDGER) == [
        ("contractual_adjustment", "insurance", "-20.00"),
        ("insurance_payment", "insurance", "-100.00"),
    ]
    assert any("several remark codes" in notice for notice in report.notices)


def test_contractual_and_patient_responsibility_codes_are_not_denials(import_files: ImportFiles) -> None:
    rest = ["CAS*CO*45*10**253*5", "CAS*PR*1*5**2*5**3*5", "CAS*OA*23*20"]
    _, query = import_files(
        [remittance(claim(rest=rest)), remittance(claim("A2", rest=["CAS*PR*96*50"]), trace="T2", control="2")]
    )
    assert query("FROM denials SELECT account_id, group_code, carc") == [("A2", "PR", "96")]


def test_an_earlier_payers_payment_is_not_posted_twice(import_files: ImportFiles) -> None:
    _, query = import_files([remittance(claim(status="2", paid="30", rest=["CAS*OA*23*120"]), total="30")])
    assert query(LEDGER) == [("insurance_payment", "insurance", "-30.00")]
    assert query("SELECT priority FROM coverages") == [(2,)]


def test_patient_responsibility_stays_with_insurance_while_the_claim_is_forwarded(import_files: ImportFiles) -> None:
    _, query = import_files([remittance(claim(status="19", rest=["CAS*CO*45*30", "CAS*PR*2*20"]))])
    assert query("SELECT count(*) FROM transactions WHERE kind = 'transfer'") == [(0,)]


def test_moa_remark_codes_apply_to_claim_level_adjustments(import_files: ImportFiles) -> None:
    _, query = import_files([remittance(claim(rest=["CAS*CO*197*50", "MOA***N706*MA01"]))])
    assert query("SELECT carc, rarc FROM denials") == [("197", "N706")]


ORIGINAL = claim(rest=["SVC*HC:1*150*100", "CAS*CO*45*30", "CAS*PR*1*20"])
REVERSAL = claim(status="22", charged="-150", paid="-100", rest=["SVC*HC:1*-150*-100", "CAS*CO*45*-30", "CAS*PR*1*-20"])
REVERSED = (
    "SELECT count(*), count(reverses_id), count(DISTINCT reverses_id), CAST(sum(amount) AS VARCHAR) FROM transactions"
)


@pytest.mark.parametrize(("old", "new"), [("~\n", "~"), ("~\n", "~\r\n\r\n"), ("*", "|"), ("~", "'")])
def test_the_same_remittance_in_different_bytes_is_loaded_once_and_skipped_in_the_second_file(
    tmp_path: Path, old: str, new: str
) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    text = write(folder / "a.835", remittance(ORIGINAL, plb=["PLB*1*20261231*WO:X*30"])).read_text("utf-8")
    (folder / "b.835").write_bytes(text.replace(old, new).encode())
    report = import_x12(folder, tmp_path / "out")
    assert report.rows_written["transactions"] == 4
    assert fetch_rows(tmp_path / "out", "SELECT count(*) FROM transactions") == [(4,)]
    assert report.files[1].skipped == {DUPLICATE: 1, "provider-level adjustment (PLB)": 1}
    assert any("1 provider-level adjustment (PLB), 30.00 dollars" in notice for notice in report.notices)


def test_a_duplicate_claim_with_different_adjustments_is_reported_separately(import_files: ImportFiles) -> None:
    other = claim(rest=["SVC*HC:1*150*100", "CAS*CO*45*50"])
    report, _ = import_files([remittance(ORIGINAL)], [remittance(other)])
    assert report.files[1].skipped == {f"{DUPLICATE}, with different adjustments": 1}


@pytest.mark.parametrize("status", ["1", "2", "3", "4", "19", "20", "21", "99"])
def test_a_processed_or_denied_claim_posts_its_amounts(import_files: ImportFiles, status: str) -> None:
    _, query = import_files([remittance(claim(status=status, rest=["CAS*CO*45*50"]))])
    assert query(LEDGER) == [
        ("contractual_adjustment", "insurance", "-50.00"),
        ("insurance_payment", "insurance", "-100.00"),
    ]


OTHER = claim("A9", number="ICN9", rest=["CAS*CO*45*50"])


@pytest.mark.parametrize("status", ["5", "10", "13", "15", "16", "17", "23", "25", "27"])
def test_an_unpaid_pending_claim_and_its_reversal_post_nothing(import_files: ImportFiles, status: str) -> None:
    rest = ["CAS*PR*1*20", "CAS*CO*197*130"]
    reversal = claim(status="22", charged="-150", paid="0", rest=["CAS*PR*1*-20", "CAS*CO*197*-130"])
    report, query = import_files([remittance(claim(status=status, paid="0", rest=rest), reversal, OTHER)])
    assert query("SELECT DISTINCT account_id FROM transactions") == [("A9",)]
    assert query("SELECT account_id FROM accounts") == [("A9",)]
    assert "denials" not in report.rows_written
    assert sum(report.files[0].skipped.values()) == 2
    assert any(status in reason for reason in report.files[0].skipped)


@pytest.mark.parametrize("status", ["5", "10", "13", "15", "16", "17", "23", "27"])
def test_a_payment_on_a_pending_claim_is_posted(import_files: ImportFiles, status: str) -> None:
    _, query = import_files([remittance(claim(status=status, rest=["CAS*CO*45*50"]))])
    assert query("SELECT sum(amount) FROM transactions") == [(Decimal(-150),)]


def test_a_predetermination_posts_nothing(import_files: ImportFiles) -> None:
    _, query = import_files([remittance(claim(status="25", rest=["CAS*CO*45*50"]), OTHER)])
    assert query("SELECT DISTINCT account_id FROM transactions") == [("A9",)]


def test_patient_responsibility_of_a_forwarded_claim_stays_with_insurance(import_files: ImportFiles) -> None:
    _, query = import_files([remittance(claim(status="23", paid="10", rest=["CAS*PR*1*140"]))])
    assert query("SELECT count(*) FROM transactions WHERE kind = 'transfer'") == [(0,)]


def test_an_adjustment_without_a_group_code_is_quarantined_under_its_own_rule(
    import_files: ImportFiles, tmp_path: Path
) -> None:
    many = [claim(f"A{number}") for number in range(200)]
    report, query = import_files([remittance(*many, claim("B1", rest=["CAS**45*50"]), total="20100")])
    assert report.files[0].quarantined == 1
    assert "adjustment_group,0.835" in (tmp_path / "out" / "import_quarantine.csv").read_text("utf-8")
    assert query("SELECT count(*) FROM accounts") == [(200,)]
    with pytest.raises(ExtractRefusedError, match=r"adjustment_group 1 times in 0\.835, .*allowed: a CAS01 of CO, CR"):
        import_files([remittance(claim(rest=["CAS**45*50"]))])


def test_a_broken_claim_does_not_remove_the_payer_of_other_claims(import_files: ImportFiles) -> None:
    report, query = import_files([remittance(claim(paid="ten"), *[claim(f"B{number}") for number in range(150)])])
    assert report.files[0].quarantined == 1
    assert query("SELECT count(*) FROM payers") == [(1,)]


def test_the_as_of_date_is_the_day_after_the_latest_envelope_whatever_the_payment_dates(
    import_files: ImportFiles,
) -> None:
    many = [claim(f"A{number}") for number in range(200)]
    late = remittance(claim("B1"), day="20991231", trace="T2", control="2")
    report, query = import_files(
        [remittance(*many, total="20000"), late], [submission(charge("C1"), created="20260115")]
    )
    assert report.as_of == date(2026, 3, 2)
    assert report.files[0].quarantined == 1
    assert query("SELECT max(posted_on) FROM transactions") == [(date(2026, 3, 1),)]
    with pytest.raises(ExtractRefusedError, match=r"after_the_file 1 times in 0\.835"):
        import_files([late])


def test_a_payment_dated_some_days_ahead_is_loaded_with_a_notice(import_files: ImportFiles) -> None:
    report, query = import_files([remittance(claim(), day="20260304")])
    assert report.as_of == date(2026, 3, 2)
    assert query("SELECT max(posted_on) FROM transactions") == [(date(2026, 3, 4),)]
    assert any("1 claim dated on or after the as-of date 2026-03-02" in notice for notice in report.notices)


def test_the_as_of_date_can_be_passed(tmp_path: Path) -> None:
    report = import_x12(write(tmp_path / "a.835", remittance(claim())), tmp_path / "out", date(2026, 5, 1))
    assert report.as_of == date(2026, 5, 1)


def test_the_interchange_date_is_used_if_the_group_has_none_and_without_both_the_as_of_date_is_unknown(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "a.835", remittance(claim()))
    path.write_text(path.read_text("utf-8").replace("GS*HP*A*B*20260301", "GS*HP*A*B*"), encoding="utf-8")
    assert import_x12(path, tmp_path / "out").as_of == date(2026, 3, 2)
    path.write_text(path.read_text("utf-8").replace("*260301*", "*260399*"), encoding="utf-8")
    report = import_x12(path, tmp_path / "out")
    assert report.as_of is None
    assert any("no envelope has a date" in notice for notice in report.notices)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_reversal_posts_rows_that_reference_their_originals_in_any_file_order(
    import_files: ImportFiles, order: tuple[int, int]
) -> None:
    files = [
        [remittance(ORIGINAL)],
        [remittance(REVERSAL, claim(paid="120", rest=["CAS*CO*45*30"]), total="20", trace="T2", day="20260401")],
    ]
    report, query = import_files(*(files[place] for place in order))
    assert query(REVERSED) == [(10, 4, 4, "-150.00")]
    pairs = query(
        "SELECT r.amount + o.amount, r.kind = o.kind, r.posted_on > o.posted_on FROM transactions r "
        "JOIN transactions o ON o.transaction_id = r.reverses_id"
    )
    assert pairs == [(0, True, True)] * 4
    assert any("1 reversed claim, 1 matched" in notice for notice in report.notices)
    assert query("SELECT sum(amount) FROM transactions WHERE responsibility = 'patient'") == [(Decimal(0),)]


def test_a_correction_after_a_reversal_is_not_its_original(import_files: ImportFiles) -> None:
    report, query = import_files([remittance(REVERSAL, ORIGINAL, total="0")])
    assert query("SELECT count(reverses_id) FROM transactions") == [(0,)]
    assert any("1 reversed claim, 0 matched" in notice for notice in report.notices)


def test_a_reversal_matches_an_original_of_the_same_day_in_a_later_file(import_files: ImportFiles) -> None:
    _, query = import_files([remittance(REVERSAL, total="-100")], [remittance(ORIGINAL, trace="T2")])
    assert query("SELECT count(reverses_id) FROM transactions") == [(4,)]


def test_a_reversed_denial_does_not_count_twice(import_files: ImportFiles) -> None:
    denied = claim(status="4", paid="0", rest=["CAS*CO*197*150"])
    reversal = claim(status="22", charged="-150", paid="0", rest=["CAS*CO*197*-150"])
    _, query = import_files([remittance(denied, total="0"), remittance(reversal, total="0", trace="T2", control="2")])
    assert query("SELECT count(*) FROM denials") == [(1,)]


def test_provider_level_adjustments_reduce_the_payment_and_touch_no_account(import_files: ImportFiles) -> None:
    report, query = import_files(
        [remittance(claim(rest=["CAS*CO*45*50"]), total="75", plb=["PLB*1*20261231*WO:X*30*72:Y*-5"])]
    )
    assert not any("off" in notice for notice in report.notices)
    assert report.files[0].records == 2
    assert report.files[0].skipped == {"provider-level adjustment (PLB)": 1}
    assert any("2 provider-level adjustments (PLB), 25.00 dollars" in notice for notice in report.notices)
    assert query("SELECT count(*) FROM transactions") == [(2,)]


def test_imbalances_are_reported_by_level_and_loaded_as_stated(import_files: ImportFiles) -> None:
    bad = claim(rest=["CAS*CO*45*1", "SVC*HC:1*150*90", "CAS*PR*1*20"])
    report, query = import_files([remittance(bad, total="99")])
    for level in ("line", "claim", "transaction"):
        assert f"0.835: 1 of 1 {level} balances is off; loaded as stated" in report.notices
    assert query("SELECT amount FROM transactions WHERE kind = 'insurance_payment'") == [(Decimal(-100),)]


def test_each_imbalance_is_listed_by_file_level_and_segment_in_a_private_file(
    import_files: ImportFiles, tmp_path: Path
) -> None:
    import_files(
        [remittance(claim(paid="ten"), claim("A2", rest=["CAS*CO*45*50"]), *[claim(f"B{n}") for n in range(150)])]
    )
    path = tmp_path / "out" / "import_balances.csv"
    lines = path.read_text("utf-8").splitlines()
    assert lines[:4] == [
        "file,level,segment,fault",
        "0.835,transaction,3,unreadable",
        "0.835,claim,9,unreadable",
        "0.835,claim,14,off",
    ]
    assert path.stat().st_mode & 0o777 == 0o600


def test_interest_owed_and_interest_paid_net_to_zero(import_files: ImportFiles) -> None:
    _, query = import_files([remittance(claim(rest=["CAS*CO*45*50", "AMT*I*2.5"]))])
    assert query("SELECT CAST(sum(amount) AS VARCHAR) FROM transactions WHERE kind = 'interest'") == [("2.50",)]
    assert query("SELECT CAST(sum(amount) AS VARCHAR) FROM transactions") == [("-150.00",)]


def test_a_row_is_dated_the_later_of_payment_and_production(import_files: ImportFiles) -> None:
    _, query = import_files(
        [remittance(claim(), produced="20260305"), remittance(claim("A2"), produced="20260210", control="2")]
    )
    assert query("SELECT DISTINCT account_id, CAST(posted_on AS VARCHAR) FROM transactions ORDER BY 1") == [
        ("A1", "2026-03-05"),
        ("A2", "2026-03-01"),
    ]


def test_a_remittance_without_a_date_takes_that_of_its_functional_group(import_files: ImportFiles) -> None:
    _, query = import_files([remittance(claim(), day="")])
    assert query("SELECT DISTINCT CAST(posted_on AS VARCHAR), effective_on FROM transactions") == [("2026-03-01", None)]


def test_an_invalid_date_is_quarantined_and_not_guessed(import_files: ImportFiles, tmp_path: Path) -> None:
    many = [claim(f"A{number}") for number in range(200)]
    day = remittance(*many, total="20000")
    report, query = import_files([day, remittance(claim("B1"), day="20262301", trace="T2", control="2")])
    assert report.files[0].quarantined == 1
    assert "posted_on,date,0.835" in (tmp_path / "out" / "import_quarantine.csv").read_text("utf-8")
    assert query("SELECT count(*) FROM transactions") == [(200,)]
    with pytest.raises(ExtractRefusedError, match=r"date in opened_on 1 times in 0\.835"):
        import_files([remittance(claim("SECRET"), day="20262301")])


def test_the_refusal_of_a_folder_names_every_refused_file(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    write(tmp_path / "source" / "good.835", remittance(claim()))
    for name in ("cut.835", "empty.835"):
        (tmp_path / "source" / name).write_text(ISA if name == "cut.835" else "")
    with pytest.raises(ExtractRefusedError) as refused:
        import_x12(tmp_path / "source", tmp_path / "out")
    assert str(refused.value).startswith("cut.835: ")
    assert "empty.835: " in str(refused.value)
    assert "good.835" not in str(refused.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("account", ["", "0", " "])
def test_a_claim_without_an_account_is_quarantined(import_files: ImportFiles, account: str) -> None:
    many = [claim(f"A{number}") for number in range(200)]
    report, _ = import_files([remittance(*many, claim(account), total="20100")])
    assert report.files[0].quarantined == 1


@pytest.mark.parametrize("amount", ["", "ten", "12.345", "1,000", "1e3", "$5"])
def test_an_invalid_amount_is_quarantined_and_never_shown(import_files: ImportFiles, amount: str) -> None:
    many = [claim(f"A{number}") for number in range(200)]
    report, _ = import_files([remittance(*many, claim("SECRET", paid=amount), total="20100")])
    assert report.files[0].quarantined == 1
    assert any("1 of 201 claim balances are unreadable" in notice for notice in report.notices)
    assert not any("SECRET" in notice or (amount and amount in notice) for notice in report.notices)


def test_the_same_file_under_two_names_is_read_once(import_files: ImportFiles, tmp_path: Path) -> None:
    segments = [remittance(claim())]
    report, query = import_files(segments, segments)
    assert [file.same_as for file in report.files] == [None, "0.835"]
    assert query("SELECT count(*) FROM transactions") == [(1,)]


def test_the_same_remittance_in_another_file_has_the_same_keys(import_files: ImportFiles) -> None:
    report, query = import_files(
        [remittance(ORIGINAL)], [remittance(ORIGINAL), remittance(claim("A2"), trace="T2", control="2")]
    )
    assert query("SELECT count(*), count(DISTINCT transaction_id) FROM transactions") == [(5, 5)]
    assert report.files[1].skipped == {DUPLICATE: 1}
    assert not any("repeated" in notice for notice in report.notices)


def test_keys_do_not_depend_on_envelopes_delimiters_or_file_names(import_files: ImportFiles, tmp_path: Path) -> None:
    _, query = import_files([remittance(ORIGINAL)])
    before = query("SELECT transaction_id FROM transactions ORDER BY 1")
    text = (tmp_path / "source" / "0.835").read_text("utf-8")
    text = text.replace("000000001", "000000777").replace("*", "|").replace("~\n", "'").replace(":", ">")
    (tmp_path / "other.edi").write_text(text, encoding="utf-8")
    import_x12(tmp_path / "other.edi", tmp_path / "again")
    assert fetch_rows(tmp_path / "again", "SELECT transaction_id FROM transactions ORDER BY 1") == before


def test_the_same_inputs_produce_the_same_bytes(import_files: ImportFiles, tmp_path: Path) -> None:
    files = [[remittance(ORIGINAL, claim("A2"))], [submission(charge(), charge("A3"))]]
    import_files(*files)
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    import_files(*files)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == first


def test_subfolders_are_searched_and_one_bad_file_refuses_the_import_by_name(tmp_path: Path) -> None:
    inner = tmp_path / "source" / "march"
    inner.mkdir(parents=True)
    write(tmp_path / "source" / "good.edi", remittance(claim()))
    write(inner / "also.X12", remittance(claim("A2"), trace="T2"))
    (inner / "notes.md").write_text("not X12", encoding="utf-8")
    report = import_x12(tmp_path / "source", tmp_path / "out")
    assert [file.name for file in report.files] == ["good.edi", "march/also.X12"]
    (inner / "bad.835").write_text("HELLO", encoding="utf-8")
    with pytest.raises(ExtractRefusedError, match=r"^march/bad\.835: segment 1"):
        import_x12(tmp_path / "source", tmp_path / "out")
    assert fetch_rows(tmp_path / "out", "SELECT count(*) FROM accounts") == [(2,)]


def test_a_folder_without_x12_files_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(WrongUsageError, match="no X12 file"):
        import_x12(tmp_path, tmp_path / "out")
    with pytest.raises(WrongUsageError, match="no X12 file"):
        import_x12(tmp_path / "absent", tmp_path / "out")
