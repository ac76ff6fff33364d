"""`payrank.toml`: the site's settings in one file, refused as a whole when it has an unknown name."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from payrank.extracts.errors import WrongUsageError, did_you_mean
from payrank.features.site.features import SiteFeatures, read_site_features
from payrank.features.targets import OverturnTarget, PaymentTarget
from payrank.scoring.settings import RENAMED, RuleOverride, ScoringSettings, Waiver

DEFAULT_FILE = "payrank.toml"
SECTIONS = ("payment", "overturn", "training", "scoring", "features")

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force: targets, training of each kind, scoring, and the features that the site adds.

    `training` is the table as written: `[training]` for all kinds of models, `[training.payment]` and
    `[training.overturn]` for one. It is validated by `payrank.training`, which a nightly machine need not install.
    """

    payment: PaymentTarget = field(default_factory=PaymentTarget)
    overturn: OverturnTarget = field(default_factory=OverturnTarget)
    scoring: ScoringSettings = field(default_factory=ScoringSettings)
    training: Mapping[str, Any] = field(default_factory=dict)
    features: SiteFeatures = field(default_factory=SiteFeatures)

    def target(self, kind: str) -> PaymentTarget | OverturnTarget:
        """Return the target of a kind of model."""
        return self.payment if kind == "payment" else self.overturn

    def training_of(self, kind: str) -> dict[str, Any]:
        """Return the training table of a kind of model: the shared keys, overridden by its own."""
        shared = {name: value for name, value in self.training.items() if name not in {"payment", "overturn"}}
        return {**shared, **self.training.get(kind, {})}


def read_settings(path: Path | None) -> Settings:
    """Read a settings file. None means `payrank.toml` in the working folder, or the defaults when there is none.

    Raises
    ------
    WrongUsageError
        When the file is missing or not TOML, or has an unknown name, a renamed one, or a value out of range.
    """
    if path is None:
        path = Path(DEFAULT_FILE)
        if not path.is_file():
            return Settings()
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise WrongUsageError(f"no settings file at {path}; name another with --settings, or leave it out") from None
    except OSError as error:
        raise WrongUsageError(
            f"{path} cannot be read ({type(error).__name__}); give this user permission to read it"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongUsageError(f"{path} is not valid TOML: {error}; fix that line") from None
    for name in data:
        if name not in SECTIONS:
            raise WrongUsageError(f"{path}: unknown section [{name}]; {did_you_mean(name, SECTIONS)}")
        if not isinstance(data[name], dict):
            raise WrongUsageError(f"{path}: {name} is not a table; write [{name}] and one setting per line below it")
    return Settings(
        payment=_read(PaymentTarget, data.get("payment", {}), f"{path} [payment]"),
        overturn=_read(OverturnTarget, data.get("overturn", {}), f"{path} [overturn]"),
        scoring=_read(ScoringSettings, data.get("scoring", {}), f"{path} [scoring]"),
        training=data.get("training", {}),
        features=read_site_features(data.get("features", {}), str(path)),
    )


def _read(model: type[Model], values: object, place: str) -> Model:
    """Validate one table; an error names the setting and the nearest known one, or the new name of a renamed one."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        fault = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
        name = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            raise WrongUsageError(f"{place}: {_describe_unknown(model, fault['loc'])}") from None
        if fault["type"] == "value_error":
            raise WrongUsageError(f"{place}: setting {name!r}: {fault['msg'].removeprefix('Value error, ')}") from None
        raise WrongUsageError(f"{place}: setting {name!r}: {fault['msg']}; found {fault['input']!r:.60}") from None


def _describe_unknown(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """Return why a setting is refused: it was renamed, or it is unknown."""
    name = ".".join(str(part) for part in location)
    if model is ScoringSettings and name in RENAMED:
        return f"setting {name!r} was renamed; write {RENAMED[name]!r}"
    known = sorted(_table_model(model, location).model_fields)
    return f"unknown setting {name!r}; {did_you_mean(str(location[-1]), known)}"


def _table_model(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    """Return the model of the innermost table that contains a setting."""
    tables: dict[int | str, type[BaseModel]] = {"waive": Waiver, "override": RuleOverride}
    return tables.get(location[0], model) if len(location) > 1 else model
