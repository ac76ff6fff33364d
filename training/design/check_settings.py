"""Checks training settings that name features against the features of the frame."""

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


def check_segments(features: Sequence[Feature], settings: TrainingSettings) -> None:
    """Refuse a `calibrate_by` that is not a category of the frame. The default is accepted even if the frame lacks it.

    Raises
    ------
    WrongUsageError
        With the categories that are allowed.
    """
    categories = [feature.name for feature in features if feature.is_category and feature.modeled]
    by = settings.calibrate_by
    if by not in {*categories, "none", TrainingSettings.model_fields["calibrate_by"].default}:
        raise WrongUsageError(
            f"training setting 'calibrate_by': {by!r:.60} is not a category of the model; allowed are "
            f"{', '.join(['none', *categories])}; choose one of them"
        )
