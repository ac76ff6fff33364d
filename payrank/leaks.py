"""`payrank check --leaks`: every leakage check on a user's own extract, and the table of results."""

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
from payrank.features.probes.back_dated import probe_back_dated
from payrank.features.probes.future import choose_day, probe_future
from payrank.features.probes.hindsight import probe_hindsight
from payrank.features.probes.result import ProbeResult
from payrank.features.probes.single_features import probe_single_features
from payrank.settings import Settings

LogLine = Callable[[str], None]

NEEDS_FRAME = ("train/score agreement", "too good alone", "label shuffle", "site features")


def find_leaks(
    extract: Extract, settings: Settings, as_of: date, progress: LogLine = lambda _: None
) -> tuple[ProbeResult, ...]:
    """Run every leakage check on accounts and denials, with the horizons and site features of the settings.

    Parameters
    ----------
    extract
        A loaded extract.
    settings
        From `read_settings`.
    as_of
        The extract contains everything known before this day.
    progress
        Called with one line of text after each check.

    Returns
    -------
    tuple of ProbeResult
        The result of each check, or why it could not run. No result contains a value from any row.
    """
    results = []
    for probed in _run(extract, settings, as_of):
        progress(f"checked {probed.unit}s for leakage: {probed.probe}, {probed.verdict}")
        results.append(probed)
    return tuple(results)


def _run(extract: Extract, settings: Settings, as_of: date) -> Iterator[ProbeResult]:
    if extract.tables["transactions"].rows_loaded:
        yield probe_back_dated(extract, as_of)
    for kind, table in (("payment", "accounts"), ("overturn", "denials")):
        if extract.tables[table].rows_loaded:
            yield from _run_unit(extract, settings, kind, as_of)


def _run_unit(extract: Extract, settings: Settings, kind: str, as_of: date) -> Iterator[ProbeResult]:
    from payrank.training.probes.label_shuffle import probe_shuffled_labels
    from payrank.training.probes.site_feature_probe import probe_site_features

    target, site_features = settings.target(kind), settings.features
    yield probe_future(extract, target, choose_day(extract, target, as_of), site_features)
    yield probe_hindsight(extract, target, as_of)
    try:
        frame = training_frame(extract, target, as_of, site_features=site_features)
    except PayrankError as error:
        for name in NEEDS_FRAME:
            yield ProbeResult(name, target.unit, 0, "", not_run=f"no training frame: {error}")
        return
    probes: tuple[Callable[[Frame], ProbeResult], ...] = (
        lambda labeled: probe_agreement(extract, labeled, site_features),
        probe_single_features,
        probe_shuffled_labels,
        probe_site_features,
    )
    for probe in probes:
        yield probe(frame)


def leaks_table(results: Sequence[ProbeResult]) -> Table:
    """Return the results as a table that fits a terminal, one line per check."""
    rows = [
        [probed.probe, probed.unit, probed.verdict.upper() if probed.leaks else probed.verdict, describe_probe(probed)]
        for probed in results
    ]
    headings = [("probe", False), ("unit", False), ("verdict", False), ("details", False)]
    return make_table("Leakage checks", headings, rows)


def describe_probe(probed: ProbeResult) -> str:
    """Return what a check examined, what it had too few rows to decide, or why it could not run."""
    if probed.undecided:
        return f"{probed.details}; too few rows to decide: {', '.join(probed.undecided)}"
    return probed.not_run or probed.details


def list_leaks(results: Sequence[ProbeResult]) -> list[str]:
    """Return one sentence per leak, to print below the table."""
    return [f"{probed.probe}, {probed.unit}: {leak.text}" for probed in results for leak in probed.leaks]


def show_leaks(results: Sequence[ProbeResult]) -> None:
    """Print the results; nothing when no check ran."""
    if results:
        STDOUT.print(leaks_table(results))
    for line in list_leaks(results):
        STDOUT.print(f"LEAK: {line}")


def as_data(results: Sequence[ProbeResult]) -> list[dict[str, object]]:
    """Return the results as plain data for JSON."""
    return [
        {
            "probe": probed.probe,
            "unit": probed.unit,
            "verdict": probed.verdict,
            "examined": probed.examined,
            "details": probed.details,
            "not_run": probed.not_run,
            "too_few_rows": list(probed.undecided),
            "leaks": [{"subject": leak.subject, "text": leak.text} for leak in probed.leaks],
        }
        for probed in results
    ]
