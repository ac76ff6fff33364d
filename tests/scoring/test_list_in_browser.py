"""The pages in a real browser, used as a biller would: by mouse, by keyboard, and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import ViewportSize, expect

from payrank.scoring.reports.report import Flow, RunReport, TableHealth, render_report, sort_by_age
from payrank.scoring.worklist import DenialLine, PatientLine, Worklist
from payrank.scoring.worklists.html_list import render_html
from payrank.scoring.worklists.list_summary import summarize_list
from tests.opened_pages import IN_BROWSER, LAPTOP, LAPTOP_AND_PHONE, PHONE, SLOW, Opener, ids, lines
from tests.required import required

pytestmark = IN_BROWSER


def test_the_list_opens_best_first_with_fifty_rows_per_page(
    open_page: Opener, patient_list: Callable[..., Worklist[PatientLine]]
) -> None:
    worklist = patient_list(120)
    page = open_page(render_html(worklist))
    assert lines(page) == ids(worklist)[:50]
    expect(page.locator("#page")).to_have_text("Page 1 of 3")
    page.get_by_role("button", name="Next", exact=True).click()
    assert lines(page) == ids(worklist)[50:100]
    page.get_by_label("Rows per page").select_option("250")
    assert lines(page) == ids(worklist)


@pytest.mark.parametrize("by_keyboard", [pytest.param(False, marks=SLOW), True], ids=["mouse", "keyboard"])
def test_headers_sort_both_ways_and_announce_it(
    open_page: Opener, patient_list: Callable[..., Worklist[PatientLine]], by_keyboard: bool
) -> None:
    worklist = patient_list(40)
    page = open_page(render_html(worklist))
    header = page.get_by_role("columnheader", name="Balance")
    for direction, falling in (("descending", True), ("ascending", False)):
        button = header.get_by_role("button")
        if by_keyboard:
            button.focus()
            page.keyboard.press("Enter")
        else:
            button.click()
        expect(header).to_have_attribute("aria-sort", direction)
        expect(header.get_by_role("button")).to_be_focused()
        ordered = sorted(worklist.lines, key=lambda line: line.balance, reverse=falling)
        assert lines(page) == [line.guarantor_id for line in ordered]
    expect(page.get_by_role("columnheader", name="Rank")).to_have_attribute("aria-sort", "none")


def test_unknown_amounts_sort_last_in_both_directions(
    open_page: Opener, denial_list: Callable[..., Worklist[DenialLine]]
) -> None:
    worklist = denial_list(40)
    unknown = {line.denial_id for line in worklist.lines if line.denied_amount is None}
    assert unknown
    page = open_page(render_html(worklist))
    for _ in range(2):
        page.get_by_role("columnheader", name="Denied").get_by_role("button").click()
        assert set(lines(page)[-len(unknown) :]) == unknown


def test_search_finds_guarantors_accounts_payers_and_reasons(
    open_page: Opener, patient_list: Callable[..., Worklist[PatientLine]]
) -> None:
    worklist = patient_list(40)
    page = open_page(render_html(worklist))
    line = worklist.lines[25]
    for words in (line.guarantor_id.lower(), line.accounts[-1].account_id, f" {line.guarantor_id} "):
        page.get_by_label("Search").fill(words)
        assert line.guarantor_id in lines(page)
        expect(page.locator("#shown")).to_contain_text("(of 40 listed)")
    page.get_by_label("Search").fill("promises kept")
    expected = [line.guarantor_id for line in worklist.lines if any("promises kept" in r.text for r in line.reasons)]
    assert lines(page) == expected
    page.get_by_label("Search").fill("nobody has this")
    expect(page.locator("#rows tbody")).to_have_text("No matching rows. Clear the search or a filter.")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("tr.line")).to_have_count(40)


def test_filters_show_the_right_rows_and_totals(
    open_page: Opener, denial_list: Callable[..., Worklist[DenialLine]]
) -> None:
    worklist = denial_list(50)
    page = open_page(render_html(worklist))
    filters: dict[tuple[str, str], Callable[[DenialLine], bool]] = {
        ("Queue", "Peer-to-peer"): lambda line: line.queue == "peer_to_peer",
        ("Payer", "Aetna"): lambda line: line.payer == "Aetna",
        ("Payer", "No payer"): lambda line: line.payer == "",
        ("Age", "31\u201360 days"): lambda line: 31 <= line.age_days <= 60,
        ("Deadline", "14 days or fewer left"): lambda line: line.days_left <= 14,
        ("Deadline", "Assumed date"): lambda line: "assumed" in line.due_on_source,
    }
    for (label, choice), matches in filters.items():
        select = page.get_by_label(label, exact=True)
        option = select.locator("option").filter(has_text=choice).first
        select.select_option(option.get_attribute("value"))
        matching = [line for line in worklist.lines if matches(line)]
        assert matching
        assert lines(page) == [line.denial_id for line in matching], label
        total = sum(line.denied_amount or 0 for line in matching)
        expect(page.locator("#shown")).to_contain_text(f"denied amount ${total:,.0f}")
        select.select_option("")


def test_a_denial_with_a_filed_appeal_is_not_shown_as_due(
    open_page: Opener, denial_list: Callable[..., Worklist[DenialLine]]
) -> None:
    worklist = denial_list(20)
    filed = replace(worklist.lines[0], queue="follow_up", days_left=5)
    page = open_page(render_html(replace(worklist, lines=(filed, *worklist.lines[1:]))))
    expect(page.locator("td.due").first).to_contain_text("Appeal filed, undecided")
    select = page.get_by_label("Deadline", exact=True)
    for choice, shown in (("Appeal filed", True), ("14 days or fewer left", False)):
        option = select.locator("option").filter(has_text=choice).first
        select.select_option(option.get_attribute("value"))
        assert (filed.denial_id in lines(page)) is shown


def test_a_row_opens_by_keyboard_with_the_household_and_its_reasons(
    open_page: Opener, household: Worklist[PatientLine]
) -> None:
    page = open_page(render_html(household))
    toggle = page.get_by_role("button", name="Details of rank 1")
    expect(toggle).to_have_attribute("aria-expanded", "false")
    toggle.focus()
    page.keyboard.press("Enter")
    toggle = page.get_by_role("button", name="Details of rank 1")
    expect(toggle).to_have_attribute("aria-expanded", "true")
    expect(toggle).to_be_focused()
    detail = page.locator("tr.detail")
    expect(detail.locator(".accounts tbody tr")).to_have_count(2)
    expect(detail).to_contain_text("Paid 3 of the last 4 balances")
    expect(detail).to_contain_text("\u25b2 Raises strongly")
    expect(detail).to_contain_text("\u25bc Lowers")
    expect(detail).to_contain_text("promise to pay, due date + 3 days")
    detail.locator("summary").first.click()
    steps = detail.locator("details .steps li")
    expect(steps.first).to_have_text("Starting point of every score")
    expect(steps.nth(3)).to_contain_text("All other factors combined")
    expect(steps.last).to_have_text("This account: 62%")
    toggle.focus()
    page.keyboard.press("Space")
    expect(page.locator("tr.detail")).to_have_count(0)


def test_each_waterfall_bar_starts_where_the_previous_one_ends(
    open_page: Opener, household: Worklist[PatientLine]
) -> None:
    page = open_page(render_html(household))
    page.locator("tr.line").first.click()
    boxes = [
        required(bar.bounding_box())
        for bar in page.locator("tr.detail section").first.locator(".track i:not(.mark)").all()
    ]
    raised, lowered = boxes[:2]
    assert raised["x"] + raised["width"] == pytest.approx(lowered["x"] + lowered["width"], abs=1.5)
    assert raised["width"] / lowered["width"] == pytest.approx(0.8 / 0.2, rel=0.1)


def test_urgent_and_assumed_deadlines_are_labeled(open_page: Opener, two_denials: Worklist[DenialLine]) -> None:
    page = open_page(render_html(two_denials))
    expect(page.locator("td.due").first).to_contain_text("Due soon: 14 days left")
    expect(page.locator("td.due").first).to_contain_text("Assumed date")
    expect(page.locator("td.due").first).to_contain_text("assumed: 60 days from the denial")
    expect(page.locator("td.due").nth(1)).to_contain_text("73 days left")
    expect(page.locator("td.due").nth(1)).not_to_contain_text("soon")
    expect(page.locator("td.amount").first).to_have_text("\u2013")


def test_hostile_text_is_shown_and_never_executed(open_page: Opener, household: Worklist[PatientLine]) -> None:
    text = '</script><script>document.title="run"</script><img src=x onerror="document.title=1">'
    line = replace(household.lines[0], guarantor_id=text, action_why=text, queue=text)
    page = open_page(render_html(replace(household, lines=(line,), title="The title")))
    page.locator("tr.line").click()
    expect(page.locator("td.id")).to_contain_text(text)
    assert page.title().startswith("The title")
    assert page.locator("img").count() == 0


def test_five_thousand_lines_can_be_searched_filtered_sorted_and_paged(
    open_page: Opener, patient_list: Callable[..., Worklist[PatientLine]]
) -> None:
    worklist = patient_list(5000)
    page = open_page(render_html(worklist))
    expect(page.locator("#page")).to_have_text("Page 1 of 100")
    page.get_by_label("Payer").select_option("Aetna")
    matching = [line for line in worklist.lines if "Aetna" in line.payers]
    expect(page.locator("#shown")).to_contain_text(f"of {len(matching):,} guarantors (of 5,000 listed)")
    page.get_by_role("columnheader", name="Chance").get_by_role("button").click()
    best = max(matching, key=lambda line: (round(line.probability, 4), -line.rank))
    assert lines(page)[0] == best.guarantor_id
    page.get_by_label("Search").fill(worklist.lines[4999].guarantor_id)
    page.get_by_label("Payer").select_option("")
    assert lines(page) == [worklist.lines[4999].guarantor_id]
    assert page.locator("tr.line").count() < 60, "only the rows of a page are drawn"


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(PHONE, id="phone"),
        pytest.param(LAPTOP, id="laptop", marks=SLOW),
        pytest.param({"width": 1024, "height": 768}, id="tablet", marks=SLOW),
    ],
)
def test_nothing_overflows_the_screen(
    open_page: Opener,
    patient_list: Callable[..., Worklist[PatientLine]],
    denial_list: Callable[..., Worklist[DenialLine]],
    size: ViewportSize,
) -> None:
    patients, denials = patient_list(20), denial_list(20)
    patient = replace(patients.lines[0], queue="queue" * 20, action="Action" * 20, action_why="why" * 60)
    denial = replace(denials.lines[0], queue="queue" * 20, action="Action" * 20, action_why="why" * 60)
    for content in (
        render_html(replace(patients, lines=(patient, *patients.lines[1:]))),
        render_html(replace(denials, lines=(denial, *denials.lines[1:]))),
    ):
        page = open_page(content, size)
        page.locator(".toggle").first.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_on_a_phone_each_row_is_a_labeled_card_and_can_be_sorted(
    open_page: Opener, denial_list: Callable[..., Worklist[DenialLine]]
) -> None:
    worklist = denial_list(20)
    page = open_page(render_html(worklist), PHONE)
    label = "getComputedStyle(document.querySelector('td.amount'), '::before').content"
    assert page.evaluate(label) == '"Denied"'
    page.get_by_label("Sort by").select_option("due")
    assert lines(page) == [line.denial_id for line in sorted(worklist.lines, key=lambda line: (line.due_on, line.rank))]


def test_printing_shows_every_matching_row_and_no_controls(
    open_page: Opener, patient_list: Callable[..., Worklist[PatientLine]]
) -> None:
    page = open_page(render_html(patient_list(130)))
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("tr.line")).to_have_count(130)
    expect(page.locator(".controls")).to_be_hidden()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(page.locator("tr.line")).to_have_count(50)


def test_without_javascript_the_header_and_the_pointer_to_the_csv_remain(
    open_page: Opener, patient_list: Callable[..., Worklist[PatientLine]]
) -> None:
    page = open_page(render_html(patient_list(3)), java_script_enabled=False)
    expect(page.get_by_role("heading", level=1)).to_have_text("Patient balances to work")
    expect(page.get_by_text("patient_pay.csv in the same folder")).to_be_visible()


def test_an_empty_list_is_labeled(open_page: Opener, denial_list: Callable[..., Worklist[DenialLine]]) -> None:
    page = open_page(render_html(replace(denial_list(1), lines=())))
    expect(page.locator("#rows tbody")).to_have_text("This list is empty today.")


@LAPTOP_AND_PHONE
def test_the_report_opens_without_a_script_and_fits(
    open_page: Opener, patient_list: Callable[..., Worklist[PatientLine]], size: Any
) -> None:
    report = RunReport(
        date(2026, 11, 20),
        "epic",
        flows=(Flow("accounts", 10, 4, 3, 2, 1),),
        aging=sort_by_age([(3, 100.0)]),
        lists=(summarize_list(patient_list(10)),),
        tables=(TableHealth("transactions", True, 1_000_000, 999_999, 1, 0, ("effective_on", "reverses_id")),),
    )
    page = open_page(render_report(report), size)
    expect(page.get_by_role("heading", level=1)).to_have_text("Nightly run at a glance")
    expect(page.get_by_role("img", name="Dollars by age")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


@pytest.mark.parametrize(
    ("size", "scheme"),
    [pytest.param(LAPTOP, "dark", id="laptop dark"), pytest.param(PHONE, "light", id="phone light", marks=SLOW)],
)
def test_axe_finds_nothing_serious(
    open_page: Opener,
    patient_list: Callable[..., Worklist[PatientLine]],
    denial_list: Callable[..., Worklist[DenialLine]],
    size: ViewportSize,
    scheme: str,
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: not checked")
    report = RunReport(date(2026, 11, 20), None, lists=(summarize_list(denial_list(9)),), aging=sort_by_age([(3, 9.0)]))
    other = render_report(report) if scheme == "dark" else render_html(denial_list(8))
    for content in (render_html(patient_list(8)), other):
        page = open_page(content, size, color_scheme=scheme)
        for toggle in page.locator(".toggle").all()[:2]:
            toggle.click()
        violations = axe.Axe().run(page).response["violations"]
        serious = [
            (rule["id"], rule["nodes"][0]["html"]) for rule in violations if rule["impact"] in {"serious", "critical"}
        ]
        assert serious == []
