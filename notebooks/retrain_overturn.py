# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Retrain the overturn model
#
# Which denials are worth an appeal? This notebook trains the overturn model on a simulated hospital, scores the denials that were open
# a year earlier, and compares the probabilities with the decisions that followed. For the same on real decisions, see the experiment
# `experiments/denial_overturn_imr`.

# %%
import tempfile
from datetime import date
from pathlib import Path

import pandas as pd

import payrank

day = date(2026, 11, 20)
folder = Path(tempfile.mkdtemp()) / "hospital"
payrank.simulate(folder, accounts=40_000, seed=3, as_of=day)
extract = payrank.load_extract(folder)

# %% [markdown]
# ## Train as of November 2025
#
# A denial is seen as of a day on which it was open. Its label is the decision on its appeal, if there was one by the training day.

# %%
then = date(2025, 11, 20)
labeled = payrank.training_frame(
    extract, payrank.OverturnTarget(maturity_days=120), then
)
labeled.data.groupby(labeled.data["as_of"].dt.to_period("Q"))["label"].agg(
    denials="size", overturned="mean"
).round(3)

# %%
trained = payrank.train(labeled, kind="overturn", as_of=then)
evaluation = trained.bundle.manifest.evaluation
auc = evaluation.metrics["auc"]
print(
    f"AUC on later periods: {auc.value:.2f} (95% interval {auc.low:.2f} to {auc.high:.2f})"
)

# %% [markdown]
# ## What does the model rely on?
#
# The mean absolute contribution of each feature, in log-odds, on later rows.

# %%
importance = pd.DataFrame(
    [
        {"feature": row.feature, "contribution": row.contribution}
        for row in evaluation.importance
    ]
).nlargest(8, "contribution")
importance.round(2).reset_index(drop=True)

# %% [markdown]
# ## Score the denials that were open on that day, and look a year later
#
# The model saw nothing from after November 20, 2025. Sorted by probability and cut into quarters, do the decisions follow?

# %%
open_denials = payrank.nightly_frame(
    extract, payrank.OverturnTarget(maturity_days=120), then
)
probability = payrank.predict(trained.bundle, open_denials.data)["probability"]
decided = extract.connection.execute(
    "SELECT denial_id, max(outcome IN ('overturned', 'partially_overturned'))::INTEGER AS overturned FROM appeals "
    "WHERE decided_on >= DATE '2025-11-20' AND outcome <> 'withdrawn' GROUP BY denial_id"
).df()
later = open_denials.data[["unit_id"]].rename(columns={"unit_id": "denial_id"})
later = later.assign(probability=probability)
later = later.merge(decided, on="denial_id")
quarter = pd.qcut(
    later["probability"], 4, labels=["lowest", "low", "high", "highest"]
).rename("quarter")
followed = later.groupby(quarter, observed=True).agg(
    denials=("overturned", "size"),
    predicted=("probability", "mean"),
    overturned=("overturned", "mean"),
)
assert followed["overturned"].iloc[-1] > followed["overturned"].iloc[0]
followed.round(3)

# %%
extract.close()
