"""The page of a list: one file without requests, in which text stays text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from html.parser import HTMLParser
from typing import Any

import pytest

from payrank.scoring.worklist import AccountLine, DenialLine, Line, PatientLine, Reason, Worklist
from payrank.scoring.worklists.html_list import render_html

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!--<script>",
    "O'Neil & Sons \u2028 \\u003c",
    "{{ 7 * 7 }}",
)


class Page(HTMLParser):
    """What a browser would see: the elements with their attributes, and the text inside scripts and styles."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": [], "title": []}
        self._open = ""
        self.feed(content.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag
        if tag in self.inside:
            self.inside[tag].append("")

    def handle_endtag(self, _tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in self.inside:
            self.inside[self._open][-1] += data

    @property
    def data(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.inside["script"][0])
        return content


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@pytest.fixture(params=["patient_pay", "denials"])
def worklist(
    request: pytest.FixtureRequest,
    patient_list: Callable[..., Worklist[PatientLine]],
    denial_list: Callable[..., Worklist[DenialLine]],
) -> Worklist[Line]:
    return patient_list(12) if request.param == "patient_pay" else denial_list(12)


def test_the_policy_allows_only_the_embedded_style_and_script(worklist: Worklist[Line]) -> None:
    page = Page(render_html(worklist))
    meta = [attributes for tag, attributes in page.elements if tag == "meta" and "http-equiv" in attributes]
    assert [attributes["http-equiv"] for attributes in meta] == ["Content-Security-Policy"]
    policy = dict(rule.split(" ", 1) for rule in str(meta[0]["content"]).split("; "))
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'{digest(page.inside['style'][0])}'",
        "script-src": f"'{digest(page.inside['script'][1])}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert len(page.inside["style"]) == 1
    assert len(page.inside["script"]) == 2, "the data and the program"


def test_the_page_has_no_outside_reference(worklist: Worklist[Line]) -> None:
    content = render_html(worklist)
    page = Page(content)
    for tag, attributes in page.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "video", "audio", "source"}
        assert "src" not in attributes
        assert not any(name.startswith("on") or name == "style" for name in attributes), "the policy forbids these"
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"https?://|@import|url\(|fetch\(|XMLHttpRequest|innerHTML|eval\(", content.decode())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_ids_payers_and_notices_stay_text(household: Worklist[PatientLine], text: str) -> None:
    line = household.lines[0]
    accounts = (replace(line.accounts[0], account_id=text, payer=text, reasons=(Reason("f", text, None, 0.1),)),)
    line = replace(line, guarantor_id=text, queue=text, action=text, action_why=text, accounts=accounts)
    line = replace(line, reasons=(Reason("f", text, None, 0.1),), deadline_source=text)
    harmless = Page(render_html(replace(household, notices=("a",), suppressed_by={"b": 1})))
    hostile = replace(household, lines=(line,), title=text, model=text, notices=(text,), suppressed_by={text: 1})
    page = Page(render_html(hostile))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in harmless.elements], "no element came from the text"
    assert page.data["rows"][0]["id"] == text
    assert page.data["rows"][0]["reasons"][0][0] == text
    assert page.data["rows"][0]["accounts"][0]["payer"] == text
    assert "<" not in page.inside["script"][0]


def test_hostile_denials_stay_text(two_denials: Worklist[DenialLine]) -> None:
    script, image, comment, *_ = HOSTILE
    line = replace(two_denials.lines[0], denial_id=script, payer=image, carc=comment, payer_class=script)
    page = Page(render_html(replace(two_denials, lines=(line,))))
    assert (page.data["rows"][0]["id"], page.data["rows"][0]["payer"]) == HOSTILE[:2]


def test_unknown_amounts_stay_unknown_and_show_as_a_dash(denial_list: Callable[..., Worklist[DenialLine]]) -> None:
    content = render_html(denial_list(4, amounts=False))
    assert all(row["amount"] is None and row["value"] is None for row in Page(content).data["rows"])
    assert re.findall(r"<dt>(?:At stake|Expected recovery)</dt><dd>([^<]*)</dd>", content.decode()) == [
        "\u2013",
        "\u2013",
    ]


def test_nan_amounts_are_unknown(two_denials: Worklist[DenialLine]) -> None:
    line = replace(two_denials.lines[0], denied_amount=float("nan"), expected_value=float("nan"))
    row = Page(render_html(replace(two_denials, lines=(line,)))).data["rows"][0]
    assert (row["amount"], row["value"]) == (None, None)


def test_the_header_shows_date_model_counts_and_suppressions(
    patient_list: Callable[..., Worklist[PatientLine]],
) -> None:
    text = render_html(patient_list(12)).decode()
    assert "As of <strong>Nov 20, 2026</strong>" in text
    assert "Model payrank-payment, version 3" in text
    assert "<dt>Listed</dt><dd>12</dd>" in text
    assert "Not on this list: 270 suppressed by rules, 4 over capacity" in text
    assert "<td>S4 Payment plan active and current" in text
    assert '<p class="banner"><strong>Simulated data: no row is a patient.</strong></p>' in text


def test_without_javascript_the_page_points_to_the_csv(worklist: Worklist[Line]) -> None:
    assert f"{worklist.name}.csv in the same folder has the same rows" in render_html(worklist).decode()


def test_an_assumed_deadline_is_labeled(two_denials: Worklist[DenialLine]) -> None:
    rows = Page(render_html(two_denials)).data["rows"]
    assert [row["assumed"] for row in rows] == [True, False]
    assert rows[0]["source"] == "assumed: 60 days from the denial"


def test_a_line_has_no_field_for_a_name_birth_date_or_note() -> None:
    names = {field.name for record in (PatientLine, AccountLine, DenialLine) for field in fields(record)}
    assert not [name for name in names if re.search(r"name|birth|ssn|sex|race|diagnosis|zip|note|phone|address", name)]


def test_the_same_list_gives_the_same_bytes(worklist: Worklist[Line]) -> None:
    assert render_html(worklist) == render_html(worklist)
