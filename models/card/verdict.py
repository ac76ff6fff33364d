"""The verdict on a model compared with its baselines, in plain sentences: better, no difference, or worse."""

from __future__ import annotations

from collections.abc import Sequence

from payrank.models.format_estimate import format_estimate
from payrank.models.html_page import show_count
from payrank.models.manifest import Manifest
from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Baseline, Evaluation

MAX_NAMED = 3
"""Baselines that a sentence names; the others are counted."""


def describe_verdict(evaluation: Evaluation) -> tuple[str, ...]:
    """Compare what the model and its baselines capture at capacity, and say what to do unless the model is better.

    The model is significantly better than a baseline when the interval of its advantage lies above 0, and significantly
    worse when it lies below 0. Otherwise, other households of the same period could reverse the difference.

    Returns
    -------
    tuple of str
        Sentences, the most important first; none when no ranking captured anything.
    """
    compared = _compared(evaluation)
    if "captured" not in evaluation.metrics or not compared:
        return ()
    unit, top = evaluation.holdout.gain_unit, f"the top {evaluation.holdout.capacity:.0%}"
    better = _sort([baseline for baseline in compared if _high(baseline) < 0])
    similar = _sort([baseline for baseline in compared if _low(baseline) <= 0 <= _high(baseline)])
    if not better and not similar:
        return (
            f"Verdict: the model is significantly better than all {len(compared)} baselines in {unit} captured in "
            f"{top} of the list.",
        )
    sentences = []
    if better:
        sentences.append(
            f"Verdict: the model captures significantly fewer {unit} in {top} of the list than {_name(better)}. Do not "
            "use this model until you know why: check the data with `payrank check EXTRACT --leaks`, train on a longer "
            "history, and sort by the better ranking until then."
        )
    if similar:
        first, holdout = similar[0], evaluation.holdout
        sentences.append(
            f"Verdict: no significant difference in {unit} captured in {top} of the list from {len(similar)} of "
            f"{len(compared)} baselines: {_name(similar)}. {show_count(holdout.events)} outcomes of "
            f"{show_count(holdout.households)} households are too few to tell them apart. Do not expect more {unit} "
            f"than the ranking '{_plain(first)}' captures, and train again when you have a longer history or more "
            "accounts."
            f"{_compare_probabilities(evaluation, first)}"
        )
    return tuple(sentences)


def beats_all_baselines(evaluation: Evaluation) -> bool:
    """Return whether the model captures significantly more at capacity than every baseline."""
    return all(_low(baseline) > 0 for baseline in _compared(evaluation))


def summarize_verdict(evaluation: Evaluation) -> str:
    """Return in one line how many baselines the model is significantly better than, and worse than."""
    compared = _compared(evaluation)
    if not compared:
        return "not measured"
    better = sum(_low(baseline) > 0 for baseline in compared)
    worse = sum(_high(baseline) < 0 for baseline in compared)
    similar = len(compared) - better - worse
    text = f"Significantly better than {better} of {len(compared)} baselines in {evaluation.holdout.gain_unit} captured"
    text += f"; no significant difference from {similar}" if similar else ""
    return text + (f"; significantly worse than {worse}" if worse else "")


def describe_final_test(manifest: Manifest) -> tuple[str, ...]:
    """Compare the final test with the holdout periods, whose metrics may be flattered by the choice of settings."""
    final, earlier = manifest.final_test, manifest.evaluation
    if final is None:
        return ()
    auc, captured = final.metrics.get("auc"), final.metrics.get("captured")
    earlier_auc, earlier_captured = earlier.metrics.get("auc"), earlier.metrics.get("captured")
    parts = []
    if auc is not None and earlier_auc is not None:
        parts.append(f"AUC {format_estimate(auc)} vs. {format_estimate(earlier_auc)}")
    if captured is not None and earlier_captured is not None:
        parts.append(
            f"{earlier.holdout.gain_unit} captured {format_estimate(captured, '.0%')} "
            f"vs. {format_estimate(earlier_captured, '.0%')}"
        )
    if not parts:
        return ()
    sentence = f"Final test vs. holdout periods (95% intervals): {'; '.join(parts)}."
    if _is_below(auc, earlier_auc):
        sentence += " The final test is worse, and the intervals do not overlap: expect the metrics of the final test."
    return (sentence,)


def _compared(evaluation: Evaluation) -> list[Baseline]:
    return [baseline for baseline in evaluation.baselines if baseline.advantage is not None]


def _is_below(estimate: Estimate | None, other: Estimate | None) -> bool:
    if estimate is None or other is None or estimate.high is None or other.low is None:
        return False
    return estimate.high < other.low


def _sort(baselines: Sequence[Baseline]) -> list[Baseline]:
    return sorted(baselines, key=_by_advantage)


def _by_advantage(baseline: Baseline) -> tuple[float, str]:
    return (0.0 if baseline.advantage is None else baseline.advantage.value), baseline.name


def _name(baselines: Sequence[Baseline]) -> str:
    """Return the baselines with the model's advantage over each, the best baselines first."""
    named = [f"{_plain(baseline)} ({_advantage(baseline)})" for baseline in baselines[:MAX_NAMED]]
    others = len(baselines) - len(named)
    return ", ".join(named) + (f", and {others} more" if others else "")


def _advantage(baseline: Baseline) -> str:
    advantage = baseline.advantage
    if advantage is None or advantage.low is None or advantage.high is None:
        return "no interval"
    return f"model {advantage.value:+.1%}, {advantage.low:+.1%} to {advantage.high:+.1%}"


def _plain(baseline: Baseline) -> str:
    return baseline.meaning.removesuffix(" on all features")


def _compare_probabilities(evaluation: Evaluation, baseline: Baseline) -> str:
    """Return whether the model's probabilities are better than those of a baseline that captures as much."""
    model, other = evaluation.metrics.get("brier"), baseline.metrics.get("brier")
    if model is None or other is None:
        return ""
    comparison = "better" if model.value < other.value else "no better"
    return f" The model's probabilities are {comparison} (Brier score {model.value:.3f} vs. {other.value:.3f})."


def _low(baseline: Baseline) -> float:
    return float("-inf") if baseline.advantage is None or baseline.advantage.low is None else baseline.advantage.low


def _high(baseline: Baseline) -> float:
    return float("inf") if baseline.advantage is None or baseline.advantage.high is None else baseline.advantage.high
