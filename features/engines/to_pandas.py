"""Convert an engine's rows to the frame's types, so every engine gives the same columns, dtypes, and order."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

from payrank.features.feature import Feature

_DAYS = ("as_of", "known_on")
_TEXTS = ("unit_id", "household")


def arrow_schema(names: Sequence[str], features: Sequence[Feature]) -> pa.Schema:
    """Return the Arrow type of each column of a frame, by name.

    >>> arrow_schema(["unit_id", "as_of", "amount"], [])
    unit_id: string
    as_of: date32[day]
    amount: double
    """
    categories = {feature.name for feature in features if feature.is_category}

    def arrow_type(name: str) -> pa.DataType:
        if name in _DAYS:
            return pa.date32()
        return pa.string() if name in categories or name in _TEXTS or name.startswith("row_") else pa.float64()

    return pa.schema([(name, arrow_type(name)) for name in names])


def rows_to_pandas(rows: pa.Table, features: Sequence[Feature]) -> pd.DataFrame:
    """Convert rows of any numeric types to a frame's data: float64 with NaN, text with missing values, and dates."""
    data: pd.DataFrame = rows.cast(arrow_schema(rows.column_names, features)).to_pandas()
    for name in rows.column_names:
        if name in _DAYS:
            data[name] = data[name].astype("datetime64[s]")
        elif pa.types.is_string(rows.schema.field(name).type):
            data[name] = data[name].astype("str")
    return data
