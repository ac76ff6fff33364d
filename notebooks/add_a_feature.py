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
# # Add a feature
#
# A feature is one record: a name, a meaning, a unit, a family, how it is computed, and what a collector reads. Here, one is tried on a
# simulated hospital before it goes into the catalog. To use your own data, load your own extract instead.

# %%
import tempfile
from datetime import date
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import payrank

day = date(2026, 11, 20)
folder = Path(tempfile.mkdtemp())
payrank.simulate(folder / "hospital", accounts=2000, seed=3, as_of=day)
extract = payrank.load_extract(folder / "hospital")

# %% [markdown]
# ## The record
#
# `contacts` is a relation: the contacts with the guarantor, already limited to those known before the snapshot. What can be computed from
# its rows (`Count`, `Sum`, `Share`, `DaysSinceLast`, `Latest`, and others) is in `payrank.sources`.

# %%
texts = payrank.Feature(
    name="texts_30d",
    meaning="Texts sent to the guarantor in 30 days",
    unit="count",
    family="contact",
    source=payrank.sources.Count(
        "contacts", "channel = 'text' AND direction = 'out'", within_days=30
    ),
    phrase="{value} text{s} in 30 days",
)
site_features = payrank.SiteFeatures(account=(texts,))

# %% [markdown]
# ## Look at its values

# %%
frame = payrank.build_features(extract, as_of=day, site_features=site_features)
frame["texts_30d"].value_counts().sort_index().rename("accounts").to_frame()

# %% [markdown]
# ## Does it help?
#
# First by eye: how often accounts were paid, by the number of texts, with 95% intervals.

# %%
target = payrank.PaymentTarget(snapshots=8)
labeled = payrank.training_frame(extract, target, day, site_features=site_features)
count = labeled.data["texts_30d"].clip(upper=3)
paid = labeled.data.groupby(count)["label"].agg(rows="size", share="mean")
paid = paid[paid["rows"] >= 30]
error = 1.96 * (paid["share"] * (1 - paid["share"]) / paid["rows"]) ** 0.5
figure, axes = plt.subplots(figsize=(5, 3.5))
axes.errorbar(
    paid.index, paid["share"], yerr=error, marker="o", linestyle="none", capsize=3
)
axes.axhline(
    labeled.data["label"].mean(), color="gray", linewidth=1, label="all snapshots"
)
axes.set_xticks(
    paid.index,
    [f"{number:.0f}" + ("+" if number == 3 else "") for number in paid.index],
)
axes.set(xlabel="texts in 30 days", ylabel="share that paid within 120 days")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# Then the same training without and with it, measured on later periods. If the intervals overlap this much, the feature has not shown that
# it helps.

# %%
settings = payrank.TrainingSettings(
    members=[{"seeds": [1], "n_estimators": 60}], min_outcomes=30, refit=False
)
without = payrank.training_frame(extract, target, day)
rows = []
for name, training in (("without texts_30d", without), ("with texts_30d", labeled)):
    trained = payrank.train(training, kind="payment", as_of=day, settings=settings)
    auc = trained.bundle.manifest.evaluation.metrics["auc"]
    rows.append({"features": name, "AUC": auc.value, "low": auc.low, "high": auc.high})
pd.DataFrame(rows).round(2)

# %% [markdown]
# ## The same for one site, without code
#
# A site writes the record into its `payrank.toml`. It is checked when it is read, and becomes `own_texts_30d`. Every command then uses it,
# and a model that was trained without it is refused.

# %%
(folder / "payrank.toml").write_text(
    """
[[features.account]]
name = "texts_30d"
meaning = "Texts sent to the guarantor in 30 days"
unit = "count"
family = "contact"
phrase = "{value} text{s} in 30 days"
source = { take = "count", of = "contacts", where = { channel = "text", direction = "out" }, within_days = 30 }
"""
)
settings = payrank.read_settings(folder / "payrank.toml")
same = payrank.build_features(extract, as_of=day, site_features=settings.features)
assert same["own_texts_30d"].tolist() == frame["texts_30d"].tolist()

# %% [markdown]
# ## Was it known before?
#
# The leakage checks change everything that was known on or after a day, in every table, and compare the features bit by bit; and they look
# for features that are too good on their own.

# %%
results = payrank.find_leaks(extract, settings, day)
checks = pd.DataFrame(
    [
        {"check": result.probe, "rows of": result.unit, "verdict": result.verdict}
        for result in results
    ]
)
assert "leak" not in checks["verdict"].tolist()
checks

# %%
extract.close()
