"""Metrics of slices of the holdout rows: by period, payer, balance, and age."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.models.records.estimate import make_estimate
from payrank.models.records.evaluation import SliceMetrics
from payrank.training.baselines.baselines import AGING_BUCKETS, aging_bucket, name_payers
from payrank.training.evaluate.bootstrap import RowSums, percentile_interval, ratio, share_interval
from payrank.training.evaluate.cumulative_gains import rank_lists
from payrank.training.evaluate.holdout import Forecast, HoldoutRows
from payrank.training.evaluate.metrics import estimate_auc
from payrank.training.evaluate.small_cells import join_neighbors, join_small

RESAMPLES = 200
"""Fewer than for all rows: there are many slices, and their intervals are wide anyway."""
BALANCE_BANDS = (100, 500, 1_200, 5_000)
"""Lower bounds, in dollars, of the bands after the smallest."""
OTHERS = "others, combined"


def measure_slices(
    holdout: HoldoutRows, model: Forecast, baselines: Mapping[str, Forecast]
) -> tuple[SliceMetrics, ...]:
    """Return the metrics of each slice, in the order of periods, payers, balances, and ages.

    Within a slice the rows of a period are one list, and the model is compared with each baseline at the same capacity.
    """
    return tuple(
        _measure_slice(holdout, rows, dimension, name, model, baselines)
        for dimension, names in slice_dimensions(holdout)
        for name, rows in _slices(names, holdout.households.of_row)
    )


def slice_dimensions(holdout: HoldoutRows) -> Iterator[tuple[str, pd.Series]]:
    """Yield each dimension with the name of each row's slice. Ordered categories define the order of the slices."""
    data = holdout.data
    yield "period", _name_periods(holdout)
    payers = name_payers(data)
    if payers is not None:
        yield "payer", payers.where(payers.notna(), "unknown").astype(str)
    if data["amount"].notna().any():
        yield "balance", _name_bands(data["amount"], BALANCE_BANDS, "${:,}")
    yield "age", _name_ages(data)


def _slices(names: pd.Series, household: NDArray[np.intp]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield each slice's name and rows. Bands with too few people are joined with the next, other names combined."""
    if not isinstance(names.dtype, pd.CategoricalDtype):
        joined = join_small(names, household, OTHERS)
        for name in sorted(set(joined) - {OTHERS}) + [OTHERS] * bool((joined == OTHERS).any()):
            yield name, (joined == name).to_numpy()
        return
    bands = names.cat.remove_unused_categories().cat
    used = [str(name) for name in bands.categories]
    for group in join_neighbors(np.asarray(bands.codes, dtype=np.intp), household):
        yield " and ".join(used[place] for place in group), names.isin([used[place] for place in group]).to_numpy()


def _measure_slice(
    holdout: HoldoutRows,
    rows: NDArray[np.bool_],
    dimension: str,
    name: str,
    model: Forecast,
    baselines: Mapping[str, Forecast],
) -> SliceMetrics:
    part = holdout.subset(rows, min(RESAMPLES, holdout.households.resamples))
    probability = np.asarray(model.probability)[rows]
    sums = RowSums(part.households)
    sums.add("rows", np.ones(len(part)))
    sums.add("events", part.label)
    sums.add("gain", part.gain)
    sums.add("model", rank_lists(part.lists, model.worth[rows]).captured(part.gain, part.capacity))
    for other, forecast in baselines.items():
        sums.add((other,), rank_lists(part.lists, forecast.worth[rows]).captured(part.gain, part.capacity))
    resampled = sums.resample()
    actual = ratio(resampled.total("events"), resampled.total("rows"))
    gain = resampled.total("gain")
    captured = np.clip(ratio(resampled.total("model"), gain), 0, 1)
    captured_by = {}
    if gain[0] > 0:
        captured_by = {other: np.clip(ratio(resampled.total((other,)), gain), 0, 1) for other in sorted(baselines)}
    return SliceMetrics(
        dimension=dimension,
        name=name,
        rows=len(part),
        households=part.household_count,
        events=int(part.label.sum()),
        predicted=make_estimate(float(probability.mean())).value,
        actual=make_estimate(float(actual[0]), share_interval(actual, part.household_count)),
        auc=estimate_auc(part, model.score[rows]),
        brier=make_estimate(float(((probability - part.label) ** 2).mean())).value,
        captured=make_estimate(float(captured[0]), percentile_interval(captured)) if gain[0] > 0 else None,
        baselines={other: make_estimate(float(values[0])).value for other, values in captured_by.items()},
        advantage={
            other: make_estimate(float(captured[0] - values[0]), percentile_interval(captured - values))
            for other, values in captured_by.items()
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
    names.append(f"{AGING_BUCKETS[-1]} days or more")
    places = aging_bucket(data).to_numpy()
    known = data["age_days"].notna().to_numpy()
    return _ordered(np.where(known, places, len(names)), [*names, "unknown age"], data.index)


def _name_bands(amounts: pd.Series, edges: tuple[int, ...], form: str) -> pd.Series:
    dollars = amounts.to_numpy(dtype=np.float64, na_value=np.nan)
    names = [f"under {form.format(edges[0])}"]
    names += [f"{form.format(low)} to {form.format(high)}" for low, high in pairwise(edges)]
    names += [f"{form.format(edges[-1])} or more", "unknown amount"]
    places = np.where(np.isnan(dollars), len(edges) + 1, np.searchsorted(edges, dollars, side="right"))
    return _ordered(places, names, amounts.index)


def _ordered(places: NDArray[np.intp], names: list[str], index: pd.Index) -> pd.Series:
    """Return the name of each row's place, as a categorical in the order of `names` instead of alphabetical."""
    return pd.Series(pd.Categorical(np.array(names)[places], categories=names), index=index)
