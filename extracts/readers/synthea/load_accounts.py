"""Load claims as accounts, with their coverages."""

from __future__ import annotations

from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.source_table import LINE
from payrank.extracts.readers.synthea.stage_tables import SyntheaTables, render_day, render_payer

PATIENT_CLASSES = {
    "inpatient": "inpatient",
    "emergency": "emergency",
    "outpatient": "outpatient",
    "ambulatory": "outpatient",
    "wellness": "clinic",
    "urgentcare": "clinic",
    "snf": "other",
    "hospice": "other",
    "home": "other",
    "virtual": "other",
}
"""encounters.ENCOUNTERCLASS (Synthea wiki) -> patient class. Other classes are `other`, with a notice."""


def load_accounts(session: ImportSession, tables: SyntheaTables) -> None:
    """Load one account per claim, opened on the service date, with its primary and secondary coverage."""
    classes = " ".join(
        f"WHEN '{encounter_class}' THEN '{patient_class}'" for encounter_class, patient_class in PATIENT_CLASSES.items()
    )
    session.connection.execute(f"CREATE TABLE synthea_enrollment AS {_render_enrollment()}")
    for part in tables.parts_of("claims"):
        session.load(
            "accounts",
            part,
            f"""
            SELECT claim."Id" AS account_id, claim.PATIENTID AS guarantor_id,
                {render_day("claim.SERVICEDATE")} AS opened_on, {render_day("claim.SERVICEDATE")} AS service_on,
                CASE visit.ENCOUNTERCLASS {classes}
                    ELSE if(visit.ENCOUNTERCLASS IS NULL, NULL, 'other') END AS patient_class,
                coalesce(place.NAME, visit.ORGANIZATION) AS facility, claim.{LINE}
            FROM {part.relation} AS claim
            LEFT JOIN synthea_encounters AS visit ON visit."Id" = claim.APPOINTMENTID
            LEFT JOIN synthea_organizations AS place ON place."Id" = visit.ORGANIZATION
            ORDER BY claim.{LINE}
            """,
        )
        session.load("coverages", part, _render_coverages(part.relation))


def _render_coverages(claims: str) -> str:
    """Render the coverages of claims: known from the service date, ended when the patient left the payer."""
    sides = " UNION ALL ".join(
        f'SELECT "Id" AS account_id, PATIENTID, {render_payer(column)} AS payer_id, {priority} AS priority, '
        f"{render_day('SERVICEDATE')} AS known_on, {LINE} FROM {claims}"
        for priority, column in enumerate(("PRIMARYPATIENTINSURANCEID", "SECONDARYPATIENTINSURANCEID"), start=1)
    )
    return f"""
        SELECT account_id, payer_id, priority, known_on, ended_on, {LINE} FROM (
            SELECT side.*, enrollment.ended_on FROM ({sides}) AS side
            LEFT JOIN synthea_enrollment AS enrollment ON enrollment.PATIENT = side.PATIENTID
                AND enrollment.PAYER = side.payer_id AND priority = 1
                AND side.known_on >= enrollment.started_on AND side.known_on < enrollment.ended_on
            QUALIFY row_number() OVER (
                PARTITION BY side.{LINE}, priority ORDER BY enrollment.ended_on DESC NULLS LAST) = 1)
        WHERE payer_id IS NOT NULL AND payer_id NOT IN (SELECT "Id" FROM synthea_payers WHERE NAME = 'NO_INSURANCE')
        ORDER BY {LINE}, priority
    """


def _render_enrollment() -> str:
    """Render each patient's continuous enrollment with a payer: consecutive plan years are merged.

    START_YEAR and END_YEAR are timestamps in newer exports and whole years, both included, in older ones.
    """
    return f"""
        SELECT PATIENT, PAYER, min(started_on) AS started_on, max(ended_on) AS ended_on FROM (
            SELECT *, sum(if(started_on = before, 0, 1)) OVER (PARTITION BY PATIENT, PAYER
                ORDER BY started_on, ended_on ROWS UNBOUNDED PRECEDING) AS enrollment
            FROM (SELECT *, lag(ended_on) OVER (PARTITION BY PATIENT, PAYER ORDER BY started_on, ended_on) AS before
                FROM (SELECT PATIENT, PAYER,
                    CASE WHEN regexp_full_match(START_YEAR, '\\d{{4}}') THEN START_YEAR || '-01-01'
                        ELSE {render_day("START_YEAR")} END AS started_on,
                    CASE WHEN regexp_full_match(END_YEAR, '\\d{{4}}')
                        THEN format('{{:04d}}-01-01', TRY_CAST(END_YEAR AS INTEGER) + 1)
                        ELSE {render_day("END_YEAR")} END AS ended_on
                    FROM synthea_payer_transitions)))
        GROUP BY PATIENT, PAYER, enrollment
    """


def add_class_notices(session: ImportSession, tables: SyntheaTables) -> None:
    """Add notices about unknown encounter classes and claims without their encounter."""
    if not tables.parts_of("encounters"):
        return
    listed = ", ".join(f"'{name}'" for name in PATIENT_CLASSES)
    (unlisted,) = fetch_one_row(
        session.connection, f"SELECT count(*) FROM synthea_encounters WHERE ENCOUNTERCLASS NOT IN ({listed})"
    )
    if unlisted:
        session.add_notice(f"encounters: {pluralize(unlisted, 'encounter')} of an unknown class, classified as other")
    (unmatched,) = fetch_one_row(
        session.connection,
        "SELECT count(*) FROM synthea_claims WHERE APPOINTMENTID IS NOT NULL "
        'AND APPOINTMENTID NOT IN (SELECT "Id" FROM synthea_encounters WHERE "Id" IS NOT NULL)',
    )
    if unmatched:
        session.add_notice(f"claims: {pluralize(unmatched, 'claim')} whose encounter is not in encounters.csv")
