"""Lookups of a mapping: one row of another table by its key, never one of several, and every row is counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.mapped.import_csv import import_csv
from payrank.extracts.readers.session.report import ImportReport

LEDGER = "Acct,Guar,Opened,Plan\n" + "".join(f"{n:03},G{n},2026-01-05,{n % 3}\n" for n in range(300))
PLANS = "Plan ID,Name,Class\n0,AETNA,C1\n1,NA,C2\n2,None,C9\n"
CLASSES = "Class,Meaning\nC1,commercial\nC2,medicare\n"
MAPPING = """
[lookups.insurer]
file = "plans.*"
key = "Plan ID"
by = "Plan"
[lookups.class]
file = "classes.csv"
key = "Class"
by = "insurer.Class"
[[accounts]]
file = "ledger.csv"
lookups = ["insurer", "class"]
account_id = "Acct"
guarantor_id = "Guar"
opened_on = "Opened"
facility = "insurer.Name"
service_line = "class.Meaning"
"""
FILES = {"ledger.csv": LEDGER, "plans.csv": PLANS, "classes.csv": CLASSES}


@pytest.fixture
def desk(tmp_path: Path) -> Callable[..., tuple[ImportReport, list[tuple[Any, ...]]]]:
    """Write files, texts or workbooks, and import them by a mapping."""

    def run(files: Any = None, mapping: str = MAPPING) -> tuple[ImportReport, list[tuple[Any, ...]]]:
        folder = tmp_path / "source"
        folder.mkdir(exist_ok=True)
        for name, content in (files or FILES).items():
            if isinstance(content, str):
                (folder / name).write_text(content)
            else:
                content.save(folder / name)
        (tmp_path / "mapping.toml").write_text(mapping)
        report = import_csv(folder, tmp_path / "out", tmp_path / "mapping.toml")
        with load_extract(tmp_path / "out") as extract:
            query = "SELECT DISTINCT facility, service_line FROM accounts ORDER BY facility NULLS FIRST"
            return report, extract.connection.execute(query).fetchall()

    return run


def test_a_lookup_may_use_the_result_of_another(
    desk: Callable[..., tuple[ImportReport, list[tuple[Any, ...]]]],
) -> None:
    report, rows = desk()
    assert rows == [("AETNA", "commercial"), ("NA", "medicare"), ("None", None)]
    assert {file.name: (file.loaded, file.reference) for file in report.files} == {
        "classes.csv": (0, 2),
        "ledger.csv": (300, 0),
        "plans.csv": (0, 3),
    }
    assert any("ledger.csv: 100 rows without a match in [lookups.class]" in notice for notice in report.notices)


def test_a_row_without_a_key_finds_nothing_and_is_kept(
    desk: Callable[..., tuple[ImportReport, list[tuple[Any, ...]]]],
) -> None:
    report, rows = desk({**FILES, "ledger.csv": "Acct,Guar,Opened,Plan\n1,G,2026-01-05,\n"})
    assert rows == [(None, None)]
    assert not any("found nothing" in notice for notice in report.notices)


def test_duplicate_lookup_rows_are_one_and_different_rows_with_a_key_refuse_by_line(
    desk: Callable[..., tuple[ImportReport, list[tuple[Any, ...]]]],
) -> None:
    assert len(desk({**FILES, "plans.csv": PLANS + "0,AETNA,C1\n"})[1]) == 3
    with pytest.raises(
        ExtractRefusedError, match=r"plans\.csv: lines 2 and 5 have the same Plan ID and differ"
    ) as refused:
        desk({**FILES, "plans.csv": PLANS + "0,CIGNA,C1\n"})
    assert "CIGNA" not in str(refused.value)
    where = MAPPING.replace('key = "Plan ID"', 'key = "Plan ID"\nwhere = "Name <> \'CIGNA\'"')
    assert len(desk(mapping=where)[1]) == 3


def test_a_lookup_may_be_a_sheet_and_its_unreadable_cells_are_reported(
    desk: Callable[..., tuple[ImportReport, list[tuple[Any, ...]]]], tmp_path: Path
) -> None:
    workbook = Workbook()
    workbook.active.append(["Plan ID", "Name", "Class"])
    for row in (["0", "AETNA", "C1"], ["1", "#N/A", "C2"], ["2", "None", "C9"]):
        workbook.active.append(row)
    report, rows = desk({"ledger.csv": LEDGER, "classes.csv": CLASSES, "plans.xlsx": workbook})
    assert rows == [(None, "medicare"), ("AETNA", "commercial"), ("None", None)]
    assert any("columns Name of plans.xlsx[Sheet] have unreadable cells" in notice for notice in report.notices)


def test_a_table_may_be_a_reference_and_also_be_loaded(
    desk: Callable[..., tuple[ImportReport, list[tuple[Any, ...]]]],
) -> None:
    payers = '[[payers]]\nfile = "plans.csv"\nwhere = "Class <> \'C9\'"\n'
    payers += 'payer_id = "Plan ID"\npayer_name = "Name"\npayer_class = "\'other\'"\n'
    report, _ = desk(mapping=MAPPING + payers)
    assert report.rows_written == {"accounts": 300, "payers": 2}
    assert [(file.loaded, file.reference) for file in report.files if file.name == "plans.csv"] == [(2, 1)]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('key = "Plan ID"', 'key = "Plan Id"', r"\[lookups\.insurer\]: key is not a column of plans\.csv.*'Plan ID'"),
        ('by = "Plan"', 'by = "Plann"', r"\[lookups\.insurer\]: by is neither a column nor an expression.*'Plan'"),
        ('file = "plans.*"', 'file = "none.csv"', r"\[lookups\.insurer\]: 0 files .* match 'none\.csv'. Allowed: one"),
        ('file = "plans.*"', 'file = "*.csv"', r"\[lookups\.insurer\]: 3 files"),
        ('file = "plans.*"', 'file = "../plans.csv"', "is outside the source folder"),
        ('key = "Plan ID"', 'key = "Plan ID"\nwhere = "max(Name)"', "where is not a condition"),
        ("[lookups.insurer]", "[lookups.Guar]", r"has an unknown lookup: 'insurer'"),
        ('lookups = ["insurer", "class"]', 'lookups = "insurer"', "lookups is not a list"),
        ('lookups = ["insurer", "class"]', 'lookups = ["class"]', r"\[lookups\.class\]: by is neither"),
        ('by = "Plan"', 'bye = "Plan"', "unknown key of .*did you mean 'by'"),
        ('by = "Plan"', "by = 3", "lacks file, key, or by"),
        ('by = "Plan"', 'by = "Plan"\nheader_row = 0', "header_row is not a row number"),
        ("[[accounts]]", '[[accounts]]\noptional = "yes"', "optional is not true or false"),
        ("[[accounts]]", "[[accounts]]\nheader_row = true", "header_row is not a row number"),
        ('"Opened"', "\"day(Opened, 'mm/dd/yyyy')\"", "unknown date format 'mm/dd/yyyy'"),
    ],
)
def test_a_mistake_is_reported_with_what_is_allowed(
    desk: Callable[..., tuple[ImportReport, list[tuple[Any, ...]]]], old: str, new: str, problem: str
) -> None:
    assert old in MAPPING
    with pytest.raises(WrongUsageError, match=problem):
        desk(mapping=MAPPING.replace(old, new))


def test_a_lookup_with_the_name_of_a_column_is_wrong_usage(
    desk: Callable[..., tuple[ImportReport, list[tuple[Any, ...]]]],
) -> None:
    mapping = MAPPING.replace("[lookups.insurer]", "[lookups.guar]").replace('["insurer", "class"]', '["guar"]')
    with pytest.raises(WrongUsageError, match=r"ledger\.csv has a column with that name"):
        desk(mapping=mapping.replace("insurer.", "guar."))


def test_only_an_optional_block_may_be_without_a_file(
    desk: Callable[..., tuple[ImportReport, list[tuple[Any, ...]]]],
) -> None:
    denials = '[[denials]]\nfile = "denials.csv"\ndenial_id = "Id"\ndenied_on = "Day"\n'
    with pytest.raises(WrongUsageError, match=r"no file in .* matches 'denials\.csv'"):
        desk(mapping=MAPPING + denials)
    report, _ = desk(mapping=MAPPING + denials.replace("[[denials]]", "[[denials]]\noptional = true"))
    assert any(
        "[[denials]] block 1: skipped, because it is optional and no file matches 'denials.csv'" in notice
        for notice in report.notices
    )


def test_a_mapping_that_fits_no_file_is_wrong_usage(
    desk: Callable[..., tuple[ImportReport, list[tuple[Any, ...]]]],
) -> None:
    only = MAPPING.replace("[[accounts]]", "[[accounts]]\noptional = true").replace("ledger.csv", "ledgers.csv")
    with pytest.raises(WrongUsageError, match="no file matches any block"):
        desk(mapping=only)
