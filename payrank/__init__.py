"""payrank: which unpaid hospital accounts and denied claims are worth working today, and why.

>>> import payrank
>>> payrank.__version__.count(".")
2
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from payrank.extracts.in_memory import load_tables
    from payrank.extracts.load.load_extract import load_extract
    from payrank.features import sources
    from payrank.features.api import build_features, training_frame
    from payrank.features.build_frames import nightly_frame
    from payrank.features.feature import Feature
    from payrank.features.site.features import SiteFeatures
    from payrank.features.targets import OverturnTarget, PaymentTarget
    from payrank.leaks import find_leaks
    from payrank.models.audit import read_audit
    from payrank.models.bundle import read_bundle
    from payrank.models.card.write_card import write_card
    from payrank.models.predict import predict
    from payrank.models.shap.explain import explain
    from payrank.scoring.monitoring.monitor import monitor_runs
    from payrank.scoring.reasons.reasons import explain_rows, top_reasons
    from payrank.scoring.run_models import RunModels
    from payrank.scoring.run_nightly import run_nightly
    from payrank.scoring.settings import ScoringSettings
    from payrank.settings import read_settings
    from payrank.simulator.simulate import simulate
    from payrank.training.estimator import PropensityClassifier
    from payrank.training.settings import TrainingSettings
    from payrank.training.train import train

__version__ = "0.1.0"

__all__ = [
    "Feature",
    "OverturnTarget",
    "PaymentTarget",
    "PropensityClassifier",
    "RunModels",
    "ScoringSettings",
    "SiteFeatures",
    "TrainingSettings",
    "build_features",
    "explain",
    "explain_rows",
    "find_leaks",
    "load_extract",
    "load_tables",
    "monitor_runs",
    "nightly_frame",
    "predict",
    "read_audit",
    "read_bundle",
    "read_settings",
    "run_nightly",
    "simulate",
    "sources",
    "top_reasons",
    "train",
    "training_frame",
    "write_card",
]

_HOME = {
    "Feature": "features.feature",
    "OverturnTarget": "features.targets",
    "PaymentTarget": "features.targets",
    "PropensityClassifier": "training.estimator",
    "RunModels": "scoring.run_models",
    "ScoringSettings": "scoring.settings",
    "SiteFeatures": "features.site.features",
    "TrainingSettings": "training.settings",
    "build_features": "features.api",
    "explain": "models.shap.explain",
    "explain_rows": "scoring.reasons.reasons",
    "find_leaks": "leaks",
    "load_extract": "extracts.load.load_extract",
    "load_tables": "extracts.in_memory",
    "monitor_runs": "scoring.monitoring.monitor",
    "nightly_frame": "features.build_frames",
    "predict": "models.predict",
    "read_audit": "models.audit",
    "read_bundle": "models.bundle",
    "read_settings": "settings",
    "run_nightly": "scoring.run_nightly",
    "simulate": "simulator.simulate",
    "sources": "features.sources",
    "top_reasons": "scoring.reasons.reasons",
    "train": "training.train",
    "training_frame": "features.api",
    "write_card": "models.card.write_card",
}

if sys.version_info < (3, 11):  # noqa: UP036 - a checkout on PYTHONPATH gets past the installer's own check
    raise ImportError(
        f"payrank needs Python 3.11 or newer; this is {sys.version.split()[0]}. Create an environment with a newer "
        "Python and install payrank there."
    )
# pathlib would triple the import time
if not os.path.isdir(os.path.join(os.path.dirname(__file__), "extracts")):  # noqa: PTH112, PTH118, PTH120
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
        module = import_module(f"payrank.{_HOME[name]}")
        return getattr(module, name, module)  # `sources` is a module itself


def __dir__() -> list[str]:
    """Return the public names, so that editors and notebooks complete them."""
    return sorted([*__all__, "__version__"])
