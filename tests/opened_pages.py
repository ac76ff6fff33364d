"""A real browser for tests of pages: the console stays silent, and the page makes no request."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from payrank.scoring.worklist import Line, PatientLine, Worklist

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
IN_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the pages were not opened"),
]
LAPTOP: ViewportSize = {"width": 1366, "height": 768}
PHONE: ViewportSize = {"width": 390, "height": 844}
SLOW = pytest.mark.slow
LAPTOP_AND_PHONE = pytest.mark.parametrize(
    "size", [pytest.param(LAPTOP, id="laptop"), pytest.param(PHONE, id="phone", marks=SLOW)]
)
"""The laptop by default; the phone too when slow tests run."""
Opener = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """Open bytes from a file; at the end, assert that the console stayed silent and nothing was requested."""
    messages: list[str] = []
    requests: list[str] = []
    contexts = []

    def opened(content: bytes, size: ViewportSize = LAPTOP, **options: Any) -> Page:
        path = tmp_path / "list.html"
        path.write_bytes(content)
        contexts.append(browser.new_context(viewport=size, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert messages == []
    assert set(requests) <= {(tmp_path / "list.html").as_uri()}, "the page requested something"


def lines(page: Page) -> list[str]:
    """Ids of the rows on screen, in order."""
    return [text.split("\n")[0] for text in page.locator("tr.line td.id").all_inner_texts()]


def ids(worklist: Worklist[Line]) -> list[str]:
    return [line.guarantor_id if isinstance(line, PatientLine) else line.denial_id for line in worklist.lines]
