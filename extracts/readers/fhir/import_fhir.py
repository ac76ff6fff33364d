"""Imports FHIR R4 bulk data: canonical tables and the account of every resource."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from payrank.extracts.contract.source_file import digest_file
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.readers.fhir.build_tables import build_tables
from payrank.extracts.readers.fhir.choose_versions import choose_versions
from payrank.extracts.readers.fhir.describe import describe
from payrank.extracts.readers.fhir.gather import Gatherer
from payrank.extracts.readers.fhir.resolve_payers import resolve_payers
from payrank.extracts.readers.fhir.resources.eligibility import NO_CLAIM, NOT_OPENED
from payrank.extracts.readers.fhir.resources.parse_resource import RULES
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
    """Import FHIR R4 resources, one a line, into a new extract folder.

    Reads ExplanationOfBenefit, Claim, ClaimResponse, Coverage, Invoice, PaymentReconciliation, Account, Organization,
    Patient (the birth year) and Bundles of deletions; resources of other types are counted and skipped. Names of
    elements: HL7 FHIR Release 4 (4.0.1); categories of adjudications: HL7 Terminology and the CARIN Blue Button guide.

    Parameters
    ----------
    source
        A file, or a folder of files, .ndjson or .ndjson.gz; a file may hold resources of several types.
    out
        A new or empty folder, or one that an import made, which is then replaced.
    as_of
        The day that the source knows everything before; the day after its newest row when None.

    Raises
    ------
    WrongUsageError
        When `out` holds something else.
    ExtractRefusedError
        When there is no such file, one cannot be read as a whole, over 1% of a file or table is quarantined, or no
        resource gives an account or a denial.

    Examples
    --------
    >>> import_fhir(Path("no/such/folder"), Path("extract"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    payrank.extracts.errors.ExtractRefusedError: no/such/folder: no such file or folder. Allowed: FHIR bulk data, ...
    """
    paths, ignored = find_files(source)

    def read(session: ImportSession) -> None:
        session.add_rules(RULES)
        digests = _gather(session, paths)
        choose_versions(session.connection)
        unknown_payers = resolve_payers(session.connection)
        tables = build_tables(session.connection)
        sources = _add_sources(session, paths, digests)
        for table in tables:
            for added in sources:
                _load(session, table, added)
        for added in sources:
            _skip(session, added)
            session.mark_reference(added)
        describe(session, unknown_payers)
        if ignored:
            session.add_notice(f"{ignored:,} other files in the folder: not {' or '.join(SUFFIXES)}, not read")

    return run_import(out, read, source_system="fhir", as_of=as_of or AS_OF)


def find_files(source: Path) -> tuple[list[Path], int]:
    """Find the files to read, and count the others of a folder.

    Raises
    ------
    ExtractRefusedError
        When there is none.
    """
    allowed = (
        "Allowed: FHIR bulk data, one JSON resource a line, as .ndjson or .ndjson.gz: a file, or a folder of them."
    )
    if not source.exists():
        raise ExtractRefusedError(f"{source}: no such file or folder. {allowed} Give where the export lies.")
    files = sorted(path for path in source.iterdir() if path.is_file()) if source.is_dir() else [source]
    found = [path for path in files if path.name.lower().endswith(SUFFIXES)]
    if not found:
        raise ExtractRefusedError(f"{source}: holds no {' or '.join(SUFFIXES)}. {allowed} Export as ndjson.")
    return found, len(files) - len(found)


def _gather(session: ImportSession, paths: Sequence[Path]) -> list[str]:
    """Read each file once; a file of bytes seen before not again."""
    gatherer = Gatherer(session.connection)
    digests: list[str] = []
    for number, path in enumerate(paths):
        digest = digest_file(path)
        if digest not in digests:
            gatherer.read(path, number)
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
    """Land a table's rows of one file; a file that has none of them is not mentioned."""
    rows = f"FROM rows_{table} WHERE file = {source.number}"
    if session.connection.execute(f"SELECT 1 {rows} LIMIT 1").fetchall():
        session.load(table, source, f"SELECT * EXCLUDE (file, piece) {rows} ORDER BY source_line, piece")


def _skip(session: ImportSession, source: SourceTable) -> None:
    records = f"FROM fhir_records WHERE file = {source.number} AND rule IS NULL"
    reasons = session.connection.execute(
        f"SELECT DISTINCT aside {records} AND aside IS NOT NULL ORDER BY aside"
    ).fetchall()
    for (reason,) in reasons:
        session.skip(source, reason, f"SELECT source_line {records} AND aside = '{reason}'")
    session.skip(
        source, NOT_OPENED, f"SELECT source_line FROM opened WHERE file = {source.number} AND opened_on IS NULL"
    )
    session.skip(
        source,
        NO_CLAIM,
        f"SELECT source_line {records} AND aside IS NULL AND kind = 'PaymentReconciliation' AND source_line NOT IN "
        f"(SELECT source_line FROM paid WHERE file = {source.number} AND account IS NOT NULL)",
    )
