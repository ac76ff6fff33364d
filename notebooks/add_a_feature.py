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
# A feature is one record: a name, what it means, its unit and family, how it is computed, and what a collector reads.
# Here one is tried on a simulated hospital before it goes into the catalog; point `folder` at your own extract
# instead.

# %%
import tempfile
import tomllib
from datetime import date, timedelta
from pathlib import Path

import matplotlib.pyplot as plt

import payrank
from payrank.features.feature import Feature
from payrank.features.probes.single_features import probe_single_features, rank_features, split_in_time
from payrank.features.probes.future import probe_future
from payrank.features.site.features import SiteFeatures, read_site_features
from payrank.features.sources import Count
from payrank.training.settings import Member, TrainingSettings

day = date(2026, 11, 20)
folder = Path(tempfile.mkdtemp()) / "hospital"
payrank.simulate(folder, accounts=2000, seed=3, as_of=day)
extract = payrank.load_extract(folder)

# %% [markdown]
# ## The record
#
# `contacts` is a relation: the contacts with the guarantor, already cut to those known before the snapshot. What
# relations there are, and their columns, is in `features/relations/account_relations.py` and `features/relations/denial_relations.py`; what
# can be made of their rows (`Count`, `Sum`, `Share`, `DaysSinceLast`, `Latest`, …) in `features/sources.py`.

# %%
record = Feature(
    name="texts_30d",
    meaning="Texts sent to the guarantor in 30 days",
    unit="count",
    family="contact",
    source=Count("contacts", "channel = 'text' AND direction = 'out'", within_days=30),
    phrase="{value} text{s} in 30 days",
)

# %% [markdown]
# ## Look at its values
#
# In the catalog the record is one more line of `features/catalog/accounts.py`. To try it, give it along.

# %%
mine = SiteFeatures(account=(record,))
tonight = payrank.build_features(extract, as_of=day, site_features=mine)
print(tonight["texts_30d"].describe()[["count", "mean", "max"]])
print(tonight["texts_30d"].dtype)

# %% [markdown]
# ## Known before, and not too good to be true
#
# The first probe changes everything that was known on or after a day, in every table: no feature may change by a bit.
# The second asks of each feature how well it alone tells later outcomes.

# %%
target = payrank.PaymentTarget(snapshots=8)
past = day - timedelta(days=target.horizon_days)
probed = probe_future(extract, target, past, mine)
print(probed.verdict, "-", probed.figures)
assert probed.verdict == "clean"

labeled = payrank.training_frame(extract, target, day, site_features=mine)
assert probe_single_features(labeled).verdict == "clean"
learn, judge = split_in_time(labeled.data)
alone = rank_features(labeled, learn, judge)
found = alone["texts_30d"]
print(f"texts_30d alone: auc {found.auc:.3f} on later snapshots, standard error {found.error:.3f}")
assert found.auc < 0.9

# %% [markdown]
# ## What it does for the model
#
# First by eye: how often accounts were paid, by the number of texts. Then the same training without and with it, measured
# on later periods. A difference smaller than the noise of such figures is none.

# %%
texts = labeled.data["texts_30d"].clip(upper=3)
paid = labeled.data.groupby(texts)["label"].agg(["size", "mean"])
paid = paid[paid["size"] >= 30]
error = 1.96 * (paid["mean"] * (1 - paid["mean"]) / paid["size"]) ** 0.5
figure, axes = plt.subplots(figsize=(5, 4))
axes.errorbar(paid.index, paid["mean"], yerr=error, marker="o", linestyle="none", capsize=3)
axes.axhline(labeled.data["label"].mean(), color="gray", linewidth=1, label="all snapshots")
axes.set_xticks(paid.index, [f"{count:.0f}" + ("+" if count == 3 else "") for count in paid.index])
axes.set_xlabel("texts in 30 days")
axes.set_ylabel("share paid within 120 days")
axes.legend(frameon=False)
figure.savefig(folder.parent / "texts_and_payment.png", dpi=100, bbox_inches="tight")

# %%
quick = TrainingSettings(members=(Member(seeds=(1,), n_estimators=60),), min_outcomes=30, refit=False)
without = payrank.training_frame(extract, target, day)
for name, frame in (("without", without), ("with", labeled)):
    trained = payrank.train(frame, kind="payment", as_of=day, settings=quick)
    auc = trained.bundle.manifest.evaluation.metrics["auc"]
    print(f"{name}: auc {auc.value:.3f}, 95 % {auc.low:.3f} to {auc.high:.3f}")

# %% [markdown]
# ## The same for a site alone
#
# A site that does not change the code writes the record into its `payrank.toml`. It is checked when it is read,
# rendered by the same machinery, and called `own_texts_30d`; every command then uses it, and a model trained without is
# refused.

# %%
written = tomllib.loads(
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
own = read_site_features(written["features"])
same = payrank.build_features(extract, as_of=day, site_features=own)["own_texts_30d"]
assert same.tolist() == tonight["texts_30d"].tolist()
extract.close()
