"""payrank: which unpaid hospital accounts and denied claims are worth working today, and why.

>>> import payrank
>>> payrank.__version__.count(".")
2
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from payrank.extracts.in_memory import load_tables
    from payrank.extracts.load.load_extract import load_extract
    from payrank.features.api import build_features, training_frame
    from payrank.features.build_frames import nightly_frame
    from payrank.features.targets import OverturnTarget, PaymentTarget
    from payrank.leaks import find_leaks
    from payrank.models.audit import read_audit
    from payrank.models.bundle import read_bundle
    from payrank.models.card.write_card import write_card
    from payrank.models.predict import predict
    from payrank.scoring.run_nightly import run_nightly
    from payrank.simulator.simulate import simulate
    from payrank.training.estimator import PropensityClassifier
    from payrank.training.train import train

__version__ = "0.1.0"

__all__ = [
    "OverturnTarget",
    "PaymentTarget",
    "PropensityClassifier",
    "build_features",
    "find_leaks",
    "load_extract",
    "load_tables",
    "nightly_frame",
    "predict",
    "read_audit",
    "read_bundle",
    "run_nightly",
    "simulate",
    "train",
    "training_frame",
    "write_card",
]

_HOME = {
    "OverturnTarget": "features.targets",
    "PaymentTarget": "features.targets",
    "PropensityClassifier": "training.estimator",
    "build_features": "features.api",
    "find_leaks": "leaks",
    "load_extract": "extracts.load.load_extract",
    "load_tables": "extracts.in_memory",
    "nightly_frame": "features.build_frames",
    "predict": "models.predict",
    "read_audit": "models.audit",
    "read_bundle": "models.bundle",
    "run_nightly": "scoring.run_nightly",
    "simulate": "simulator.simulate",
    "train": "training.train",
    "training_frame": "features.api",
    "write_card": "models.card.write_card",
}

if sys.version_info < (3, 11):  # noqa: UP036 - a checkout on PYTHONPATH gets past the installer's own check
    raise ImportError(
        f"payrank needs Python 3.11 or newer; this is {sys.version.split()[0]}. Create an environment with a newer "
        "Python and install payrank there."
    )
if not os.path.isdir(os.path.join(os.path.dirname(__file__), "extracts")):  # noqa: PTH112, PTH118, PTH120 - pathlib would triple the import time
    raise ImportError(
        "payrank/extracts is not a folder: this checkout was made without symbolic links. Install the wheel instead, "
        "or run 'git config core.symlinks true' and 'git checkout -- payrank' on a file system that has links."
    )

if not TYPE_CHECKING:

    def __getattr__(name):
        """Import a public name when it is first used, so that `import payrank` stays instant."""
        from importlib import import_module

        if name not in _HOME:
            raise AttributeError(f"module 'payrank' has no attribute {name!r}. Public names: {', '.join(__all__)}")
        return getattr(import_module(f"payrank.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names, so that editors and notebooks complete them."""
    return sorted([*__all__, "__version__"])
