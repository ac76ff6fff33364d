"""A model card (Mitchell et al. 2019): intended use, training data, performance, and limitations of a model.

One record is shown as an HTML page and as Markdown. Both have the same content, and all of it is in the manifest.
"""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from payrank.models.card.card_record import Card, Section
from payrank.models.card.fairness_section import fairness_section, selection_section, slices_section
from payrank.models.card.figure import render_svg
from payrank.models.card.metrics_section import (
    alarm_sections,
    calibration_section,
    drivers_section,
    final_test_section,
    headline_metrics,
    metrics_section,
)
from payrank.models.card.texts import PROHIBITED_USES, describe_purpose, list_limitations
from payrank.models.card.training_section import data_section, design_section, reproduction_section
from payrank.models.html_page import render_page, show_count
from payrank.models.manifest import Manifest, digest_manifest

HTML, MARKDOWN = "card.html", "card.md"


def describe_card(manifest: Manifest) -> Card:
    """Return the card of a model, from its manifest alone."""
    evaluation = manifest.evaluation
    return Card(
        title=f"Model card: {manifest.kind}",
        subtitle=f"Trained as of {manifest.as_of} on {show_count(manifest.rows)} {manifest.unit} snapshots of "
        f"{show_count(manifest.households)} households; bundle {digest_manifest(manifest)[:12]}",
        metrics=headline_metrics(evaluation),
        sections=(
            *alarm_sections(manifest),
            Section("purpose", "Intended use", describe_purpose(manifest)),
            Section("prohibited", "Prohibited uses", points=PROHIBITED_USES),
            data_section(manifest),
            design_section(manifest),
            metrics_section(manifest),
            calibration_section(evaluation),
            final_test_section(manifest),
            slices_section(evaluation),
            drivers_section(evaluation),
            selection_section(evaluation),
            fairness_section(evaluation),
            Section("limitations", "Limitations", points=list_limitations(manifest)),
            reproduction_section(manifest),
        ),
    )


def render_card(manifest: Manifest) -> bytes:
    """Return the card as one HTML page without scripts.

    Raises
    ------
    WrongUsageError
        When Matplotlib, which draws the charts, is not installed.
    """
    return render_page(
        HTML,
        package="payrank.models",
        styles=("theme.css", "report.css", "card.css"),
        card=describe_card(manifest),
        draw=lambda chart, key: Markup(render_svg(chart, key)),  # noqa: S704 - `render_svg` escapes every text
    )


def render_markdown(manifest: Manifest) -> str:
    """Return the card as Markdown; its tables hold what the page's charts show."""
    card = describe_card(manifest)
    lines = [f"# {card.title}", "", f"{card.subtitle}.", ""]
    lines += [f"- {name}: **{value}** ({note})" for name, value, note in card.metrics]
    for section in card.sections:
        lines += ["", f"## {section.title}", ""]
        lines += [f"**{warning}**\n" for warning in section.warnings]
        lines += [f"{sentence}\n" for sentence in section.sentences]
        lines += [f"- {point}" for point in section.points]
        for table in section.tables:
            lines += ["", f"### {table.title}", "", _format_row(table.columns)]
            lines += [_format_row(("---",) * len(table.columns))]
            lines += [_format_row(row) for row in table.rows]
    return "\n".join(lines).rstrip() + "\n"


def write_card(manifest: Manifest, folder: Path) -> tuple[Path, Path]:
    """Write `card.html` and `card.md` into a folder, and return their paths.

    Parameters
    ----------
    manifest
        `Bundle.manifest` of the model.
    folder
        Created if it does not exist.

    Raises
    ------
    WrongUsageError
        When Matplotlib, which draws the charts, is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page, text = folder / HTML, folder / MARKDOWN
    page.write_bytes(render_card(manifest))
    text.write_text(render_markdown(manifest), encoding="utf-8")
    return page, text


def _format_row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
