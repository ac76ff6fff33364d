"""What a model's figures come to beside the other rankings, in plain sentences: ahead, a tie, or behind."""

from __future__ import annotations

from collections.abc import Sequence

from payrank.models.format_estimate import format_estimate
from payrank.models.html_page import show_count
from payrank.models.manifest import Manifest
from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Baseline, Evaluation

MOST_NAMED = 3
"""Rankings that a sentence names; the others are counted."""


def describe_verdict(holdout: Evaluation) -> tuple[str, ...]:
    """Say what the model captures at capacity beside the other rankings, and what to do where it is not ahead.

    A ranking is behind the model where the interval of the difference lies above 0, ahead of it where it lies below 0,
    and level with it otherwise: other households of the same time could turn the difference round.

    Returns
    -------
    tuple of str
        Sentences, the most important first; none where nothing was gained by any ranking.
    """
    own = holdout.metrics.get("captured")
    beside = [one for one in holdout.baselines if one.advantage is not None]
    if own is None or not beside:
        return ()
    unit, top = holdout.holdout.gain_unit, f"the top {holdout.holdout.capacity:.0%}"
    better = _sort([one for one in beside if _high(one) < 0])
    level = _sort([one for one in beside if _low(one) <= 0 <= _high(one)])
    if not better and not level:
        return (f"Verdict: in {top} of the list the model surely captures more {unit} than all {len(beside)} others.",)
    told = []
    if better:
        told.append(
            f"Verdict: in {top} of the list the model surely captures fewer {unit} than {_name(better)}. Do not work "
            "by this model before it is known why: look for faults with `payrank check EXTRACT --leaks`, train on a "
            "longer history, and sort by the better ranking until then."
        )
    if level:
        first, count = level[0], holdout.holdout
        told.append(
            f"Verdict: in {top} of the list the model does not surely capture more {unit} than {len(level)} of "
            f"{len(beside)} others: {_name(level)}. {show_count(count.events)} outcomes of "
            f"{show_count(count.households)} households are too few to tell them apart: promise no more {unit} than "
            f"{_plain(first)} brings, and train again when there is more history or there are more accounts."
            f"{_probabilities(holdout, first)}"
        )
    return tuple(told)


def beats_all_baselines(holdout: Evaluation) -> bool:
    """Whether the model surely captures more at capacity than every other ranking."""
    return all(_low(one) > 0 for one in holdout.baselines if one.advantage is not None)


def summarize_verdict(holdout: Evaluation) -> str:
    """Say in a few words how many rankings the model is surely ahead of, and how many are surely ahead of it."""
    beside = [one for one in holdout.baselines if one.advantage is not None]
    if not beside:
        return "not measured"
    ahead, behind = sum(_low(one) > 0 for one in beside), sum(_high(one) < 0 for one in beside)
    level = len(beside) - ahead - behind
    return (
        f"surely ahead of {ahead} of {len(beside)} in {holdout.holdout.gain_unit}, level with {level}, behind {behind}"
    )


def describe_final_test(manifest: Manifest) -> tuple[str, ...]:
    """Set the final test beside the judged periods: what was chosen on the way may have flattered those."""
    final, holdout = manifest.final_test, manifest.evaluation
    if final is None:
        return ()
    auc, share = final.metrics.get("auc"), final.metrics.get("captured")
    earlier, earlier_share = holdout.metrics.get("auc"), holdout.metrics.get("captured")
    told = []
    if auc is not None and earlier is not None:
        told.append(f"AUC {format_estimate(auc)} against {format_estimate(earlier)}")
    if share is not None and earlier_share is not None:
        told.append(
            f"{holdout.holdout.gain_unit} {format_estimate(share, '.0%')} "
            f"against {format_estimate(earlier_share, '.0%')}"
        )
    if not told:
        return ()
    said = f"Final test against the judged periods (95 % intervals): {'; '.join(told)}."
    if _below(auc, earlier):
        said += " It ranks worse there, beyond both intervals: expect the final test's figures, not the others."
    return (said,)


def _below(one: Estimate | None, other: Estimate | None) -> bool:
    if one is None or other is None or one.high is None or other.low is None:
        return False
    return one.high < other.low


def _sort(found: Sequence[Baseline]) -> list[Baseline]:
    return sorted(found, key=lambda one: (0.0 if one.advantage is None else one.advantage.value, one.name))


def _name(found: Sequence[Baseline]) -> str:
    """Return the rankings with what the model is ahead by, the strongest first."""
    named = [f"{_plain(one)} ({_ahead(one)})" for one in found[:MOST_NAMED]]
    rest = len(found) - len(named)
    return ", ".join(named) + (f" and {rest} more" if rest else "")


def _ahead(one: Baseline) -> str:
    if one.advantage is None or one.advantage.low is None or one.advantage.high is None:
        return "no interval"
    return f"model {one.advantage.value:+.1%}, {one.advantage.low:+.1%} to {one.advantage.high:+.1%}"


def _plain(one: Baseline) -> str:
    return one.meaning.removesuffix(" on all features")


def _probabilities(holdout: Evaluation, other: Baseline) -> str:
    """Say whether the probabilities are better than those of a ranking that captures as much."""
    own, its = holdout.metrics.get("brier"), other.metrics.get("brier")
    if own is None or its is None:
        return ""
    less = "better" if own.value < its.value else "no better"
    return f" Its probabilities are {less} (Brier score {own.value:.3f} against {its.value:.3f})."


def _low(one: Baseline) -> float:
    return float("-inf") if one.advantage is None or one.advantage.low is None else one.advantage.low


def _high(one: Baseline) -> float:
    return float("inf") if one.advantage is None or one.advantage.high is None else one.advantage.high
