"""`payrank monitor`: predicted vs. actual for earlier runs."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from payrank.cli.options import AS_OF, EXTRACT, FOLDER, ExampleCommand

if TYPE_CHECKING:
    from payrank.scoring.monitoring.records import MonitoredList, Monitoring, PredictedActual


@click.command(
    cls=ExampleCommand,
    short_help="Compare earlier predictions with what happened.",
    example="payrank monitor runs extract --as-of 2027-03-20 --out monitoring",
)
@click.argument("runs", type=FOLDER)
@click.argument("extract", type=EXTRACT)
@click.option("--as-of", **AS_OF, help="Use outcomes known before this day.")
@click.option("--last", type=click.IntRange(min=1), help="Only this many of the latest matured runs of each list.")
@click.option("--out", type=FOLDER, help="Folder for monitor.html and monitor.json.")
def monitor(runs: Path, extract: Path | str, as_of: date, last: int | None, out: Path | None) -> None:
    """Compare what earlier runs predicted with what a later extract shows happened.

    A run is compared once its model's horizon has passed.
    """
    from payrank.console import STDOUT, Progress
    from payrank.extracts.atomic import write_private
    from payrank.extracts.load.load_extract import load_extract
    from payrank.scoring.monitoring.monitor import monitor_runs
    from payrank.scoring.monitoring.monitor_page import monitor_json, render_monitor

    progress = Progress()
    with load_extract(extract) as loaded:
        progress.log(f"loaded {len(loaded.digests)} files")
        monitoring = monitor_runs(runs, loaded, as_of, last=last, progress=progress.log)
    _show(monitoring)
    if out is not None:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in (("monitor.html", render_monitor(monitoring)), ("monitor.json", monitor_json(monitoring))):
            write_private(out / name, content, replace=True)
            STDOUT.print(f"Wrote {out / name}", markup=False)


def _show(monitoring: Monitoring) -> None:
    from payrank.console import STDOUT, make_table
    from payrank.scoring.monitoring.monitor_page import TITLES

    columns = [("run", False), ("list", False)]
    columns += [(name, True) for name in ("scored", "predicted", "actual", "$ predicted", "$ actual", "AUC")]
    rows = [
        [
            record.day.isoformat(),
            TITLES[record.list],
            f"{record.scored:,}",
            *_counts(record.all),
            _auc(record),
            _flag(record.all),
        ]
        for record in monitoring.lists
    ]
    STDOUT.print(make_table("Predicted vs. actual, by run", [*columns, ("", False)], rows))
    for name in dict.fromkeys(record.list for record in monitoring.lists):
        latest = next(record for record in monitoring.lists if record.list == name)
        parts = [
            [part.name, f"{part.rows:,}", *_counts(part), _flag(part)] for part in (*latest.places, *latest.deciles)
        ]
        STDOUT.print()
        headings = [(heading, True) for heading in ("rows", "predicted", "actual", "$ predicted", "$ actual")]
        title = f"{TITLES[name]}, {latest.day}: by outcome of the run and by predicted probability"
        STDOUT.print(make_table(title, [("part", False), *headings, ("", False)], parts))
    if monitoring.waiting:
        soonest = min(matures_on for _, _, matures_on in monitoring.waiting)
        STDOUT.print(f"Not matured yet: {len(monitoring.waiting)} runs. The next matures on {soonest}.")
    STDOUT.print(
        "Actual is everything collected or overturned, not what the work added: some of it would have happened anyway."
    )


def _auc(record: MonitoredList) -> str:
    return "-" if record.auc is None else f"{record.auc:.3f}"


def _counts(part: PredictedActual) -> list[str]:
    dollars = ["-" if value is None else f"{value:,.0f}" for value in (part.dollars_predicted, part.dollars_actual)]
    return [f"{part.predicted:,.0f}", f"{part.actual:,}", *dollars]


def _flag(part: PredictedActual) -> str:
    return "off" if part.off else ""
