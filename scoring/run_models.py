"""The models of a night: their bundles, the names to show, and what a reader must know of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from payrank.extracts.pluralize import pluralize
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures
from payrank.models.bundle import Bundle
from payrank.models.card.verdict import summarize_verdict
from payrank.models.format_estimate import format_estimate
from payrank.models.monitoring.drift import Drift
from payrank.models.monitoring.unseen_categories import UnseenCategories
from payrank.scoring.outcome import ListOutcome
from payrank.scoring.past_run import KIND_OF_LIST, LISTS
from payrank.scoring.scores import FrameOf


@dataclass(frozen=True, slots=True)
class RunModels:
    """The models of a run: a bundle and the name to show by kind, why a kind has none, and the site's own features.

    At least one must be there, or there is nothing to score with (exit code 5).
    """

    bundles: Mapping[str, Bundle]
    names: Mapping[str, str]
    why_absent: Mapping[str, str] = field(default_factory=dict)
    site_features: SiteFeatures = NO_SITE_FEATURES
    frame_of: FrameOf | None = None

    @property
    def payment(self) -> Bundle | None:
        """The model of patients' payments."""
        return self.bundles.get("payment")

    @property
    def overturn(self) -> Bundle | None:
        """The model of overturned denials."""
        return self.bundles.get("overturn")

    def notices(self, kind: str, as_of: date) -> tuple[str, ...]:
        """What a reader of a list must know of its model: what training found, and a model from after the night."""
        if kind not in self.bundles:
            return ()
        manifest = self.bundles[kind].manifest
        told = list(manifest.notices)
        if manifest.as_of > as_of:
            told.append(
                f"trained as of {manifest.as_of}, a later day than this night: it may have learned what the night "
                "could not know."
            )
        return tuple(f"{self.names[kind]}: {notice}" for notice in told)

    def facts(self, outcomes: Mapping[str, ListOutcome]) -> dict[str, dict[str, str]]:
        """Lines about each model's health, by kind: what training found, and what tonight's rows have that it had not.

        That is how far their distributions have moved, and category words that the model does not know.
        """
        tonight = {KIND_OF_LIST[name]: _tonight(outcomes[name]) for name in LISTS if name in outcomes}
        return {kind: {**_facts(bundle), **tonight.get(kind, {})} for kind, bundle in self.bundles.items()}


def _tonight(outcome: ListOutcome) -> dict[str, str]:
    told = describe_unseen_categories(outcome.unseen_categories).removeprefix("; ")
    return tell_drift(outcome.drift) | ({"Categories since training": told} if told else {})


def _facts(bundle: Bundle) -> dict[str, str]:
    manifest = bundle.manifest
    shown = {
        "Trained as of": manifest.as_of.isoformat(),
        "Rows and outcomes": f"{manifest.rows:,} rows, {manifest.events:,} outcomes",
        "Digest": bundle.digest[:12],
    }
    names = {"auc": "AUC on later periods", "brier": "Brier score on later periods", "ece": "Calibration error"}
    shown |= {told: f"{manifest.metrics[name]:.3f}" for name, told in names.items() if name in manifest.metrics}
    if manifest.final_test is not None and "auc" in manifest.final_test.metrics:
        shown["AUC of the final test"] = format_estimate(manifest.final_test.metrics["auc"])
    return shown | {"Beside other rankings": summarize_verdict(manifest.evaluation)}


MOST_TOLD = 3
"""Moved features, and categories with new words, that the report names."""


def tell_drift(drift: Sequence[Drift]) -> dict[str, str]:
    """Return a line on how far tonight's rows have moved from training's; nothing where nothing was scored.

    >>> tell_drift([Drift("age_days", 0.4, 0.01), Drift("statements", 0.05, 0.01)])
    {'Drift since training': '1 of 2 distributions moved: age_days (PSI 0.40)'}
    """
    if not drift:
        return {}
    moved = [one for one in drift if one.moved]
    if not moved:
        return {"Drift since training": f"none of {len(drift)} distributions moved (PSI under 0.25, or chance)"}
    told = ", ".join(f"{one.name} (PSI {one.index:.2f})" for one in moved[:MOST_TOLD])
    return {"Drift since training": f"{len(moved)} of {len(drift)} distributions moved: {told}"}


def describe_unseen_categories(found: Sequence[UnseenCategories]) -> str:
    """Return a clause on the categories with unusually many words that the model does not know; nothing where none has.

    >>> tonight = [("service_line", 1204, 2.0), ("clinic", 30, 0), ("facility", 3, 2)]
    >>> describe_unseen_categories([UnseenCategories(*columns) for columns in tonight])
    '; words that the model does not know: service_line in 1,204 rows, clinic in 30 rows'
    """
    unusual = [one for one in found if one.unusual]
    if not unusual:
        return ""
    named = [f"{one.name} in {pluralize(one.rows, 'row')}" for one in unusual[:MOST_TOLD]]
    more = [f"{len(unusual) - MOST_TOLD} more"] if len(unusual) > MOST_TOLD else []
    return f"; words that the model does not know: {', '.join(named + more)}"
