"""Build a frame with the engine that the user chose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from payrank.extracts.errors import WrongUsageError, did_you_mean
from payrank.extracts.load.database import is_address
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import nightly_frame, training_frame
from payrank.features.check_as_of import check_day
from payrank.features.frame import Definition, Frame
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures

ENGINES = ("duckdb", "spark", "postgres")


def check_engine(engine: str, source: Path | str) -> None:
    """Refuse an unknown engine, or one that cannot read the source.

    >>> check_engine("postgres", "extract")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    payrank.extracts.errors.WrongUsageError: engine 'postgres' runs inside a database, and extract is not one. ...

    Raises
    ------
    WrongUsageError
        The message names the nearest engine, or the sources that the engine reads.
    """
    if engine not in ENGINES:
        raise WrongUsageError(f"unknown engine {engine!r}; {did_you_mean(engine, ENGINES)}")
    if engine == "postgres" and not is_address(source):
        raise WrongUsageError(
            f"engine 'postgres' runs inside a database, and {source} is not one. Allowed: "
            "postgresql://USER@HOST:PORT/DATABASE?schema=SCHEMA. For a folder, choose another engine."
        )
    if engine == "spark" and is_address(source):
        raise WrongUsageError(
            "engine 'spark' reads a folder of Parquet files, not a database. Allowed: a folder, or an address such as "
            "s3a://BUCKET/FOLDER. For a database, choose engine 'postgres'."
        )


def build_engine_frame(
    engine: str,
    source: Path | str,
    target: Definition,
    as_of: date,
    *,
    labeled: bool = False,
    site_features: SiteFeatures = NO_SITE_FEATURES,
    master: str | None = None,
    settings: Mapping[str, str] = {},
    grace_days: int | None = None,
) -> Frame:
    """Return the nightly frame as of a date, or the labeled frame of a training day, from any engine.

    Parameters
    ----------
    engine
        One of `ENGINES`.
    source
        A folder, or the address of a database schema (duckdb copies the tables, postgres computes inside the database).
    master, settings
        For Spark only, as in `payrank.features.engines.spark_session.open_session`.
    grace_days
        As in `payrank.features.engines.planning.plan_frame`.

    Raises
    ------
    WrongUsageError
        When the engine is unknown, is not installed, or cannot read the source, or the date is out of range.
    ExtractRefusedError
        When the tables break the contract.
    """
    check_engine(engine, source)
    if engine == "spark":
        from payrank.features.engines.spark import frame_from_folder  # noqa: PLC0415 - pyspark only on request

        return frame_from_folder(
            source,
            target,
            as_of,
            master=master,
            settings=settings,
            labeled=labeled,
            site_features=site_features,
            grace_days=grace_days,
        )
    if engine == "postgres":
        from payrank.features.engines.postgres import frame_from_database  # noqa: PLC0415

        return frame_from_database(
            str(source), target, as_of, labeled=labeled, site_features=site_features, grace_days=grace_days
        )
    with load_extract(source) as extract:
        if grace_days is not None:
            check_day(extract, target.unit, as_of, grace_days=grace_days)
        return (training_frame if labeled else nightly_frame)(extract, target, as_of, site_features=site_features)
