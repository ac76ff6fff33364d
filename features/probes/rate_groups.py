"""The columns that a site may have grouped its rows by when it made a rate, one row a row of the facts."""

from __future__ import annotations

from datetime import date

import pandas as pd

from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.extract import Extract

_PAYER = (
    "LEFT JOIN (SELECT account_id, arg_min(payer_id, (priority, known_on, payer_id)) AS payer_id FROM coverages "
    "GROUP BY account_id) v USING (account_id)"
)


def account_groups(extract: Extract, ripe: date) -> pd.DataFrame:
    """Return the groups of the accounts opened before a day, in order of account."""
    own = [f"a.{name}" for name in ("patient_class", "service_line", "facility")]
    return _read(
        extract,
        [*own, *_categories(extract, "accounts", "a"), "v.payer_id", "y.payer_class"],
        f"accounts a {_PAYER} LEFT JOIN payers y ON y.payer_id = v.payer_id "
        f"WHERE a.opened_on < DATE '{ripe}' ORDER BY a.account_id",
    )


def denial_groups(extract: Extract, as_of: date) -> pd.DataFrame:
    """Return the groups of the denials known before a day, in order of denial."""
    own = [f"n.{name}" for name in ("payer_id", "group_code", "carc", "rarc", "service_line")]
    account = [f"a.{name}" for name in ("facility", "service_line", "patient_class")]
    return _read(
        extract,
        [*account, *_categories(extract, "denials", "n"), "y.payer_class", *own[::-1]],
        "denials n LEFT JOIN accounts a ON a.account_id = n.account_id LEFT JOIN payers y ON y.payer_id = n.payer_id "
        f"WHERE n.denied_on < DATE '{as_of}' ORDER BY n.denial_id",
    )


def _categories(extract: Extract, table: str, alias: str) -> list[str]:
    kinds = extract.metadata.attributes.get(table, {})
    return [f"{alias}.{quote_name(name)}" for name, kind in kinds.items() if kind == "category"]


def _read(extract: Extract, columns: list[str], rows: str) -> pd.DataFrame:
    named = ", ".join(f"{column} AS key_{place}" for place, column in enumerate(columns))
    found: pd.DataFrame = extract.connection.sql(f"SELECT {named} FROM {rows}").to_arrow_table().to_pandas()
    return found
