"""Load patients as guarantors: birth year, state, zip3, and the columns for the fairness audit.

Names, addresses, and personal numbers are never used.
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
"""State name, as Synthea writes it -> its postal code, which the rules use."""


def load_guarantors(session: ImportSession, tables: SyntheaTables) -> None:
    """Load one guarantor per patient. An invalid birth date is loaded unchanged, for validation to reject.

    A ZIP code without five digits (perhaps it lost a leading zero) yields no zip3, because it would name another place.

    DEATHDATE does not become a flag: a flag table with only deaths would look like a complete feed and would open the
    patient list, which stays closed without one.
    """
    states = " ".join(f"WHEN '{name}' THEN '{code}'" for name, code in STATE_CODES.items())
    for part in tables.parts_of("patients"):
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
