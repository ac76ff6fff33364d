"""What the commands share: argument types, options, and help that ends with an example."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from payrank.scoring.schedule.capacity import Capacity


class ExtractSource(click.ParamType[Path | str]):
    """A folder of canonical tables, or the address of a database schema."""

    name = "extract"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """Return an address unchanged and anything else as a path; a file or an unknown address is wrong usage."""
        from payrank.extracts.load.database import is_address

        if is_address(value):
            return str(value)
        path = Path(value)
        if path.is_file():
            self.fail(f"{value!r} is a file; give the folder of the extract, or import the file first", param, ctx)
        return path


EXTRACT = ExtractSource()
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
KINDS = click.Choice(["payment", "overturn"])


class Day(click.ParamType[date]):
    """An ISO date."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the date; anything but YYYY-MM-DD is wrong usage."""
        if isinstance(value, date):
            return value
        try:
            if len(value) != len("YYYY-MM-DD"):
                raise ValueError("wrong length")
            return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no time zone
        except ValueError:
            self.fail(f"{value!r} is not a date; write it as YYYY-MM-DD, for example 2026-11-20", param, ctx)


class CapacityOption(click.ParamType["Capacity"]):
    """A number of lines per day, or a TOML file with the table of [scoring.capacity]."""

    name = "lines"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Capacity:
        """Return the capacity; anything that is neither a number nor such a file is wrong usage."""
        import tomllib

        from pydantic import ValidationError

        from payrank.scoring.schedule.capacity import Capacity

        if isinstance(value, Capacity):
            return value
        try:
            content = int(value) if value.lstrip("-").isdigit() else tomllib.loads(Path(value).read_text("utf-8"))
            return Capacity.model_validate(content)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            self.fail(
                f"{value!r} is neither a number of lines per day nor a readable TOML file ({type(error).__name__}); "
                "write 200, or name a file with lines such as 'appeal = 40'",
                param,
                ctx,
            )
        except ValidationError as error:
            self.fail(error.errors(include_url=False)[0]["msg"].removeprefix("Value error, "), param, ctx)


AS_OF: dict[str, Any] = {"type": Day(), "required": True, "metavar": "DATE"}


class ExampleCommand(click.Command):
    """A command whose help ends with an example, printed as written."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.example = example

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's own
        """Write the example."""
        if self.example:
            with formatter.section("Example"):
                for line in self.example.splitlines():
                    formatter.write(f"  {line}\n")


def settings_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --settings."""
    return click.option("--settings", type=FILE, help="Settings file (default: payrank.toml in this folder, if any).")(
        command
    )


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --engine and --master."""
    engine = click.option(
        "--engine",
        type=click.Choice(["duckdb", "spark", "postgres"]),
        default="duckdb",
        show_default=True,
        help="Where features are computed: DuckDB on this machine, Spark, or PostgreSQL next to the tables.",
    )
    return engine(click.option("--master", metavar="URL", help="Spark master (default: this machine).")(command))
