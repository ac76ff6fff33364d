"""`payrank check --leaks`: every probe on a user's own extract, and the table that shows what each found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from rich.table import Table

from payrank.console import STDOUT, make_table
from payrank.extracts.errors import PayrankError
from payrank.extracts.extract import Extract
from payrank.features.build_frames import training_frame
from payrank.features.frame import Frame
from payrank.features.probes.agreement import probe_agreement
from payrank.features.probes.alone import probe_alone
from payrank.features.probes.back_dated import probe_back_dated
from payrank.features.probes.future import choose_day, probe_future
from payrank.features.probes.hindsight import probe_hindsight
from payrank.features.probes.result import Probed
from payrank.settings import Settings

LogLine = Callable[[str], None]

NEEDS_FRAME = ("train/night agreement", "too good alone", "label shuffle", "beyond the catalog")


def find_leaks(
    extract: Extract, settings: Settings, as_of: date, progress: LogLine = lambda _: None
) -> tuple[Probed, ...]:
    """Run every probe for both units that the extract holds, with the settings' horizons and own features.

    Parameters
    ----------
    as_of
        The day that the extract knows everything before.
    progress
        Called with one plain line after each probe.

    Returns
    -------
    tuple of Probed
        What each probe found, or why it could not look; nothing of it holds a value of a row.
    """
    found = []
    for probed in _run(extract, settings, as_of):
        progress(f"probed {probed.unit}s for leaks: {probed.probe}, {probed.verdict}")
        found.append(probed)
    return tuple(found)


def _run(extract: Extract, settings: Settings, as_of: date) -> Iterator[Probed]:
    if extract.tables["transactions"].rows_loaded:
        yield probe_back_dated(extract, as_of)
    for kind, table in (("payment", "accounts"), ("overturn", "denials")):
        if extract.tables[table].rows_loaded:
            yield from _run_unit(extract, settings, kind, as_of)


def _run_unit(extract: Extract, settings: Settings, kind: str, as_of: date) -> Iterator[Probed]:
    from payrank.training.probes.label_shuffle import probe_labels
    from payrank.training.probes.site_feature_probe import probe_beyond

    target, own = settings.target(kind), settings.features
    yield probe_future(extract, target, choose_day(extract, target, as_of), own)
    yield probe_hindsight(extract, target, as_of)
    try:
        frame = training_frame(extract, target, as_of, site_features=own)
    except PayrankError as refused:
        for name in NEEDS_FRAME:
            yield Probed(name, target.unit, 0, "", not_run=f"no training frame: {refused}")
        return
    probes: tuple[Callable[[Frame], Probed], ...] = (
        lambda made: probe_agreement(extract, made, own),
        probe_alone,
        probe_labels,
        probe_beyond,
    )
    for probe in probes:
        yield probe(frame)


def leaks_table(found: Sequence[Probed]) -> Table:
    """Return the table of probes, one line each, that fits a terminal."""
    rows = [
        [probed.probe, probed.unit, probed.verdict.upper() if probed.leaks else probed.verdict, figures_of(probed)]
        for probed in found
    ]
    headings = [("probe", False), ("unit", False), ("verdict", False), ("what it looked at", False)]
    return make_table("Does anything know what could not be known yet?", headings, rows)


def figures_of(probed: Probed) -> str:
    """Say what a probe looked at, what it has too few rows to judge, or why it could not look."""
    if probed.undecided:
        return f"{probed.figures}; too few to judge: {', '.join(probed.undecided)}"
    return probed.not_run or probed.figures


def list_leaks(found: Sequence[Probed]) -> list[str]:
    """Return one sentence a leak, to print beneath the table."""
    return [f"{probed.probe}, {probed.unit}: {leak.text}" for probed in found for leak in probed.leaks]


def show_leaks(found: Sequence[Probed]) -> None:
    """Print what the probes found; nothing where none was asked for."""
    if found:
        STDOUT.print(leaks_table(found))
    for line in list_leaks(found):
        STDOUT.print(f"LEAK: {line}")


def as_data(found: Sequence[Probed]) -> list[dict[str, object]]:
    """Return what was found as plain data for JSON."""
    return [
        {
            "probe": probed.probe,
            "unit": probed.unit,
            "verdict": probed.verdict,
            "looked_at": probed.looked_at,
            "figures": probed.figures,
            "not_run": probed.not_run,
            "too_few_to_judge": list(probed.undecided),
            "leaks": [{"subject": leak.subject, "text": leak.text} for leak in probed.leaks],
        }
        for probed in found
    ]
