"""`monitor.html` and `monitor.json`: what the lists promised against what came, without a row or an id."""

from __future__ import annotations

import dataclasses
import json
from datetime import date

from payrank.models.html_page import render_page
from payrank.scoring.monitoring.records import Kept, Monitoring
from payrank.scoring.worklists.list_summary import Bar

TITLES = {"patient_pay": "Patient pay", "denials": "Denials"}


def render_monitor(monitoring: Monitoring) -> bytes:
    """Return the page as UTF-8: one file, no script, no request. The same figures give the same bytes."""
    return render_page(
        "monitor.html",
        package="payrank.scoring",
        styles=("theme.css", "report.css"),
        monitoring=monitoring,
        titles=TITLES,
        bars=[(_bars(one.tenths, "promised"), _bars(one.tenths, "came")) for one in monitoring.watched],
    )


def monitor_json(monitoring: Monitoring) -> bytes:
    """Return the figures as JSON; the same figures give the same bytes."""
    content = dataclasses.asdict(monitoring)
    return (json.dumps(content, indent=1, default=date.isoformat) + "\n").encode()


def _bars(parts: tuple[Kept, ...], field: str) -> list[Bar]:
    rates = [(part.name, getattr(part, field) / part.rows) for part in parts]
    return [Bar(name, rate, f"{rate:.0%}") for name, rate in rates]
