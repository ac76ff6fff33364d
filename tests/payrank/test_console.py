"""What a person sees while work goes on."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from payrank.console import Progress


@pytest.fixture
def timer(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A timer that stands where a test puts it."""
    now = [100.0]
    monkeypatch.setattr("payrank.console.time.perf_counter", lambda: now[0])
    return now


@pytest.fixture
def page() -> Iterator[io.StringIO]:
    with io.StringIO() as text:
        yield text


def test_a_stage_shows_its_own_seconds_only(timer: list[float], page: io.StringIO) -> None:
    progress = Progress(Console(file=page))
    timer[0] += 2.0
    progress.log("loaded")
    timer[0] += 60.0
    with progress.working("trained"):
        timer[0] += 5.0
    timer[0] += 1.5
    progress.log("scored")
    assert page.getvalue().splitlines() == ["  loaded (2.0 s)", "  trained (5.0 s)", "  scored (1.5 s)"]


def test_output_without_a_terminal_has_no_control_characters(page: io.StringIO) -> None:
    with Progress(Console(file=page)).working("trained [the model]"):
        pass
    assert page.getvalue().startswith("  trained [the model] (")
    assert page.getvalue().replace("\n", "").isprintable()


def test_a_failed_stage_is_not_reported_as_done(page: io.StringIO) -> None:
    with pytest.raises(ValueError, match="no"), Progress(Console(file=page)).working("trained"):
        raise ValueError("no")
    assert page.getvalue() == ""
