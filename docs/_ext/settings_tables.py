"""The `settings-table` directive: a table of a pydantic model's settings, read from the model itself.

The meaning of a setting is the string below its line in the model's source, so it cannot drift from the code.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from docutils import nodes
from docutils.statemachine import StringList
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

HEAD = ("setting", "type", "default", "range", "meaning")
PLAIN = {float: "number", int: "whole number", bool: "true or false", str: "text", date: "date", type(None): "none"}
SIGNS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


class SettingsTable(SphinxDirective):
    """Show every setting of one model: name, type, default, range, and meaning."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table as nodes; a setting without a meaning is a warning."""
        module, _, name = self.arguments[0].rpartition(".")
        model = getattr(importlib.import_module(module), name)
        lines = ["| " + " | ".join(HEAD) + " |", "|---|---|---|---|---|"]
        lines += ["| " + " | ".join(row) + " |" for row in settings_rows(model)]
        holder = nodes.container()
        self.state.nested_parse(StringList(lines, self.arguments[0]), self.content_offset, holder)
        return holder.children


def settings_rows(model: type[BaseModel]) -> list[tuple[str, str, str, str, str]]:
    """Return one row per setting: name, type, default, range, and meaning, as Markdown.

    Raises
    ------
    ValueError
        Naming the settings that lack a meaning.
    """
    meanings = read_meanings(model)
    shown = {name: field for name, field in model.model_fields.items() if not is_fixed(field)}
    missing = [name for name in shown if not meanings.get(name)]
    if missing:
        raise ValueError(
            f"{model.__name__} has settings without a meaning: {', '.join(missing)}. Write it as a string below the "
            "setting's line."
        )
    return [
        (f"`{name}`", format_type(field.annotation), format_default(field), format_range(field), meanings[name])
        for name, field in shown.items()
    ]


def is_fixed(field: FieldInfo) -> bool:
    """Return whether a field has one value only, so that nobody sets it."""
    return get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1


def read_meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return the strings below the settings of a model and of the models it extends, by name."""
    meanings: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if issubclass(owner, BaseModel) and owner is not BaseModel:
            documented = ModuleAnalyzer.for_module(owner.__module__).find_attr_docs()
            meanings |= {
                name: " ".join(lines).strip() for (place, name), lines in documented.items() if place == owner.__name__
            }
    return meanings


def format_type(annotation: Any) -> str:
    """Return a type in words, with the words that a setting may have."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in PLAIN:
        text = PLAIN[annotation]
    elif origin is Annotated:
        text = format_type(arguments[0])
    elif origin is Literal:
        text = " or ".join(f'`"{value}"`' for value in arguments)
    elif origin in {Union, types.UnionType}:
        text = " or ".join(format_type(argument) for argument in arguments)
    elif origin is not None and issubclass(origin, Mapping):
        text = f"table of {format_type(arguments[1])}"
    elif origin is not None and issubclass(origin, Sequence):
        text = f"list of {format_type(arguments[0])}"
    else:
        text = f"{annotation.__name__.lower()} table"
    return text


def format_default(field: FieldInfo) -> str:
    """Return a default as it would be written in TOML; tables of their own are described by their own table."""
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel):
        changed = value.model_dump(exclude_defaults=True)
        return "; ".join(f"`{name} = {format_value(part)}`" for name, part in changed.items()) or "its own defaults"
    if isinstance(value, tuple) and value and all(isinstance(part, BaseModel) for part in value):
        return "one, with its own defaults"
    return "required" if field.is_required() else f"`{format_value(value)}`" if value is not None else "none"


def format_value(value: object) -> str:
    """Return a value as TOML.

    >>> format_value((30, 60)), format_value(True), format_value("auto")
    ('[30, 60]', 'true', '"auto"')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(format_value, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {format_value(part)}" for name, part in value.items()) + "}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def format_range(field: FieldInfo) -> str:
    """Return the numbers or lengths that a setting allows."""
    return "; ".join(dict.fromkeys(_limits(field.metadata, field.annotation)))


def _limits(metadata: Sequence[Any], annotation: Any) -> list[str]:
    texts = [
        f"{word} {getattr(rule, sign):g}" for rule in metadata for sign, word in SIGNS.items() if hasattr(rule, sign)
    ]
    for rule in metadata:
        if isinstance(rule, FieldInfo):
            texts += _limits(rule.metadata, None)
        length = getattr(rule, "min_length", None)
        if length:
            texts.append(
                f"at least {length} {'characters' if annotation is str else 'entries' if length > 1 else 'entry'}"
            )
    if get_origin(annotation) is Annotated:
        return texts + _limits(get_args(annotation)[1:], get_args(annotation)[0])
    return texts + [limit for part in get_args(annotation) for limit in _limits((), part) if part is not annotation]


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx about the directive."""
    app.add_directive("settings-table", SettingsTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
