"""Patients as guarantors: the year of birth, state and three digits of the zip code, and what the fairness audit needs.

Names, addresses and numbers of a person are never read.
"""

from __future__ import annotations

from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.source_table import LINE
from payrank.extracts.readers.synthea.stage_tables import SyntheaTables

_STATES = (
    "Alabama AL,Alaska AK,Arizona AZ,Arkansas AR,California CA,Colorado CO,Connecticut CT,Delaware DE,"
    "District of Columbia DC,Florida FL,Georgia GA,Hawaii HI,Idaho ID,Illinois IL,Indiana IN,Iowa IA,Kansas KS,"
    "Kentucky KY,Louisiana LA,Maine ME,Maryland MD,Massachusetts MA,Michigan MI,Minnesota MN,Mississippi MS,"
    "Missouri MO,Montana MT,Nebraska NE,Nevada NV,New Hampshire NH,New Jersey NJ,New Mexico NM,New York NY,"
    "North Carolina NC,North Dakota ND,Ohio OH,Oklahoma OK,Oregon OR,Pennsylvania PA,Puerto Rico PR,"
    "Rhode Island RI,South Carolina SC,South Dakota SD,Tennessee TN,Texas TX,Utah UT,Vermont VT,Virginia VA,"
    "Washington WA,West Virginia WV,Wisconsin WI,Wyoming WY"
)
STATE_CODES = {name: code for name, _, code in (entry.rpartition(" ") for entry in _STATES.split(","))}
"""Name of a state, as Synthea writes it, -> its postal code, as the rules' tables by state have it."""


def load_guarantors(session: ImportSession, tables: SyntheaTables) -> None:
    """Land one guarantor a patient. A birth date that is none is left as it is, for the contract to judge.

    A zip code without five digits, its leading zero lost perhaps, gives no three digits: they would name another place.

    DEATHDATE is no flag here: a table of flags that holds deaths alone would pass for a whole feed of flags, and open
    the patient list that stays closed without one.
    """
    states = " ".join(f"WHEN '{name}' THEN '{code}'" for name, code in STATE_CODES.items())
    for part in tables.of("patients"):
        session.load(
            "guarantors",
            part,
            f"""
            SELECT "Id" AS guarantor_id,
                CASE WHEN regexp_full_match(BIRTHDATE, '\\d{{4}}-\\d{{2}}-\\d{{2}}') THEN left(BIRTHDATE, 4)
                    ELSE BIRTHDATE END AS birth_year,
                CASE STATE {states} ELSE STATE END AS state,
                CASE WHEN regexp_full_match(ZIP, '\\d{{5}}(-\\d{{4}})?') THEN left(ZIP, 3) END AS zip3,
                RACE AS audit_race, ETHNICITY AS audit_ethnicity, GENDER AS audit_gender, {LINE}
            FROM {part.relation} ORDER BY {LINE}
            """,
        )
