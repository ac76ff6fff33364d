"""Checks the names of the features that the settings exempt from their monotone direction."""

from __future__ import annotations

from collections.abc import Sequence

from payrank.extracts.errors import WrongUsageError, did_you_mean
from payrank.features.catalog.accounts import ACCOUNT_FEATURES
from payrank.features.catalog.denials import DENIAL_FEATURES
from payrank.features.feature import Feature
from payrank.training.settings import TrainingSettings


def check_unconstrained(features: Sequence[Feature], settings: TrainingSettings) -> None:
    """Refuse a name in `unconstrained` that is not a feature: after a typo, the direction would still be enforced.

    Names from the catalogs of both units are accepted, because `[training]` may apply to both kinds of model.

    Raises
    ------
    WrongUsageError
        With the nearest feature name of the frame.
    """
    names = [feature.name for feature in features]
    known = {*names, *(feature.name for feature in (*ACCOUNT_FEATURES, *DENIAL_FEATURES))}
    for name in settings.unconstrained:
        if name not in known:
            raise WrongUsageError(
                f"training setting 'unconstrained': {name!r:.60} is not a feature of the model; put features of one "
                f"kind of model under [training.payment] or [training.overturn]; {did_you_mean(name, names)}"
            )
