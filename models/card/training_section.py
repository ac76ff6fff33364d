"""The sections of a model card about the training: data, temporal design, and how to reproduce it."""

from __future__ import annotations

from payrank.models.card.card_record import Section, Table
from payrank.models.html_page import show_count
from payrank.models.manifest import Manifest, digest_manifest


def data_section(manifest: Manifest) -> Section:
    """Return the rows on which the model was fitted and calibrated."""
    windows = manifest.windows
    rows = tuple(
        (name, str(window.first), str(window.last), show_count(window.rows), show_count(window.events))
        for name, window in (("final fit", windows.fitted), ("calibration", windows.calibrated_on))
    )
    return Section(
        "data",
        "Training data",
        (
            f"{show_count(manifest.rows)} snapshots of {show_count(manifest.households)} households; "
            f"{show_count(manifest.events)} snapshots had the outcome. {len(manifest.features)} features.",
        ),
        tables=(Table("Rows used", ("used for", "from", "to", "rows", "outcomes"), rows),),
    )


def design_section(manifest: Manifest) -> Section:
    """Return the validation periods."""
    windows = manifest.windows
    rows = tuple(
        (
            period.role,
            f"{period.fitted.first} to {period.fitted.last}",
            str(period.fitted_labels_known_by),
            f"{period.predicted.first} to {period.predicted.last}",
            show_count(period.predicted.rows),
        )
        for period in windows.periods
    )
    return Section(
        "design",
        "Validation over time",
        (
            f"A label is known {windows.label_lag_days} days after its snapshot. Each period is predicted by models "
            "fitted on rows whose labels were known before it, so no evaluated row was used in training.",
        ),
        tables=(Table("Periods", ("role", "fitted", "labels known by", "predicted", "rows"), rows),),
    )


def reproduction_section(manifest: Manifest) -> Section:
    """Return the target, settings, library versions, and digests."""
    target = tuple((name, str(value)) for name, value in sorted(manifest.target.items()))
    settings = tuple((name, str(value)) for name, value in sorted(manifest.settings.items()))
    digests = (
        ("bundle", digest_manifest(manifest)),
        ("feature catalog", manifest.catalog_digest),
        *((f"extract: {name}", digest) for name, digest in sorted(manifest.extract_digests.items())),
    )
    return Section(
        "reproduce",
        "How to reproduce it",
        (
            f"`payrank train {manifest.kind} EXTRACT --as-of {manifest.as_of}` with these settings, versions, and "
            "files gives a byte-for-byte identical model.",
        ),
        tables=(
            Table("Target", ("setting", "value"), target),
            Table("Training settings", ("setting", "value"), settings),
            Table("Versions", ("library", "version"), tuple(sorted(manifest.libraries.items()))),
            Table("SHA-256", ("of", "digest"), digests),
        ),
    )
