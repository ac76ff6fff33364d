"""Working with the lists in a real browser: work days, keyboard, waterfalls, unusual texts, and many queues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from playwright.sync_api import expect

from payrank.scoring.worklist import DenialLine, PatientLine, Reason, Worklist
from payrank.scoring.worklists.html_list import render_html
from tests.opened_pages import IN_BROWSER, LAPTOP_AND_PHONE, Opener, lines
from tests.required import required

pytestmark = IN_BROWSER


def choose(page: Any, label: str, text: str) -> None:
    select = page.get_by_label(label, exact=True)
    select.select_option(select.locator("option").filter(has_text=text).first.get_attribute("value"))


def test_a_list_can_be_filtered_and_grouped_by_work_day(
    open_page: Opener, denial_list: Callable[..., Worklist[DenialLine]]
) -> None:
    made = denial_list(40)
    days = [made.as_of + timedelta(days=(0, 1, 2, 3, 3)[at % 5]) for at in range(40)]  # the run is on a Friday
    worklist = replace(
        made, lines=tuple(replace(line, work_on=day) for line, day in zip(made.lines, days, strict=True))
    )
    page = open_page(render_html(worklist))
    for name, least, most in (("Today", 0, 0), ("Through Sunday", 0, 2), ("Later", 3, 3), ("Mon, Nov 23 (16)", 3, 3)):
        choose(page, "Work day", name)
        due = [line for line in worklist.lines if least <= (line.work_on - worklist.as_of).days <= most]
        assert lines(page) == [line.denial_id for line in due], name
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("columnheader", name="Work day").get_by_role("button").click()
    counts = Counter(days)
    heads = page.locator("tr.day").all_inner_texts()
    assert [head.split(" \u00b7 ")[:2] for head in heads] == [
        [f"{day:%a}, {day:%b} {day.day}", f"{counts[day]} denials"] for day in sorted(counts)
    ]
    assert lines(page) == [
        line.denial_id for line in sorted(worklist.lines, key=lambda each: (each.work_on, each.rank))
    ]


def test_a_patient_list_has_no_work_day_filter(
    open_page: Opener, patient_list: Callable[..., Worklist[PatientLine]]
) -> None:
    assert open_page(render_html(patient_list(3))).locator("#work").count() == 0


def test_the_list_can_be_worked_by_keyboard_alone(
    open_page: Opener, patient_list: Callable[..., Worklist[PatientLine]]
) -> None:
    worklist = patient_list(8)
    page = open_page(render_html(worklist))
    page.get_by_label("Search").focus()

    def on() -> str:
        return str(page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.id"))

    def named(rank: int) -> str:
        return f"Details of rank {rank}, {worklist.lines[rank - 1].guarantor_id}"

    for key, place in (
        ("ArrowDown", named(1)),
        ("ArrowDown", named(2)),
        ("End", named(8)),
        ("ArrowDown", named(8)),
        ("Home", named(1)),
        ("ArrowUp", "search"),
    ):
        page.keyboard.press(key)
        assert on() == place, key
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("tr.detail")).to_have_count(1)
    page.locator("tr.detail summary").first.focus()
    page.keyboard.press("Escape")
    expect(page.locator("tr.detail")).to_have_count(0)
    assert on() == named(1)


def test_a_waterfall_goes_from_the_average_chance_to_the_rows_chance(
    open_page: Opener, household: Worklist[PatientLine]
) -> None:
    page = open_page(render_html(replace(household, baseline_probability=0.334)))
    page.locator("tr.line").click()
    expect(page.locator("tr.detail h3").first).to_have_text("Why 62% (average: 33%): lead account 00042-1")
    steps = page.locator("tr.detail section").first.locator(".steps li")
    expect(steps.first).to_have_text("Average account: 33%")
    expect(steps.last).to_have_text("This account: 62%")
    expect(page.locator(".legend")).to_contain_text("Percentages do not add up, so only the start and the end show one")
    marks = [
        required(mark.bounding_box())["x"] for mark in page.locator("tr.detail section").first.locator(".mark").all()
    ]
    assert marks[0] < marks[1], "this row's score lies to the right of the average"


ODD = {
    "right to left": "\u05d1\u05d9\u05ea \u05d7\u05d5\u05dc\u05d9\u05dd (\u05d3\u05e8\u05d5\u05dd)",
    "turned around": "\u202eegnarts\u202c \u2066never closed",
    "long": "Payer" * 60,
    "many words": "Mutual of somewhere " * 30,
    "signs": "<b>&amp;\u0000\u0007\ufffd\U0001f3e5",
}


@LAPTOP_AND_PHONE
def test_unusual_texts_stay_in_their_cells_and_nothing_overflows(
    open_page: Opener, denial_list: Callable[..., Worklist[DenialLine]], size: Any
) -> None:
    worklist = denial_list(len(ODD))
    odd = tuple(
        replace(line, payer=text, queue=text, reasons=(Reason("f", text, None, 0.4),))
        for line, text in zip(worklist.lines, ODD.values(), strict=True)
    )
    page = open_page(render_html(replace(worklist, lines=odd)), size)
    expect(page.locator("tr.line")).to_have_count(len(ODD))
    page.locator(".toggle").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    for line, box in zip(odd, page.locator("td.id").all(), strict=True):
        assert line.denial_id in box.inner_text(), "no neighboring text reversed the id"
    assert page.evaluate("document.querySelector('#payer').getBoundingClientRect().right") <= size["width"]


def test_a_filter_can_hold_thousands_of_queues(
    open_page: Opener, denial_list: Callable[..., Worklist[DenialLine]]
) -> None:
    worklist = denial_list(3000)
    lines_of = tuple(replace(line, queue=f"queue {line.rank}") for line in worklist.lines)
    page = open_page(render_html(replace(worklist, lines=lines_of)))
    assert page.locator("#queue option").count() == 3001
    choose(page, "Queue", "Queue 2345 (1)")
    assert lines(page) == [lines_of[2344].denial_id]


def test_a_printed_list_shows_every_matching_row_in_black_on_white(
    open_page: Opener, denial_list: Callable[..., Worklist[DenialLine]]
) -> None:
    page = open_page(render_html(denial_list(70)), color_scheme="dark")
    choose(page, "Queue", "Appeal")
    matching = int(page.locator("#shown").inner_text().split(" of ")[1].split(" ")[0])
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("tr.line")).to_have_count(matching)
    colors = page.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
    assert colors == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    for hidden in (".controls", ".pager", ".toggle", ".keys"):
        expect(page.locator(hidden).first).to_be_hidden()
    assert page.pdf(format="Letter", landscape=True).startswith(b"%PDF")
