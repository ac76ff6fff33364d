"""The features that the settings free of their direction, held to be features at all."""

from __future__ import annotations

from collections.abc import Sequence

from payrank.extracts.errors import WrongUsageError, did_you_mean
from payrank.features.catalog.accounts import ACCOUNT_FEATURES
from payrank.features.catalog.denials import DENIAL_FEATURES
from payrank.features.feature import Feature
from payrank.training.settings import TrainingSettings


def check_freed(features: Sequence[Feature], settings: TrainingSettings) -> None:
    """Refuse to free what is no feature: a name written wrong would leave its direction held.

    The catalog's names of both units are let be, for `[training]` may stand for both kinds of model.

    Raises
    ------
    WrongUsageError
        With the nearest name of the frame.
    """
    ours = [feature.name for feature in features]
    known = {*ours, *(feature.name for feature in (*ACCOUNT_FEATURES, *DENIAL_FEATURES))}
    for name in settings.free:
        if name not in known:
            raise WrongUsageError(
                f"training setting 'free': {name!r:.60} is no feature of the model; those of one kind of model alone "
                f"stand under [training.payment] or [training.overturn]; {did_you_mean(name, ours)}"
            )
