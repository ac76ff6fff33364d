"""The model card: the same content as a page and as Markdown, aggregates only, accessible to everyone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from payrank.extracts.load.load_extract import load_extract
from payrank.models.bundle import read_bundle
from payrank.models.card.figure import render_svg
from payrank.models.card.write_card import describe_card, render_card, render_markdown, write_card
from payrank.models.manifest import Manifest
from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Alarm
from payrank.models.records.fairness import AttributeAudit, Fairness, GroupMetrics, WorstGroup
from tests.conftest import Hospital

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


NOT_SHOWN = {"events": None, "actual": None, "gap": None, "auc": None}


@pytest.fixture(scope="module")
def manifest(hospital: Hospital) -> Manifest:
    return read_bundle(hospital.bundles["payment"]).manifest


@pytest.fixture(scope="module")
def audited(manifest: Manifest) -> Manifest:
    """The manifest with an audit of three groups: one with a hostile name, one with suppressed metrics."""
    half, low = Estimate(value=0.5, low=0.4, high=0.6), Estimate(value=0.1, low=0.05, high=0.2)
    groups = tuple(
        GroupMetrics(
            group=name,
            rows=200,
            households=90,
            events=50,
            shares={"listed": share},
            predicted=0.3,
            actual=half,
            gap=low,
        )
        for name, share in (("<b>a</b> | b", half), ("c", low))
    )
    groups += (groups[0].model_copy(update={"group": "d", "shares": {"listed": None}, **NOT_SHOWN}),)
    worst = (WorstGroup(metric="listed", group="c", value=low, overall=0.2),)
    audit = Fairness(attributes=(AttributeAudit(attribute="kin", groups=groups, worst_groups=worst),))
    return manifest.model_copy(update={"evaluation": manifest.evaluation.model_copy(update={"fairness": audit})})


def test_the_page_and_the_markdown_have_every_required_section(manifest: Manifest) -> None:
    page, text = render_card(manifest).decode(), render_markdown(manifest)
    for title in (
        "Intended use", "Prohibited uses", "Training data", "Validation over time",
        "Performance compared with baselines", "Calibration", "Final test", "Performance by slice",
        "Feature importance and stability", "Selection bias", "Fairness", "Limitations", "How to reproduce it",
    ):  # fmt: skip
        assert title in page, title
        assert f"## {title}" in text, title
    for rule in ("Never deny or delay charity care", "Never use it to refer an account to a collection agency"):
        assert rule in page
        assert rule in text
    assert "Never set terms, discounts, or payment plans by a protected attribute" in text


def test_the_page_and_the_markdown_have_the_same_tables(audited: Manifest) -> None:
    page, text = render_card(audited).decode(), render_markdown(audited)
    tables = [table for section in describe_card(audited).sections for table in section.tables]
    assert page.count("<table>") == len(tables) == text.count("\n| ---")
    assert page.count('<tr><th scope="row">') == sum(len(table.rows) for table in tables)
    auc = audited.evaluation.metrics["auc"]
    for baseline in audited.evaluation.baselines:
        assert baseline.meaning in page
        assert baseline.meaning in text
    assert f"{auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f})" in text


def test_a_hostile_group_name_is_escaped_on_the_page_and_in_tables(audited: Manifest) -> None:
    page, text = render_card(audited).decode(), render_markdown(audited)
    assert "<b>a</b>" not in page
    assert "&lt;b&gt;a&lt;/b&gt; | b" in page
    assert "<b>a</b> \\| b" in text
    assert "By kin: least favorable groups" in page
    assert "Listed, and predicted vs. actual, by kin (95% intervals)" in page
    assert "groups shown, 30%" in page


def test_suppressed_group_metrics_are_labeled_in_tables_and_charts(audited: Manifest) -> None:
    sections = {section.title: section for section in describe_card(audited).sections}
    done, calibration, _ = sections["Fairness"].tables
    assert done.rows[-1] == ("d", "200", "suppressed")
    assert calibration.rows[-1] == ("d", "30.0%", "suppressed", "suppressed", "suppressed")
    assert (
        calibration.rows[0][-1] != "suppressed"
    )  # too few of one outcome to rank, so the AUC is unknown and not suppressed
    (chart,) = sections["Fairness"].charts
    assert chart.description.endswith("d: suppressed listed, suppressed actual, 30.0% predicted")
    assert render_svg(chart, "kin").count(">suppressed</text>") == 2


def test_charts_have_no_inline_styles_and_unique_ids(audited: Manifest) -> None:
    page = render_card(audited).decode()
    assert "style=" not in page  # the page's content security policy blocks it
    assert "<metadata" not in page
    assert page.count("<svg") == page.count('role="img"') == page.count("<desc") >= 8
    identifiers = re.findall(r'\bid="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))
    for reference in re.findall(r'(?:href="#|url\(#|aria-labelledby="|aria-describedby=")([^")]+)', page):
        assert reference in identifiers


def test_without_attributes_the_card_says_that_fairness_was_not_audited(manifest: Manifest) -> None:
    assert "Not audited: the extract has no protected attributes" in render_card(manifest).decode()
    assert "**Not audited: the extract has no protected attributes" in render_markdown(manifest)


def test_a_card_has_no_ids_and_is_written_twice_with_the_same_bytes(
    manifest: Manifest, hospital: Hospital, tmp_path: Path
) -> None:
    page, text = render_card(manifest), render_markdown(manifest)
    assert (page, text) == (render_card(manifest), render_markdown(manifest))
    with load_extract(hospital.extract) as extract:
        rows = extract.connection.execute("SELECT account_id, guarantor_id FROM accounts").fetchall()
    words = set(re.findall(r"[\w-]+", page.decode() + text))
    assert words.isdisjoint({identifier for row in rows for identifier in row})
    first = [path.read_bytes() for path in write_card(manifest, tmp_path / "card")]
    assert first == [page, text.encode()]


def test_alarms_come_first(manifest: Manifest) -> None:
    alarm = Alarm(name="auc_too_good", text="AUC 0.990 is too good for this question")
    loud = manifest.model_copy(update={"evaluation": manifest.evaluation.model_copy(update={"alarms": (alarm,)})})
    first = describe_card(loud).sections[0]
    assert first.title == "Read this first"
    assert first.warnings[0] == "Alarm: AUC 0.990 is too good for this question."


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the card was not opened")
@pytest.mark.parametrize(("width", "scheme"), [(1366, "dark"), (390, "light")], ids=["laptop dark", "phone light"])
def test_the_card_opens_without_console_messages_and_fits_the_screen(
    audited: Manifest, tmp_path: Path, width: int, scheme: Literal["dark", "light"]
) -> None:
    page_file, _ = write_card(audited, tmp_path)
    complaints: list[str] = []
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on(
            "request", lambda request: complaints.append(request.url) if request.url != page_file.as_uri() else None
        )
        page.goto(page_file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("svg[role=img]").count() >= 4
        violations = Axe().run(page).response["violations"]
        browser.close()
    assert complaints == []
    assert [violation["id"] for violation in violations if violation["impact"] in {"serious", "critical"}] == []
