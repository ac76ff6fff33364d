"""Columns that a site may have grouped by when it computed a rate, one row per row of the facts."""

from __future__ import annotations

from datetime import date

import pandas as pd

from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.extract import Extract

_PAYER = (
    "LEFT JOIN (SELECT account_id, arg_min(payer_id, (priority, known_on, payer_id)) AS payer_id FROM coverages "
    "GROUP BY account_id) v USING (account_id)"
)


def account_groups(extract: Extract, opened_before: date) -> pd.DataFrame:
    """Return the grouping columns of accounts opened before a day, in order of account."""
    plain = [f"a.{name}" for name in ("patient_class", "service_line", "facility")]
    return _read(
        extract,
        [*plain, *_categories(extract, "accounts", "a"), "v.payer_id", "y.payer_class"],
        f"accounts a {_PAYER} LEFT JOIN payers y ON y.payer_id = v.payer_id "
        f"WHERE a.opened_on < DATE '{opened_before}' ORDER BY a.account_id",
    )


def denial_groups(extract: Extract, as_of: date) -> pd.DataFrame:
    """Return the grouping columns of denials known before a day, in order of denial."""
    plain = [f"n.{name}" for name in ("payer_id", "group_code", "carc", "rarc", "service_line")]
    account = [f"a.{name}" for name in ("facility", "service_line", "patient_class")]
    return _read(
        extract,
        [*account, *_categories(extract, "denials", "n"), "y.payer_class", *plain[::-1]],
        "denials n LEFT JOIN accounts a ON a.account_id = n.account_id LEFT JOIN payers y ON y.payer_id = n.payer_id "
        f"WHERE n.denied_on < DATE '{as_of}' ORDER BY n.denial_id",
    )


def _categories(extract: Extract, table: str, alias: str) -> list[str]:
    kinds = extract.metadata.attributes.get(table, {})
    return [f"{alias}.{quote_name(name)}" for name, kind in kinds.items() if kind == "category"]


def _read(extract: Extract, columns: list[str], rows: str) -> pd.DataFrame:
    named = ", ".join(f"{column} AS key_{place}" for place, column in enumerate(columns))
    groups: pd.DataFrame = extract.connection.sql(f"SELECT {named} FROM {rows}").to_arrow_table().to_pandas()
    return groups
