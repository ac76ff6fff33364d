"""The figures of parts of the judged rows: by period, payer, balance and age."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.models.records.estimate import make_estimate
from payrank.models.records.evaluation import SliceMetrics
from payrank.training.baselines.baselines import AGING_BUCKETS, aging_bucket, name_payers
from payrank.training.evaluate.auc import auc_figure
from payrank.training.evaluate.bootstrap import Sums, interval, ratio, share_interval
from payrank.training.evaluate.cumulative_gains import rank_lists
from payrank.training.evaluate.holdout import HoldoutRows
from payrank.training.evaluate.metrics import Forecast
from payrank.training.evaluate.small_cells import join_neighbors, join_small

RESAMPLES = 200
"""Fewer than for the whole: there are many slices, and their intervals are wide."""
BALANCE_BANDS = (100, 500, 1_200, 5_000)
"""First dollars of the bands after the smallest."""
OTHERS = "others, joined"


def measure_slices(
    holdout: HoldoutRows, model: Forecast, baselines: Mapping[str, Forecast]
) -> tuple[SliceMetrics, ...]:
    """Return the figures of each slice, in the order of periods, payers, balances and ages.

    Within a slice the rows of a period are one list, ranked among themselves, and each baseline is set against the
    model at the same capacity.
    """
    found = []
    for by, names in slicings(holdout):
        for name, rows in _cells(names, holdout.households.of_row):
            found.append(_measure(holdout, rows, by, name, model, baselines))
    return tuple(found)


def slicings(holdout: HoldoutRows) -> Iterator[tuple[str, pd.Series]]:
    """Yield what the rows are sliced by, and the name of each row's slice; names sort as they are to be shown."""
    data = holdout.data
    yield "period", _name_periods(holdout)
    payers = name_payers(data)
    if payers is not None:
        yield "payer", payers.where(payers.notna(), "unknown").astype(str)
    if data["amount"].notna().any():
        yield "balance", _band(data["amount"], BALANCE_BANDS, "${:,}")
    yield "age", _name_ages(data)


def _cells(names: pd.Series, house: NDArray[np.intp]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield each slice's name and rows; bands of too few people are joined with the next, words with each other."""
    if not isinstance(names.dtype, pd.CategoricalDtype):
        joined = join_small(names, house, OTHERS)
        for name in sorted(set(joined) - {OTHERS}) + [OTHERS] * bool((joined == OTHERS).any()):
            yield name, (joined == name).to_numpy()
        return
    bands = names.cat.remove_unused_categories().cat
    used = [str(name) for name in bands.categories]
    for group in join_neighbors(np.asarray(bands.codes, dtype=np.intp), house):
        yield " and ".join(used[place] for place in group), names.isin([used[place] for place in group]).to_numpy()


def _measure(
    holdout: HoldoutRows,
    rows: NDArray[np.bool_],
    by: str,
    name: str,
    model: Forecast,
    baselines: Mapping[str, Forecast],
) -> SliceMetrics:
    part = holdout.part(rows, min(RESAMPLES, holdout.households.resamples))
    probability = np.asarray(model.probability)[rows]
    sums = Sums(part.households)
    sums.add("rows", np.ones(len(part)))
    sums.add("events", part.label)
    sums.add("gain", part.gain)
    sums.add("model", rank_lists(part.lists, model.worth[rows]).captured(part.gain, part.capacity))
    for other, forecast in baselines.items():
        sums.add((other,), rank_lists(part.lists, forecast.worth[rows]).captured(part.gain, part.capacity))
    drawn = sums.draw()
    happened = ratio(drawn.sum("events"), drawn.sum("rows"))
    gain = drawn.sum("gain")
    captured = np.clip(ratio(drawn.sum("model"), gain), 0, 1)
    others = (
        {other: np.clip(ratio(drawn.sum((other,)), gain), 0, 1) for other in sorted(baselines)} if gain[0] > 0 else {}
    )
    return SliceMetrics(
        dimension=by,
        name=name,
        rows=len(part),
        households=part.people,
        events=int(part.label.sum()),
        predicted=make_estimate(float(probability.mean())).value,
        actual=make_estimate(float(happened[0]), share_interval(happened, part.people)),
        auc=auc_figure(part, model.score[rows]),
        brier=make_estimate(float(((probability - part.label) ** 2).mean())).value,
        captured=make_estimate(float(captured[0]), interval(captured)) if gain[0] > 0 else None,
        baselines={other: make_estimate(float(values[0])).value for other, values in others.items()},
        advantage={
            other: make_estimate(float(captured[0] - values[0]), interval(captured - values))
            for other, values in others.items()
        },
    )


def _name_periods(holdout: HoldoutRows) -> pd.Series:
    days = holdout.data["as_of"]
    spans = days.groupby(holdout.periods).agg(["min", "max"])
    names = {
        number: f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
        for number, first, last in zip(spans.index, spans["min"], spans["max"], strict=True)
    }
    return pd.Series([names[number] for number in holdout.periods], index=days.index)


def _name_ages(data: pd.DataFrame) -> pd.Series:
    starts = (0, *AGING_BUCKETS)
    names = [f"{first}-{after - 1} days" for first, after in zip(starts, AGING_BUCKETS, strict=False)]
    names.append(f"{AGING_BUCKETS[-1]} days and more")
    places = aging_bucket(data).to_numpy()
    known = data["age_days"].notna().to_numpy()
    return _ordered(np.where(known, places, len(names)), [*names, "unknown age"], data.index)


def _band(amounts: pd.Series, edges: tuple[int, ...], form: str) -> pd.Series:
    dollars = amounts.to_numpy(dtype=np.float64, na_value=np.nan)
    names = [f"under {form.format(edges[0])}"]
    names += [f"{form.format(low)} to {form.format(high)}" for low, high in pairwise(edges)]
    names += [f"{form.format(edges[-1])} and more", "unknown amount"]
    places = np.where(np.isnan(dollars), len(edges) + 1, np.searchsorted(edges, dollars, side="right"))
    return _ordered(places, names, amounts.index)


def _ordered(places: NDArray[np.intp], names: list[str], index: pd.Index) -> pd.Series:
    """Return the name of each row's place; names are kept in their order, not the alphabet's."""
    return pd.Series(pd.Categorical(np.array(names)[places], categories=names), index=index)
