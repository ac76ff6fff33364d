"""Find the file of each Synthea table in a folder."""

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
"""Table -> columns that are read, with the names of the Synthea wiki's "CSV File Data Dictionary". Other columns,
such as patient names, addresses, and numbers, are staged as text in the private database but never used.
"""

OTHER_NAMES = {"START_YEAR": "START_DATE", "END_YEAR": "END_DATE"}
"""Column of payer_transitions -> its name in other exports."""

_NAME = re.compile(r"(?P<table>[a-z_]+?)(?:[ _.-]?\(?\d+\)?)?\.csv(?:\.gz)?", re.IGNORECASE)


def find_files(folder: Path) -> dict[str, list[Path]]:
    """Find the files of each table by name, including numbered parts (`claims_1.csv`, `claims (2).csv`).

    Raises
    ------
    ExtractRefusedError
        If the folder does not exist or lacks a required table.
    """
    if not folder.is_dir():
        raise ExtractRefusedError(
            f"{folder}: no such folder. Allowed: Synthea's CSV output folder, output/csv. Pass the folder that "
            "contains claims.csv."
        )
    files: dict[str, list[Path]] = {name: [] for name in (*REQUIRED, *OPTIONAL)}
    for path in sorted(folder.iterdir()):
        match = _NAME.fullmatch(path.name)
        if match and path.is_file() and match["table"].lower() in files:
            files[match["table"].lower()].append(path)
    missing = [f"{name}.csv" for name in REQUIRED if not files[name]]
    if missing:
        raise ExtractRefusedError(
            f"{folder}: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing. Required: "
            f"{', '.join(f'{name}.csv' for name in REQUIRED)}; optional: "
            f"{', '.join(f'{name}.csv' for name in OPTIONAL)}. Export them too (exporter.csv.included_files), or "
            "pass the folder that contains them."
        )
    return files
