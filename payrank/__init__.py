"""payrank: which unpaid hospital accounts and denied claims are worth working today, and why.

>>> import payrank
>>> payrank.__version__.count(".")
2
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

PUBLIC = {
    "OverturnTarget": "features.targets",
    "PaymentTarget": "features.targets",
    "PropensityClassifier": "training.estimator",
    "features": "features.pandas_api",
    "find_leaks": "payrank.leaks",
    "load_extract": "extracts.load",
    "load_tables": "extracts.given_tables",
    "nightly_frame": "features.frame",
    "predict": "models.predict",
    "read_audit": "models.audit",
    "read_bundle": "models.bundle",
    "score_night": "scoring.night",
    "simulate": "extracts.simulator",
    "train": "training.train",
    "training_frame": "features.pandas_api",
    "write_card": "models.card",
}
"""Public names and where they live."""

ROOMS = ("extracts", "features", "models", "training", "scoring")


def check_rooms(home: Path, rooms: tuple[str, ...] = ROOMS) -> None:
    """Check that Python finds our rooms beside `payrank`, for their names are common.

    Raises
    ------
    ImportError
        When a folder elsewhere hides one of them, naming it, or when one is missing.
    """
    for room in rooms:
        spec = find_spec(room)
        places = [Path(place).resolve() for place in (spec.submodule_search_locations or [])] if spec else []
        if home / room in places:
            continue
        if spec is None:
            raise ImportError(f"payrank's package '{room}' is missing beside {home / 'payrank'}; install payrank again")
        found = places[0] if places else Path(spec.origin or "built-in").resolve()
        raise ImportError(
            f"payrank's package '{room}' is hidden by {found}; expected {home / room}. Rename that folder, run from "
            "another one, or take it off PYTHONPATH"
        )


check_rooms(Path(__file__).resolve().parent.parent)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `import payrank` stays light."""
    if name not in PUBLIC:
        raise AttributeError(f"payrank has no {name!r}; it has {', '.join(sorted(PUBLIC))}")
    return getattr(import_module(PUBLIC[name]), name)
