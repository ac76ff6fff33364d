"""A CSV file as a DuckDB relation: scanned first, with every column as text and nothing detected automatically."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from payrank.extracts.contract.source_file import quote_name, quote_path, quote_text
from payrank.extracts.csv.raw_bytes import check_bytes, refuse_bytes
from payrank.extracts.csv.scan import Scan, read_header, scan_records, write_good_records
from payrank.extracts.fetch_row import fetch_one_row


@dataclass(frozen=True, slots=True)
class CsvRelation:
    """A scanned CSV. `relation` is the SQL that reads its good records. `copy` is a cleaned file to delete later."""

    path: Path
    relation: str
    names: tuple[str, ...]
    scan: Scan
    copy: Path | None


def open_csv(path: Path, workspace: Path, *, delimiter: str = ",", nulls: tuple[str, ...] = ("",)) -> CsvRelation:
    """Scan a whole CSV, and return how to read its good records.

    If records are broken or line ends are mixed, the good records are copied to the private workspace, because DuckDB
    would stop, or would silently lose rows.

    Raises
    ------
    ExtractRefusedError
        When the file cannot be read at all, or ends in the middle of a row.
    """
    ends = check_bytes(path)
    names = read_header(path, delimiter=delimiter)
    scan = scan_records(path, fields=len(names), ends=ends, delimiter=delimiter)
    if scan.cut:
        raise refuse_bytes(
            path, "the last line ends in the middle of a row: the file was truncated", "Send the complete file again."
        )
    read, copy = path, None
    if scan.broken or ends.mixed:
        read = copy = workspace / f"{path.name.split('.', maxsplit=1)[0]}.clean.csv"
        write_good_records(path, fields=len(names), out=copy, delimiter=delimiter)
    return CsvRelation(path, _render_reader(read, names, delimiter, nulls), names, scan, copy)


def create_from_csv(connection: duckdb.DuckDBPyConnection, name: str, query: str, csv: CsvRelation) -> None:
    """Create a table from a query over a CSV's relation, and check that DuckDB read as many records as the scan found.

    Raises
    ------
    ExtractRefusedError
        When the two counts differ, because the file would be misread.
    """
    try:
        connection.execute(f"CREATE TABLE {quote_name(name)} AS {query}")
        (read,) = fetch_one_row(connection, f"SELECT count(*) FROM {quote_name(name)}")
    except duckdb.Error as error:
        raise refuse_bytes(csv.path, f"cannot be read ({type(error).__name__})", "Export it as plain CSV.") from None
    finally:
        if csv.copy is not None:
            csv.copy.unlink(missing_ok=True)
    if read != csv.scan.good:
        problem = f"the scan found {csv.scan.good:,} records, but DuckDB read {read:,} rows"
        raise refuse_bytes(csv.path, problem, "Export it again as plain CSV.")


def _render_reader(path: Path, names: tuple[str, ...], delimiter: str, nulls: tuple[str, ...]) -> str:
    columns = ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name in names)
    compression = "gzip" if path.name.endswith(".gz") else "none"
    unknown = ", ".join(map(quote_text, nulls))
    return (
        f"read_csv({quote_path(path)}, columns = {{{columns}}}, header = true, auto_detect = false, "
        f"delim = {quote_text(delimiter)}, quote = '\"', escape = '\"', nullstr = [{unknown}], "
        f"strict_mode = true, null_padding = false, hive_partitioning = false, compression = '{compression}')"
    )
