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
# What drives the score over all accounts, how one feature bears on it, and why one account stands where it stands.
# Contributions are exact SHAP values in log-odds: base value plus contributions is the raw score of every row.

# %%
import tempfile
import warnings
from datetime import date
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import payrank
from payrank.models.shap.explain import explain
from payrank.models.matrix import encode
from payrank.scoring.reasons.reasons import (explain_rows, top_reasons)
from payrank.training.settings import (Member, TrainingSettings)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # shap builds its colors by a call that matplotlib deprecates
    import shap

day = date(2026, 11, 20)
folder = Path(tempfile.mkdtemp())
payrank.simulate(folder / "hospital", accounts=2000, seed=3, as_of=day)
extract = payrank.load_extract(folder / "hospital")
labeled = payrank.training_frame(extract, payrank.PaymentTarget(), day)
settings = TrainingSettings(members=(Member(seeds=(1,)),))
trained = payrank.train(labeled, kind="payment", as_of=day, settings=settings)
print("auc on later months:", round(trained.bundle.manifest.metrics["auc"], 3))

# %% [markdown]
# ## Over all accounts: the beeswarm
#
# A dot an account; right of the line it raises the chance of payment, left it lowers it; color is the feature's value.
# Jupyter shows the pictures; each is also a file.

# %%
tonight = payrank.nightly_frame(extract, payrank.PaymentTarget(), day)
explained = explain(trained.bundle, tonight.data)
columns = trained.bundle.manifest.features
matrix = encode(tonight.data, columns)
plt.figure()
shap.summary_plot(
    explained.contributions, matrix, feature_names=list(explained.features), max_display=12, show=False,
    rng=np.random.default_rng(1),
)
plt.xlabel("contribution to the score (log-odds)")
plt.savefig(folder / "beeswarm.png", dpi=100, bbox_inches="tight")

# %% [markdown]
# ## One feature: the dependence plot
#
# What the strongest numeric feature adds, against its value; color is the feature that most often works with it. A band
# that is wide at one value is the work of others. Unknown values have no place on the axis: they are counted.

# %%
strength = np.abs(explained.contributions).mean(axis=0)
numbers = [place for place, column in enumerate(columns) if column.levels is None]
most = max(numbers, key=lambda place: strength[place])
known = ~np.isnan(matrix[:, most])
spread = explained.contributions[known, most] - np.poly1d(
    np.polyfit(matrix[known, most], explained.contributions[known, most], 3)
)(matrix[known, most])
others = [place for place in numbers if place != most and np.nanstd(matrix[known, place]) > 0]
ranks = {place: np.argsort(np.argsort(np.nan_to_num(matrix[known, place]))) for place in others}
beside = max(others, key=lambda place: abs(np.corrcoef(ranks[place], spread)[0, 1]))
figure, axes = plt.subplots(figsize=(7, 4.5))
dots = axes.scatter(
    matrix[known, most], explained.contributions[known, most], c=ranks[beside] / known.sum(), cmap="coolwarm", s=8
)
figure.colorbar(dots, label=f"{columns[beside].name} (rank)")
axes.set_title(f"{columns[most].name}: {known.sum()} accounts, {(~known).sum()} unknown", fontsize=10, loc="left")
axes.axhline(0, color="gray", linewidth=0.8)
axes.set_xlabel(f"{columns[most].name} ({columns[most].unit})")
axes.set_ylabel("contribution (log-odds)")
figure.savefig(folder / "dependence.png", dpi=100, bbox_inches="tight")
print("strongest:", columns[most].name, "-", columns[most].meaning)

# %% [markdown]
# ## One account: the waterfall, and the same in words
#
# The page that collectors open draws the same steps.

# %%
scores = payrank.predict(trained.bundle, tonight.data)
place = int(np.argmax(scores["probability"].to_numpy()))
plt.figure()
shap.plots.waterfall(
    shap.Explanation(
        explained.contributions[place], explained.base_value, matrix[place], feature_names=list(explained.features)
    ),
    max_display=10, show=False,
)
plt.savefig(folder / "waterfall.png", dpi=100, bbox_inches="tight")
by_name = {feature.name: feature for feature in tonight.features}
one = tonight.data.iloc[[place]]
reasons = explain_rows([by_name[name] for name in explained.features], one, explained.contributions[[place]])[0]
for reason in top_reasons(reasons, 5):
    print(f"{reason.contribution:+.2f}  {reason.text}")
total = explained.base_value + sum(reason.contribution for reason in reasons)
assert abs(total - scores["raw_score"].iloc[place]) < 1e-6
print("pictures in", folder)
extract.close()
