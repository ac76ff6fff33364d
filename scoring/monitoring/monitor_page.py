"""`monitor.html` and `monitor.json`: predicted vs. actual for earlier runs, without a row or an id."""

from __future__ import annotations

import dataclasses
import json
from datetime import date

from payrank.models.html_page import render_page
from payrank.scoring.list_spec import LISTS
from payrank.scoring.monitoring.records import Monitoring, PredictedActual
from payrank.scoring.worklists.list_summary import Bar

TITLES = {spec.name: spec.title for spec in LISTS}


def render_monitor(monitoring: Monitoring) -> bytes:
    """Return the page as UTF-8: one file, no script, no request. The same results give the same bytes."""
    return render_page(
        "monitor.html",
        package="payrank.scoring",
        styles=("theme.css", "report.css"),
        monitoring=monitoring,
        titles=TITLES,
        bars=[(_bars(record.deciles, "predicted"), _bars(record.deciles, "actual")) for record in monitoring.lists],
    )


def monitor_json(monitoring: Monitoring) -> bytes:
    """Return the results as JSON; the same results give the same bytes."""
    content = dataclasses.asdict(monitoring)
    return (json.dumps(content, indent=1, default=date.isoformat) + "\n").encode()


def _bars(parts: tuple[PredictedActual, ...], field: str) -> list[Bar]:
    rates = [(part.name, getattr(part, field) / part.rows) for part in parts]
    return [Bar(name, rate, f"{rate:.0%}") for name, rate in rates]
