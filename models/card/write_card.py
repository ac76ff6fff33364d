"""A model card (Mitchell et al. 2019): what a model is for, what it was made of, how good it is, and its limits.

One record, shown as one HTML page and as Markdown. Both say the same, and nothing that the manifest does not.
"""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from payrank.models.card.card_record import Card, Section
from payrank.models.card.fairness_section import tell_fairness, tell_selection, tell_slices
from payrank.models.card.figure import render_svg
from payrank.models.card.metrics_section import (
    tell_alarms,
    tell_calibration,
    tell_drivers,
    tell_figures,
    tell_final_test,
    tell_headline,
)
from payrank.models.card.texts import NOT_FOR, limits_of, purpose_of
from payrank.models.card.training_section import tell_data, tell_design, tell_reproduce
from payrank.models.html_page import render_page, show_count
from payrank.models.manifest import Manifest, digest_manifest

HTML, MARKDOWN = "card.html", "card.md"


def describe_card(manifest: Manifest) -> Card:
    """Return the card of a model, from its manifest alone."""
    holdout = manifest.evaluation
    return Card(
        title=f"Model card: {manifest.kind}",
        subtitle=f"Trained as of {manifest.as_of} on {show_count(manifest.rows)} {manifest.unit} snapshots of "
        f"{show_count(manifest.households)} households; bundle {digest_manifest(manifest)[:12]}",
        figures=tell_headline(holdout),
        sections=(
            *tell_alarms(manifest),
            Section("purpose", "What it is for", purpose_of(manifest)),
            Section("not-for", "What it is not for", points=NOT_FOR),
            tell_data(manifest),
            tell_design(manifest),
            tell_figures(manifest),
            tell_calibration(holdout),
            tell_final_test(manifest),
            tell_slices(holdout),
            tell_drivers(holdout),
            tell_selection(holdout),
            tell_fairness(holdout),
            Section("limits", "Limits", points=limits_of(manifest)),
            tell_reproduce(manifest),
        ),
    )


def render_card(manifest: Manifest) -> bytes:
    """Return the card as one HTML page without scripts."""
    card = describe_card(manifest)
    return render_page(
        HTML,
        room="payrank.models",
        styles=("house.css", "report.css", "card.css"),
        card=card,
        draw=lambda chart, key: Markup(render_svg(chart, key)),  # noqa: S704 - `render_svg` escapes every text
    )


def render_markdown(manifest: Manifest) -> str:
    """Return the card as Markdown; its tables hold what the page's charts show."""
    card = describe_card(manifest)
    lines = [f"# {card.title}", "", f"{card.subtitle}.", ""]
    lines += [f"- {name}: **{value}** ({note})" for name, value, note in card.figures]
    for section in card.sections:
        lines += ["", f"## {section.title}", ""]
        lines += [f"**{warning}**\n" for warning in section.warnings]
        lines += [f"{sentence}\n" for sentence in section.sentences]
        lines += [f"- {point}" for point in section.points]
        for table in section.tables:
            lines += ["", f"### {table.title}", "", _row(table.columns), _row(("---",) * len(table.columns))]
            lines += [_row(row) for row in table.rows]
    return "\n".join(lines).rstrip() + "\n"


def write_card(manifest: Manifest, folder: Path) -> tuple[Path, Path]:
    """Write `card.html` and `card.md` into a folder, made when absent; return the two."""
    folder.mkdir(parents=True, exist_ok=True)
    page, text = folder / HTML, folder / MARKDOWN
    page.write_bytes(render_card(manifest))
    text.write_text(render_markdown(manifest), encoding="utf-8")
    return page, text


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
