"""The content of a model card: sections of sentences, charts, and tables, all formatted."""

from __future__ import annotations

from dataclasses import dataclass

from payrank.models.card.figure import Chart


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a card with formatted cells; the first column names the row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a card: warnings, sentences, bullet points, charts, and tables of what the charts show."""

    key: str
    title: str
    sentences: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A card: its title, subtitle, headline metrics (label, value, interval), and sections."""

    title: str
    subtitle: str
    metrics: tuple[tuple[str, str, str], ...]
    sections: tuple[Section, ...]
