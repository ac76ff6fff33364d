"""What a model card is made of: sections of sentences, charts and tables, all ready to show."""

from __future__ import annotations

from dataclasses import dataclass

from payrank.models.card.figure import Chart


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a card: the first column names the row, the others are figures; all of them ready to show."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a card: sentences, points, charts, and tables that say in figures what the charts show."""

    key: str
    title: str
    sentences: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A whole card: its title, the line beneath, the figures that stand out, and its sections."""

    title: str
    subtitle: str
    figures: tuple[tuple[str, str, str], ...]
    sections: tuple[Section, ...]
