"""A file with an unclosed envelope is refused by name, segment, and rule. Every sample has an expected verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.readers.x12.files.read_file import FileAccount, read_file

ISA = "ISA*00*          *00*          *ZZ*A              *ZZ*B              *260301*0101*^*00501*000000001*0*P*:~"
GS = "GS*HP*A*B*20260301*0101*1*X*005010X221A1~"
ST = "ST*835*0001~BPR*I*0*C*NON************20260301~TRN*1*SECRETTRACE*1999999999~"
GOOD = ISA + GS + ST + "SE*4*0001~GE*1*1~IEA*1*000000001~"


def read(tmp_path: Path, text: str) -> FileAccount:
    path = tmp_path / "may.835"
    path.write_text(text, encoding="utf-8")
    return read_file(path)


def test_envelopes_that_close_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD).transactions == {"835": 1}
    assert read(tmp_path, GOOD * 3).transactions == {"835": 3}


def test_several_groups_and_transactions_are_read_and_counted(tmp_path: Path) -> None:
    sets = ST + "SE*4*0001~" + ST.replace("0001", "0002") + "SE*4*0002~"
    group = GS + sets + "GE*2*1~"
    text = ISA + group + group.replace("*1*X", "*2*X").replace("GE*2*1~", "GE*2*2~") + "IEA*2*000000001~"
    assert read(tmp_path, text).transactions == {"835": 4}


def test_numeric_control_numbers_compare_as_numbers(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD.replace("IEA*1*000000001", "IEA*1*1")).transactions == {"835": 1}


def test_other_transactions_are_ignored_but_a_file_needs_an_835_or_837(tmp_path: Path) -> None:
    other = GS.replace("*HP*", "*FA*") + "ST*999*0001~AK1*HP*1~IK5*A~SE*4*0001~GE*1*1~"
    both = ISA + other + GS + ST + "SE*4*0001~GE*1*1~IEA*2*000000001~"
    assert read(tmp_path, both).transactions == {"999": 1, "835": 1}
    with pytest.raises(ExtractRefusedError, match="no 835 or 837 transaction"):
        read(tmp_path, ISA + other + "IEA*1*000000001~")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("SE*4*0001~", ""), "segment 6: GE while ST is open (no SE"),
        (GOOD.replace("GE*1*1~", ""), "segment 7: IEA while GS is open (no GE"),
        (GOOD.replace("IEA*1*000000001~", ""), "the file ends while an interchange is open (no IEA)"),
        (ISA + GS + ST, "the file ends while a transaction is open (no SE)"),
        (ISA + GS + ST + "SE*4*0001~", "the file ends while a functional group is open (no GE)"),
        (GOOD.replace("IEA*1*000000001~", "") + GOOD, "segment 8: ISA while ISA is open"),
        (GOOD.replace("SE*4*", "SE*5*"), "segment 6: SE states a wrong number of segments"),
        (GOOD.replace("SE*4*", "SE**"), "segment 6: SE states a wrong number of segments"),
        (GOOD.replace("SE*4*", "SE*+4*"), "segment 6: SE states a wrong number of segments"),
        (GOOD.replace("SE*4*0001", "SE*4*001"), "segment 6: SE and ST have different control numbers"),
        (GOOD.replace("GE*1*1", "GE*2*1"), "segment 7: GE states a wrong number of transactions"),
        (GOOD.replace("GE*1*1", "GE*1*7"), "segment 7: GE and GS have different control numbers"),
        (GOOD.replace("IEA*1*", "IEA*2*"), "segment 8: IEA states a wrong number of functional groups"),
        (GOOD.replace("IEA*1*000000001", "IEA*1*000000009"), "segment 8: IEA and ISA have different control"),
        (GOOD.replace(GS, "BPR*I*1~" + GS), "segment 2: a body segment outside any transaction"),
        (GOOD.replace("GE*1", "N4*SOMEWHERE~GE*1"), "segment 7: a body segment outside any transaction"),
        (GOOD.replace("TRN*", "ST*835*0002~TRN*"), "segment 5: ST while ST is open"),
        (ISA + "ST*835*1~SE*2*1~IEA*0*000000001~", "segment 2: ST while ISA is open"),
        (ISA + "IEA*0*000000001~", "no 835 or 837 transaction"),
    ],
)
def test_an_unclosed_envelope_is_refused_by_segment_and_rule(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ExtractRefusedError, match=r"^may\.835: ") as refused:
        read(tmp_path, text)
    assert message in str(refused.value)
    assert "SECRETTRACE" not in str(refused.value)
    assert refused.value.exit_code == 3


COUNT = "SE states a wrong number of segments"
VERDICTS = {
    "clawd_hdi_835_all_fields.dat": COUNT,
    "clawd_hdi_835_not_covered_inpatient.dat": COUNT,
    "clawd_hdi_835_provider_level_adjustment.dat": COUNT,
    "clawd_sample_835_alt_delimiters.edi": COUNT,
    "clawd_sample_835_balancing.edi": COUNT,
    "clawd_sample_835_discrepancy.edi": COUNT,
    "clawd_sample_missing_ge.edi": "IEA while GS is open (no GE",
    "clawd_sample_missing_iea.edi": COUNT,  # its SE states 11 of 10 segments, which is found before the missing IEA
    "clawd_sample_missing_se.edi": COUNT,  # it has an SE that states 9 of 10 segments
    "clawd_sample_multi_interchange.edi": "GE and GS have different control numbers",
    "clawd_sample_multi_transaction.edi": "GE states a wrong number of transactions",
    "clawd_sample_orphan_body_segment.edi": "segment 2: a body segment outside any transaction",
    "clawd_sample_se_count_wrong.edi": COUNT,
    "cove_sample_835.txt": COUNT,
    "cove_sample_835_with_interests.txt": COUNT,
}
"""Refused samples and reasons. All others are read: balance level -> (checked, off, unreadable)."""

NO_AMOUNTS = {"line": (2, 1, 0), "claim": (2, 0, 2), "transaction": (1, 0, 1)}
BALANCES = {
    "clawd_hdi_835_denial.dat": {"line": (1, 0, 0), "claim": (1, 0, 0), "transaction": (1, 0, 0)},
    "clawd_sample_835.edi": NO_AMOUNTS,
    "clawd_sample_835_rich.edi": {"line": (4, 3, 0), "claim": (4, 0, 4), "transaction": (1, 0, 1)},
    "clawd_sample_trailing_whitespace.edi": NO_AMOUNTS,
    "clawd_sample_whitespace_irregular.edi": {"line": (1, 1, 0), "claim": (2, 0, 2), "transaction": (1, 0, 1)},
    "lfh_cob-contractural-adjustment.835": {"line": (1, 0, 0), "claim": (1, 0, 0), "transaction": (1, 0, 0)},
    "lfh_demo.835": {"claim": (2, 0, 0), "transaction": (1, 0, 0)},
    "lfh_managed-care.835": {"line": (2, 0, 0), "claim": (2, 0, 0), "transaction": (1, 0, 0)},
    "lfh_medicare-part-a.835": {"claim": (2, 0, 0), "transaction": (1, 0, 0)},
    "lfh_secondary-payment.835": {"line": (2, 0, 0), "claim": (2, 0, 0), "transaction": (1, 0, 0)},
    "lfh_tertiary-payment.835": {"line": (1, 1, 0), "claim": (1, 0, 0), "transaction": (1, 0, 0)},
    "pyx12_835_mult_loops.txt": {"line": (3, 0, 0), "claim": (1, 0, 0), "transaction": (1, 0, 0)},
    "scribe_sample_835.edi": {"line": (1, 1, 0), "claim": (1, 1, 0), "transaction": (1, 0, 0)},
    "scribe_sample_835_multi_claim.edi": {"line": (3, 0, 0), "claim": (2, 0, 0), "transaction": (1, 0, 0)},
    "scribe_stroke_encounter_facility_835.edi": {"line": (3, 0, 0), "claim": (1, 0, 0), "transaction": (1, 0, 0)},
    "scribe_stroke_encounter_neurology_835.edi": {"line": (2, 0, 0), "claim": (1, 0, 0), "transaction": (1, 0, 0)},
    "scribe_stroke_encounter_professional_835.edi": {"line": (3, 0, 0), "claim": (1, 0, 0), "transaction": (1, 0, 0)},
    "scribe_stroke_encounter_rehab_835.edi": {"line": (3, 0, 0), "claim": (1, 0, 0), "transaction": (1, 0, 0)},
    "x12parser_4010_FromNth_835_DeIdent_01.dat": {
        "line": (365, 185, 0),
        "claim": (96, 86, 0),
        "transaction": (1, 1, 0),
    },
}


@pytest.mark.data
def test_every_sample_has_the_expected_verdict(real_data: Path) -> None:
    accepted, refused = {}, {}
    x12 = real_data / "x12"
    for path in (*sorted((x12 / "835").glob("*.*")), *sorted((x12 / "837").glob("lfh_*"))):
        try:
            levels = read_file(path).balances.levels
        except ExtractRefusedError as error:
            refused[path.name] = str(error)
        else:
            accepted[path.name] = {
                level: (balance.checked, balance.off, balance.unreadable)
                for level, balance in levels.items()
                if balance.checked
            }
    claims = {name: balances for name, balances in accepted.items() if "charges" in balances}
    assert set(refused) == set(VERDICTS)
    for name, message in VERDICTS.items():
        assert refused[name].startswith(f"{name}: segment ")
        assert message in refused[name]
    assert {name: balances for name, balances in accepted.items() if name not in claims} == BALANCES
    assert len(claims) == 8
    assert all(balances == {"charges": (1, 0, 0)} for balances in claims.values())
