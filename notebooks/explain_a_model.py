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
# # Explain a model
#
# What drives the scores of all accounts, how one feature affects them, and why one account scores as it does. Contributions are exact
# SHAP values in log-odds: for every row, base value plus contributions equals the raw score.

# %%
import tempfile
import warnings
from datetime import date
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import payrank

with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore"
    )  # importing shap calls a deprecated function of matplotlib
    import shap

day = date(2026, 11, 20)
folder = Path(tempfile.mkdtemp()) / "hospital"
payrank.simulate(folder, accounts=2000, seed=3, as_of=day)
extract = payrank.load_extract(folder)
labeled = payrank.training_frame(extract, payrank.PaymentTarget(), day)
settings = payrank.TrainingSettings(members=[{"seeds": [1]}])
trained = payrank.train(labeled, kind="payment", as_of=day, settings=settings)
print("AUC on later months:", round(trained.bundle.manifest.metrics["auc"], 2))

# %% [markdown]
# ## All accounts: the beeswarm
#
# One dot per account. To the right of the line, the feature raises the probability of payment; to the left, it lowers it. Color is the
# value of the feature.

# %%
unpaid = payrank.nightly_frame(extract, payrank.PaymentTarget(), day)
explained = payrank.explain(trained.bundle, unpaid.data)
by_name = {feature.name: feature for feature in unpaid.features}
values = unpaid.data[list(explained.features)].apply(
    lambda column: (
        pd.Series(pd.factorize(column)[0])
        if by_name[column.name].is_category
        else column.astype(float)
    )
)
shap.summary_plot(
    explained.contributions,
    values.to_numpy(),
    feature_names=list(explained.features),
    max_display=10,
    plot_size=(8, 4.5),
    rng=np.random.default_rng(1),
    show=False,
)
plt.xlabel("contribution to the score (log-odds)")
plt.show()

# %% [markdown]
# ## One feature: the dependence plot
#
# What the strongest numeric feature adds, by its value. If the dots spread widely at one value, other features modify its effect.

# %%
strength = pd.Series(
    np.abs(explained.contributions).mean(axis=0), index=explained.features
)
numeric = [name for name in explained.features if not by_name[name].is_category]
strongest = strength[numeric].idxmax()
place = explained.features.index(strongest)
figure, axes = plt.subplots(figsize=(6, 3.5))
axes.scatter(values[strongest], explained.contributions[:, place], s=8, alpha=0.6)
axes.axhline(0, color="gray", linewidth=0.8)
axes.set(
    xlabel=f"{strongest} ({by_name[strongest].unit})", ylabel="contribution (log-odds)"
)
print(f"{strongest}: {by_name[strongest].meaning}")

# %% [markdown]
# ## One account: the waterfall
#
# The web page of the worklist shows the same steps.

# %%
scores = payrank.predict(trained.bundle, unpaid.data)
row = int(np.argmax(scores["probability"].to_numpy()))
shap.plots.waterfall(
    shap.Explanation(
        explained.contributions[row],
        explained.base_value,
        values.iloc[row].to_numpy(),
        feature_names=list(explained.features),
    ),
    max_display=9,
    show=False,
)
plt.gcf().set_size_inches(8, 4.5)
plt.show()

# %% [markdown]
# ## The same in plain English

# %%
account = unpaid.data.iloc[[row]]
features = [by_name[name] for name in explained.features]
reasons = payrank.explain_rows(features, account, explained.contributions[[row]])[0]
for reason in payrank.top_reasons(reasons, 5):
    print(f"{reason.contribution:+.2f}  {reason.text}")

# %%
total = explained.base_value + sum(reason.contribution for reason in reasons)
assert abs(total - scores["raw_score"].iloc[row]) < 1e-6
extract.close()
