"""The sample remittances and claims are imported completely or refused with a reason."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.readers.x12.import_x12 import import_x12

pytestmark = pytest.mark.data

IMPORTED = {
    "clawd_hdi_835_denial.dat",
    "lfh_cob-contractural-adjustment.835",
    "lfh_demo.835",
    "lfh_medicare-part-a.835",
    "lfh_secondary-payment.835",
    "lfh_tertiary-payment.835",
    "pyx12_835_mult_loops.txt",
    "scribe_sample_835.edi",
    "scribe_sample_835_multi_claim.edi",
    "scribe_stroke_encounter_facility_835.edi",
    "scribe_stroke_encounter_neurology_835.edi",
    "scribe_stroke_encounter_professional_835.edi",
    "scribe_stroke_encounter_rehab_835.edi",
    "x12parser_4010_FromNth_835_DeIdent_01.dat",
}


def test_all_good_samples_are_imported_completely(real_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    for path in (real_data / "x12").rglob("*.*"):
        if path.name in IMPORTED or (path.parent.name == "837" and path.name.startswith("lfh_")):
            shutil.copyfile(path, folder / path.name)
    report = import_x12(folder, tmp_path / "out")
    assert [file.name for file in report.files if file.same_as] == ["lfh_medicare-part-a.835"]
    for file in report.files:
        if file.same_as is None:
            assert file.records == file.loaded + sum(file.skipped.values())
    assert sum(file.records for file in report.files if file.same_as is None) == 96 + 16 + 8
    with duckdb.connect() as connection:
        ledger = tmp_path / "out" / "transactions.parquet"
        charged = connection.execute(f"SELECT sum(amount) FROM '{ledger}' WHERE kind = 'charge'").fetchall()
    assert charged == [
        (Decimal("545.00") + Decimal("79.04") + 100 + Decimal("89.93") * 2 + 450 + Decimal("2593.69") + 350,)
    ]


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("clawd_sample_835.edi", "required in amount"),  # a claim without CLP03 and CLP04
        ("clawd_sample_835_rich.edi", "required in amount"),
        ("clawd_sample_trailing_whitespace.edi", "required in amount"),
        ("clawd_sample_whitespace_irregular.edi", "required in amount"),  # and a DTM02 that is not a date
        ("lfh_managed-care.835", "date in effective_on"),  # a BPR16 that is not a date
    ],
)
def test_samples_without_amounts_or_dates_exceed_the_quarantine_limit(
    real_data: Path, tmp_path: Path, name: str, rule: str
) -> None:
    with pytest.raises(ExtractRefusedError, match=f"{rule} .* in {name}"):
        import_x12(real_data / "x12" / "835" / name, tmp_path / "out")
    assert not (tmp_path / "out").exists()
