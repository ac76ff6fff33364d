"""Import FHIR R4 bulk data into canonical tables, with every resource accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from payrank.extracts.contract.source_file import digest_file
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.readers.fhir.build_tables import build_tables
from payrank.extracts.readers.fhir.choose_versions import choose_versions
from payrank.extracts.readers.fhir.notices import add_notices
from payrank.extracts.readers.fhir.resolve_payers import resolve_payers
from payrank.extracts.readers.fhir.resources.eligibility import NO_CLAIM, NOT_OPENED
from payrank.extracts.readers.fhir.resources.parse_resource import RULES
from payrank.extracts.readers.fhir.stage_resources import ResourceStager
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.report import ImportReport
from payrank.extracts.readers.session.run_import import run_import
from payrank.extracts.readers.session.source_table import SourceTable

SUFFIXES = (".ndjson", ".ndjson.gz")
AS_OF = (
    "SELECT max(day) + 1 FROM (SELECT max(posted_on) AS day FROM transactions UNION ALL "
    "SELECT max(denied_on) FROM denials UNION ALL SELECT max(opened_on) FROM accounts)"
)


def import_fhir(source: Path, out: Path, as_of: date | None = None) -> ImportReport:
    """Import FHIR R4 resources, one per line, into a new extract folder.

    Reads ExplanationOfBenefit, Claim, ClaimResponse, Coverage, Invoice, PaymentReconciliation, Account, Organization,
    Patient (birth year only), and Bundles of deletions. Other resource types are counted and skipped. Element names
    follow HL7 FHIR Release 4 (4.0.1); adjudication categories follow HL7 Terminology and the CARIN Blue Button guide.

    Parameters
    ----------
    source
        A file or a folder of files, .ndjson or .ndjson.gz. A file may contain several resource types.
    out
        A new or empty folder, or the folder of an earlier import, which is replaced.
    as_of
        The extract contains everything known before this date. Default: the day after the newest row.

    Raises
    ------
    WrongUsageError
        If `out` contains something else.
    ExtractRefusedError
        If there is no such file, a file cannot be read, over 1% of a file or table is quarantined, or no resource
        yields an account or a denial.

    Examples
    --------

    >>> import_fhir(Path("no/such/folder"), Path("extract"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    payrank.extracts.errors.ExtractRefusedError: no/such/folder: no such file or folder. Allowed: FHIR bulk data, ...
    """
    paths, ignored = find_files(source)

    def read(session: ImportSession) -> None:
        session.add_rules(RULES)
        digests = _stage_files(session, paths)
        choose_versions(session.connection)
        unknown_payers = resolve_payers(session.connection)
        tables = build_tables(session.connection)
        sources = _add_sources(session, paths, digests)
        for table in tables:
            for file in sources:
                _load(session, table, file)
        for file in sources:
            _skip(session, file)
            session.mark_reference(file)
        add_notices(session, unknown_payers)
        if ignored:
            session.add_notice(f"{ignored:,} other files in the folder were ignored (not {' or '.join(SUFFIXES)})")

    return run_import(out, read, source_system="fhir", as_of=as_of or AS_OF)


def find_files(source: Path) -> tuple[list[Path], int]:
    """Find the files to read. Returns them with the number of other files in the folder.

    Raises
    ------
    ExtractRefusedError
        If there are none.
    """
    allowed = "Allowed: FHIR bulk data, one JSON resource per line, as .ndjson or .ndjson.gz: a file or a folder."
    if not source.exists():
        raise ExtractRefusedError(f"{source}: no such file or folder. {allowed} Pass the path of the export.")
    files = sorted(path for path in source.iterdir() if path.is_file()) if source.is_dir() else [source]
    matching = [path for path in files if path.name.lower().endswith(SUFFIXES)]
    if not matching:
        raise ExtractRefusedError(f"{source}: contains no {' or '.join(SUFFIXES)} files. {allowed} Export as ndjson.")
    return matching, len(files) - len(matching)


def _stage_files(session: ImportSession, paths: Sequence[Path]) -> list[str]:
    """Stage each file once, without duplicates of earlier files. Returns the file digests."""
    stager = ResourceStager(session.connection)
    digests: list[str] = []
    for number, path in enumerate(paths):
        digest = digest_file(path)
        if digest not in digests:
            stager.read(path, number)
        digests.append(digest)
    return digests


def _add_sources(session: ImportSession, paths: Sequence[Path], digests: Sequence[str]) -> list[SourceTable]:
    sources: list[SourceTable] = []
    for number, (path, digest) in enumerate(zip(paths, digests, strict=True)):
        first = digests.index(digest)
        records = f"FROM fhir_records WHERE file = {first}"
        session.connection.execute(
            f"CREATE VIEW fhir_source_{number} AS SELECT source_line, kind {records} AND rule IS NULL"
        )
        broken = session.connection.execute(
            f"SELECT source_line, rule {records} AND rule IS NOT NULL ORDER BY source_line"
        ).fetchall()
        same_as = paths[first].name if first != number else None
        sources.append(session.add_source(path.name, digest, f"fhir_source_{number}", broken, same_as, mixed=True))
    return sources


def _load(session: ImportSession, table: str, source: SourceTable) -> None:
    """Load a table's rows of one file, if it has any."""
    rows = f"FROM rows_{table} WHERE file = {source.number}"
    if session.connection.execute(f"SELECT 1 {rows} LIMIT 1").fetchall():
        session.load(table, source, f"SELECT * EXCLUDE (file, part) {rows} ORDER BY source_line, part")


def _skip(session: ImportSession, source: SourceTable) -> None:
    records = f"FROM fhir_records WHERE file = {source.number} AND rule IS NULL"
    reasons = session.connection.execute(
        f"SELECT DISTINCT skip_reason {records} AND skip_reason IS NOT NULL ORDER BY skip_reason"
    ).fetchall()
    for (reason,) in reasons:
        session.skip(source, reason, f"SELECT source_line {records} AND skip_reason = '{reason}'")
    session.skip(
        source, NOT_OPENED, f"SELECT source_line FROM opened WHERE file = {source.number} AND opened_on IS NULL"
    )
    session.skip(
        source,
        NO_CLAIM,
        f"SELECT source_line {records} AND skip_reason IS NULL AND kind = 'PaymentReconciliation' "
        f"AND source_line NOT IN (SELECT source_line FROM paid WHERE file = {source.number} AND account IS NOT NULL)",
    )
