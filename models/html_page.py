"""Self-contained HTML pages: templates escape all values, and a policy allows only their own styles and scripts."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

SHARED = "payrank.models"
"""The package whose `pages` folder holds what all pages share."""
UNKNOWN = "\u2013"
"""Shown for an unknown amount or date, never 0."""


def render_page(
    template: str, *, package: str, styles: tuple[str, ...], scripts: tuple[str, ...] = (), **values: object
) -> bytes:
    """Return a page in UTF-8 with inline styles and scripts, and a policy that allows only these.

    Parameters
    ----------
    template, styles, scripts
        Names of files in the folder `pages` of `package`, or of this package.
    package
        The package of the page.
    values
        Values for the template, which escapes text.
    """
    style = "\n".join(_asset(package, name) for name in styles)
    script = "\n".join(_asset(package, name) for name in scripts)
    policy = content_policy(style, script)
    page = _environment(package).get_template(template)
    html = page.render(style=style, script=script, policy=policy, **values)
    return html.encode("utf-8", errors="replace")


def content_policy(style: str, script: str) -> str:
    """Return the content security policy of a page with one inline style and at most one inline script.

    >>> content_policy("a{}", "").split("; ")[:2]
    ["default-src 'none'", "style-src 'sha256-X1RutGBrXCt9KkSaXMK7tHftWiRscFHOhxsS8tv8hBk='"]
    """
    rules = ["default-src 'none'", f"style-src '{_digest(style)}'"]
    if script:
        rules.append(f"script-src '{_digest(script)}'")
    return "; ".join([*rules, "base-uri 'none'", "form-action 'none'"])


def as_json(data: object) -> str:
    r"""Return data as JSON that is safe inside a script element of type application/json.

    `<`, `>` and `&` are written as escapes, so no value can close the element or open a comment. NaN is refused.

    >>> as_json(["</script>"])
    '["\\u003c/script\\u003e"]'
    """
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def show_dollars(amount: float | None) -> str:
    """Return whole dollars, or a dash when unknown.

    >>> show_dollars(1234.5), show_dollars(-20.0), show_dollars(None) == UNKNOWN
    ('$1,234', '-$20', True)
    """
    if amount is None:
        return UNKNOWN
    return f"{'-' if round(amount) < 0 else ''}${abs(amount):,.0f}"


def show_date(day: date | None) -> str:
    """Return an unambiguous date, or a dash when unknown.

    >>> show_date(date(2026, 11, 3))
    'Nov 3, 2026'
    """
    return UNKNOWN if day is None else f"{day:%b} {day.day}, {day.year}"


def show_count(count: float) -> str:
    """Return an integer with thousands separators.

    >>> show_count(12345)
    '12,345'
    """
    return f"{count:,.0f}"


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


@lru_cache
def _asset(package: str, name: str) -> str:
    asset = files(package).joinpath("pages", name)
    return (asset if asset.is_file() else files(SHARED).joinpath("pages", name)).read_text(encoding="utf-8")


@lru_cache
def _environment(package: str) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "pages"), PackageLoader(SHARED, "pages")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: Mapping[str, Any] = {"dollars": show_dollars, "day": show_date, "number": show_count}
    environment.filters.update(filters)
    return environment
