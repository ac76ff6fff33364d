"""The sections of a model card about how the model was made: data, design in time, and how to make it again."""

from __future__ import annotations

from payrank.models.card.card_record import Section, Table
from payrank.models.html_page import show_count
from payrank.models.manifest import Manifest, digest_manifest


def tell_data(manifest: Manifest) -> Section:
    """Return what was fitted and calibrated on."""
    windows = manifest.windows
    rows = tuple(
        (name, str(span.first), str(span.last), show_count(span.rows), show_count(span.events))
        for name, span in (("served fit", windows.fitted), ("calibration", windows.calibrated_on))
    )
    return Section(
        "data",
        "Data",
        (
            f"{show_count(manifest.rows)} snapshots of {show_count(manifest.households)} households, of which "
            f"{show_count(manifest.events)} had the outcome; {len(manifest.features)} features.",
        ),
        tables=(Table("What was fitted and calibrated on", ("rows of", "from", "to", "rows", "outcomes"), rows),),
    )


def tell_design(manifest: Manifest) -> Section:
    """Return the periods."""
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
        "Design in time",
        (
            f"A label is known {windows.label_lag_days} days after its snapshot. Each period is predicted by boosters "
            "fitted on rows whose labels were known before it, so no evaluated row was ever fitted.",
        ),
        tables=(Table("Periods", ("role", "fitted", "labels known by", "predicted", "rows"), rows),),
    )


def tell_reproduce(manifest: Manifest) -> Section:
    """Return question, settings, versions and digests."""
    settings = tuple((name, str(value)) for name, value in sorted(manifest.settings.items()))
    versions = tuple(sorted(manifest.libraries.items()))
    digests = (
        ("bundle", digest_manifest(manifest)),
        ("feature catalog", manifest.catalog_digest),
        *((f"extract: {name}", digest) for name, digest in sorted(manifest.extract_digests.items())),
    )
    target = tuple((name, str(value)) for name, value in sorted(manifest.target.items()))
    return Section(
        "reproduce",
        "How to make it again",
        (
            f"`payrank train {manifest.kind} EXTRACT --as-of {manifest.as_of}` with these settings, versions and files "
            "gives the same model to the byte.",
        ),
        tables=(
            Table("Question", ("setting", "value"), target),
            Table("Training settings", ("setting", "value"), settings),
            Table("Versions", ("library", "version"), versions),
            Table("SHA-256", ("of", "digest"), digests),
        ),
    )
