"""`payrank monitor`: what the lists promised against what came."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from payrank.console import STDOUT, Progress, make_table
from payrank.extracts.atomic import write_private
from payrank.extracts.load.load_extract import load_extract
from payrank.scoring.monitoring.monitor import monitor_runs
from payrank.scoring.monitoring.monitor_page import TITLES, monitor_json, render_monitor
from payrank.scoring.monitoring.records import Kept, Monitoring, Watched


def run_monitor(runs: Path, source: Path | str, *, as_of: date, last: int | None, out: Path | None) -> None:
    """Judge earlier runs by a later extract, and print or write what was found."""
    progress = Progress()
    with load_extract(source) as extract:
        progress.log(f"loaded {len(extract.digests)} files")
        found = monitor_runs(runs, extract, as_of, last=last, progress=progress.log)
    _show(found)
    if out is not None:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in (("monitor.html", render_monitor(found)), ("monitor.json", monitor_json(found))):
            (out / name).unlink(missing_ok=True)
            write_private(out / name, content, replace=True)
            STDOUT.print(f"Wrote {out / name}", markup=False)


def _show(found: Monitoring) -> None:
    columns = [("run", False), ("list", False)]
    columns += [(name, True) for name in ("scored", "promised", "came", "$ promised", "$ came", "AUC")]
    rows = [_row(one) for one in found.watched]
    STDOUT.print(make_table("Outcomes and dollars promised, and what came", [*columns, ("", False)], rows))
    for name in dict.fromkeys(one.list for one in found.watched):
        latest = next(one for one in found.watched if one.list == name)
        parts = [[part.name, f"{part.rows:,}", *_figures(part)] for part in (*latest.places, *latest.tenths)]
        STDOUT.print()
        headings = [(heading, True) for heading in ("rows", "promised", "came", "$ promised", "$ came")]
        title = f"{TITLES[name]}, {latest.day}: by place, and by promised chance"
        STDOUT.print(make_table(title, [("part", False), *headings, ("", False)], parts))
    if found.waiting:
        soonest = min(ripe for _, _, ripe in found.waiting)
        STDOUT.print(f"Not ripe yet: {len(found.waiting)}, the next on {soonest}.")
    STDOUT.print("What came is not what the work alone brought: some would have paid, or been overturned, without it.")


def _row(one: Watched) -> list[str]:
    *figures, verdict = _figures(one.all)
    auc = "-" if one.auc is None else f"{one.auc:.3f}"
    return [one.day.isoformat(), TITLES[one.list], f"{one.scored:,}", *figures, auc, verdict]


def _figures(part: Kept) -> list[str]:
    dollars = ["-" if value is None else f"{value:,.0f}" for value in (part.dollars_promised, part.dollars_came)]
    return [f"{part.promised:,.0f}", f"{part.came:,}", *dollars, "off" if part.off else ""]
