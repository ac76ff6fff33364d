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
from models.explain import explain
from models.matrix import encode
from scoring.reasons import explain_rows, top_reasons
from training.settings import Member, TrainingSettings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # shap builds its colours by a call that matplotlib deprecates
    import shap

day = date(2026, 11, 20)
folder = Path(tempfile.mkdtemp())
payrank.simulate(folder / "hospital", accounts=2000, seed=3, as_of=day)
extract = payrank.load_extract(folder / "hospital")
labelled = payrank.training_frame(extract, payrank.PaymentTarget(), day)
settings = TrainingSettings(members=(Member(seeds=(1,)),))
trained = payrank.train(labelled, kind="payment", as_of=day, settings=settings)
print("auc on later months:", round(trained.bundle.manifest.metrics["auc"], 3))

# %% [markdown]
# ## Over all accounts: the beeswarm
#
# A dot an account; right of the line it raises the chance of payment, left it lowers it; colour is the feature's value.

# %%
tonight = payrank.nightly_frame(extract, payrank.PaymentTarget(), day)
explained = explain(trained.bundle, tonight.data)
columns = trained.bundle.manifest.features
matrix = encode(tonight.data, columns)
shap.summary_plot(
    explained.contributions, matrix, feature_names=list(explained.features), max_display=12, show=False,
    rng=np.random.default_rng(1),
)
plt.savefig(folder / "beeswarm.png", dpi=100, bbox_inches="tight")
plt.close("all")

# %% [markdown]
# ## One feature: the dependence plot
#
# What the strongest numeric feature adds, against its value. A band that is wide at one value is the work of others.

# %%
strength = np.abs(explained.contributions).mean(axis=0)
numbers = [place for place, column in enumerate(columns) if column.levels is None]
most = max(numbers, key=lambda place: strength[place])
figure, axes = plt.subplots(figsize=(6, 4))
axes.scatter(matrix[:, most], explained.contributions[:, most], s=6)
axes.axhline(0, color="grey", linewidth=0.8)
axes.set_xlabel(f"{columns[most].name} ({columns[most].unit})")
axes.set_ylabel("contribution (log-odds)")
figure.savefig(folder / "dependence.png", dpi=100, bbox_inches="tight")
plt.close(figure)
print("strongest:", columns[most].name, "-", columns[most].meaning)

# %% [markdown]
# ## One account: the waterfall, and the same in words
#
# The page that collectors open draws the same steps.

# %%
scores = payrank.predict(trained.bundle, tonight.data)
place = int(np.argmax(scores["probability"].to_numpy()))
shap.plots.waterfall(
    shap.Explanation(
        explained.contributions[place], explained.base_value, matrix[place], feature_names=list(explained.features)
    ),
    max_display=10, show=False,
)
plt.savefig(folder / "waterfall.png", dpi=100, bbox_inches="tight")
plt.close("all")
by_name = {feature.name: feature for feature in tonight.features}
one = tonight.data.iloc[[place]]
reasons = explain_rows([by_name[name] for name in explained.features], one, explained.contributions[[place]])[0]
for reason in top_reasons(reasons, 5):
    print(f"{reason.contribution:+.2f}  {reason.text}")
total = explained.base_value + sum(reason.contribution for reason in reasons)
assert abs(total - scores["raw_score"].iloc[place]) < 1e-6
print("pictures in", folder)
extract.close()
