"""Which file of a folder is which of Synthea's tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from payrank.extracts.errors import ExtractRefusedError

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "claims": (
        "Id",
        "PATIENTID",
        "PRIMARYPATIENTINSURANCEID",
        "SECONDARYPATIENTINSURANCEID",
        "APPOINTMENTID",
        "SERVICEDATE",
        "OUTSTANDING1",
        "OUTSTANDING2",
        "OUTSTANDINGP",
    ),
    "claims_transactions": (
        "ID",
        "CLAIMID",
        "CHARGEID",
        "TYPE",
        "AMOUNT",
        "METHOD",
        "FROMDATE",
        "PROCEDURECODE",
        "TRANSFERTYPE",
        "PAYMENTS",
        "ADJUSTMENTS",
        "TRANSFERS",
    ),
}
OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "payers": ("Id", "NAME"),
    "encounters": ("Id", "ORGANIZATION", "ENCOUNTERCLASS"),
    "patients": ("Id", "BIRTHDATE", "RACE", "ETHNICITY", "GENDER", "STATE", "ZIP"),
    "payer_transitions": ("PATIENT", "START_YEAR", "END_YEAR", "PAYER"),
    "organizations": ("Id", "NAME"),
}
"""Table -> the columns that are read, as the Synthea wiki's "CSV File Data Dictionary" names them. The others, a
patient's name, address and numbers among them, are staged as text inside the private database and read by no query."""

ALSO_NAMED = {"START_YEAR": "START_DATE", "END_YEAR": "END_DATE"}
"""Column of payer_transitions -> its name in other exports."""

_NAME = re.compile(r"(?P<table>[a-z_]+?)(?:[ _.-]?\(?\d+\)?)?\.csv(?:\.gz)?", re.IGNORECASE)


def find_files(folder: Path) -> dict[str, list[Path]]:
    """Find the files of each table, numbered parts (`claims_1.csv`, `claims (2).csv`) among them, by name.

    Raises
    ------
    ExtractRefusedError
        When the folder is absent, or holds no file of a required table.
    """
    if not folder.is_dir():
        raise ExtractRefusedError(
            f"{folder}: no such folder. Allowed: Synthea's CSV output folder, output/csv. Give the folder that holds "
            "claims.csv."
        )
    found: dict[str, list[Path]] = {name: [] for name in (*REQUIRED, *OPTIONAL)}
    for path in sorted(folder.iterdir()):
        match = _NAME.fullmatch(path.name)
        if match and path.is_file() and match["table"].lower() in found:
            found[match["table"].lower()].append(path)
    missing = [f"{name}.csv" for name in REQUIRED if not found[name]]
    if missing:
        raise ExtractRefusedError(
            f"{folder}: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not there. Required: "
            f"{', '.join(f'{name}.csv' for name in REQUIRED)}; read where they are: "
            f"{', '.join(f'{name}.csv' for name in OPTIONAL)}. Export them too (exporter.csv.included_files), or give "
            "the folder that holds them."
        )
    return found
