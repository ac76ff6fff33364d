"""Claims as accounts, and who covers them."""

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
"""encounters.ENCOUNTERCLASS (Synthea wiki) -> patient class. A class that is not listed is `other`, with a notice."""


def load_accounts(session: ImportSession, tables: SyntheaTables) -> None:
    """Land one account a claim, opened on the day of service, and its first and second coverage."""
    classes = " ".join(f"WHEN '{given}' THEN '{ours}'" for given, ours in PATIENT_CLASSES.items())
    session.connection.execute(f"CREATE TABLE synthea_spells AS {_render_spells()}")
    for part in tables.of("claims"):
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
    """Render the coverages of claims: known when the service was, ended when the patient left the payer."""
    sides = " UNION ALL ".join(
        f'SELECT "Id" AS account_id, PATIENTID, {render_payer(column)} AS payer_id, {priority} AS priority, '
        f"{render_day('SERVICEDATE')} AS known_on, {LINE} FROM {claims}"
        for priority, column in enumerate(("PRIMARYPATIENTINSURANCEID", "SECONDARYPATIENTINSURANCEID"), start=1)
    )
    return f"""
        SELECT account_id, payer_id, priority, known_on, ended_on, {LINE} FROM (
            SELECT side.*, spell.ended_on FROM ({sides}) AS side
            LEFT JOIN synthea_spells AS spell ON spell.PATIENT = side.PATIENTID AND spell.PAYER = side.payer_id
                AND priority = 1 AND side.known_on >= spell.started_on AND side.known_on < spell.ended_on
            QUALIFY row_number() OVER (PARTITION BY side.{LINE}, priority ORDER BY spell.ended_on DESC NULLS LAST) = 1)
        WHERE payer_id IS NOT NULL AND payer_id NOT IN (SELECT "Id" FROM synthea_payers WHERE NAME = 'NO_INSURANCE')
        ORDER BY {LINE}, priority
    """


def _render_spells() -> str:
    """Render each patient's unbroken time with a payer: plan years of one payer that follow each other are one spell.

    START_YEAR and END_YEAR are moments in newer exports and whole years, both included, in older ones.
    """
    return f"""
        SELECT PATIENT, PAYER, min(started_on) AS started_on, max(ended_on) AS ended_on FROM (
            SELECT *, sum(if(started_on = before, 0, 1)) OVER (PARTITION BY PATIENT, PAYER
                ORDER BY started_on, ended_on ROWS UNBOUNDED PRECEDING) AS spell
            FROM (SELECT *, lag(ended_on) OVER (PARTITION BY PATIENT, PAYER ORDER BY started_on, ended_on) AS before
                FROM (SELECT PATIENT, PAYER,
                    CASE WHEN regexp_full_match(START_YEAR, '\\d{{4}}') THEN START_YEAR || '-01-01'
                        ELSE {render_day("START_YEAR")} END AS started_on,
                    CASE WHEN regexp_full_match(END_YEAR, '\\d{{4}}')
                        THEN format('{{:04d}}-01-01', TRY_CAST(END_YEAR AS INTEGER) + 1)
                        ELSE {render_day("END_YEAR")} END AS ended_on
                    FROM synthea_payer_transitions)))
        GROUP BY PATIENT, PAYER, spell
    """


def describe_classes(session: ImportSession, tables: SyntheaTables) -> None:
    """Count encounters of a class that is not listed, and claims of an encounter that is not there."""
    if not tables.of("encounters"):
        return
    listed = ", ".join(f"'{name}'" for name in PATIENT_CLASSES)
    (unlisted,) = fetch_one_row(
        session.connection, f"SELECT count(*) FROM synthea_encounters WHERE ENCOUNTERCLASS NOT IN ({listed})"
    )
    if unlisted:
        session.add_notice(
            f"encounters: {pluralize(unlisted, 'encounter')} of a class that the reader does not know, taken as other"
        )
    (lost,) = fetch_one_row(
        session.connection,
        "SELECT count(*) FROM synthea_claims WHERE APPOINTMENTID IS NOT NULL "
        'AND APPOINTMENTID NOT IN (SELECT "Id" FROM synthea_encounters WHERE "Id" IS NOT NULL)',
    )
    if lost:
        session.add_notice(f"claims: {pluralize(lost, 'claim')} whose encounter is not in encounters.csv")
