"""Plain-English descriptions of codes, read from `codes.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def read_descriptions() -> Mapping[str, Mapping[str, str]]:
    """Return all descriptions: column (such as `carc`) -> code -> description."""
    return tomllib.loads(files("payrank.extracts.codes").joinpath("codes.toml").read_text("utf-8"))


def describe_group(code: str) -> str | None:
    """Return the description of a claim adjustment group code, or None if there is none.

    >>> describe_group("PR"), describe_group("XX")
    ('patient responsibility', None)
    """
    return read_descriptions()["group_code"].get(code)


def describe_carc(code: str) -> str | None:
    """Return the description of a claim adjustment reason code, or None if there is none.

    Codes are text, compared exactly: `016` is not `16`.

    >>> describe_carc("197"), describe_carc("016")
    ('no prior authorization', None)
    """
    return read_descriptions()["carc"].get(code)


def describe_rarc(code: str) -> str | None:
    """Return the description of a remittance advice remark code, or None if there is none.

    >>> describe_rarc("N211"), describe_rarc("211")
    ('no appeal rights', None)
    """
    return read_descriptions()["rarc"].get(code)
