"""The models of a run: their bundles, display names, and what a reader must know about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from payrank.extracts.pluralize import pluralize
from payrank.features.frame import Definition, Frame
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures
from payrank.models.bundle import Bundle
from payrank.models.card.verdict import summarize_verdict
from payrank.models.format_estimate import format_estimate
from payrank.models.monitoring.drift import Drift
from payrank.models.monitoring.unseen_categories import UnseenCategories

FrameMaker = Callable[[Definition, date, SiteFeatures], Frame]
"""Builds the nightly frame of a target on another engine than the embedded one."""
MAX_NAMED = 3
"""Drifted features, and features with unseen categories, that the report names."""


@dataclass(frozen=True, slots=True)
class RunModels:
    """The models of a run: bundle and display name by kind, why a kind has none, and the site's own features.

    At least one model is needed: without any there is nothing to score with (exit code 5). `make_frame` builds the
    nightly frame on another engine; None builds it from the loaded extract.
    """

    bundles: Mapping[str, Bundle]
    names: Mapping[str, str]
    why_absent: Mapping[str, str] = field(default_factory=dict)
    site_features: SiteFeatures = NO_SITE_FEATURES
    make_frame: FrameMaker | None = None

    def notices(self, kind: str, as_of: date) -> tuple[str, ...]:
        """Return what a list's reader must know about its model: notices from training, and a model from the future."""
        if kind not in self.bundles:
            return ()
        manifest = self.bundles[kind].manifest
        notices = list(manifest.notices)
        if manifest.as_of > as_of:
            notices.append(
                f"trained as of {manifest.as_of}, after this run's date: it may have learned from events that had not "
                "happened yet."
            )
        return tuple(f"{self.names[kind]}: {notice}" for notice in notices)

    def all_notices(self, as_of: date) -> tuple[str, ...]:
        """Return the notices of every model."""
        return tuple(notice for kind in sorted(self.bundles) for notice in self.notices(kind, as_of))


def describe_model(bundle: Bundle) -> dict[str, str]:
    """Return lines about a model's training for the report, by label."""
    manifest = bundle.manifest
    facts = {
        "Trained as of": manifest.as_of.isoformat(),
        "Rows and outcomes": f"{manifest.rows:,} rows, {manifest.events:,} outcomes",
        "Digest": bundle.digest[:12],
    }
    labels = {"auc": "AUC on later periods", "brier": "Brier score on later periods", "ece": "Calibration error"}
    facts |= {label: f"{manifest.metrics[name]:.3f}" for name, label in labels.items() if name in manifest.metrics}
    if manifest.final_test is not None and "auc" in manifest.final_test.metrics:
        facts["AUC of the final test"] = format_estimate(manifest.final_test.metrics["auc"])
    return facts | {"Compared with baselines": summarize_verdict(manifest.evaluation)}


def describe_drift(drift: Sequence[Drift]) -> dict[str, str]:
    """Return a line on how far the scored rows have drifted from the training rows; nothing where nothing was scored.

    >>> describe_drift([Drift("age_days", 0.4, 0.01), Drift("statements", 0.05, 0.01)])
    {'Drift since training': '1 of 2 distributions drifted: age_days (PSI 0.40)'}
    """
    if not drift:
        return {}
    drifted = [feature for feature in drift if feature.moved]
    if not drifted:
        return {"Drift since training": f"none of {len(drift)} distributions drifted (PSI below 0.25, or within noise)"}
    names = ", ".join(f"{feature.name} (PSI {feature.index:.2f})" for feature in drifted[:MAX_NAMED])
    return {"Drift since training": f"{len(drifted)} of {len(drift)} distributions drifted: {names}"}


def describe_unseen_categories(unseen: Sequence[UnseenCategories]) -> str:
    """Return a clause that names the features with unusually many unseen categories; empty where there are none.

    >>> unseen = [UnseenCategories("service_line", 1204, 2.0), UnseenCategories("rarc", 30, 0)]
    >>> describe_unseen_categories(unseen)
    '; categories not seen in training: service_line (1,204 rows), RARC (30 rows)'
    """
    unusual = [feature for feature in unseen if feature.unusual]
    if not unusual:
        return ""
    names = [f"{_show_feature(feature.name)} ({pluralize(feature.rows, 'row')})" for feature in unusual[:MAX_NAMED]]
    more = [f"{len(unusual) - MAX_NAMED} more"] if len(unusual) > MAX_NAMED else []
    return f"; categories not seen in training: {', '.join(names + more)}"


def _show_feature(name: str) -> str:
    return name.upper() if name in {"carc", "rarc"} else name
