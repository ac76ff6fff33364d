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
# # Retrain the payment model
#
# From an extract to a model that can be trusted: what was known when, how the model is measured, and why one account
# scores as it does. The hospital is simulated; point `folder` at your own extract instead.

# %%
import tempfile
from datetime import date
from pathlib import Path

import matplotlib.pyplot as plt

import payrank
from payrank.models.shap.explain import explain
from payrank.cli.metrics_table import show_figures
from payrank.scoring.reasons.reasons import (explain_rows, top_reasons)
from payrank.training.plots.design_plot import draw_design
from payrank.training.plots.plots import draw_evaluation

day = date(2026, 11, 20)
folder = Path(tempfile.mkdtemp()) / "hospital"
payrank.simulate(folder, accounts=2000, seed=3, as_of=day)
extract = payrank.load_extract(folder)

# %% [markdown]
# ## Snapshots
#
# Each row is one account as of one day, with what was known before that day. Its label says what patients paid in the
# 120 days after; a snapshot younger than that has no label yet and is not here.

# %%
target = payrank.PaymentTarget(horizon_days=120)
labeled = payrank.training_frame(extract, target, day)
by_day = labeled.data.groupby("as_of")["label"].agg(["size", "mean"])
print(by_day.tail(6))
assert labeled.data["as_of"].max().date() <= date(2026, 7, 23)

# %% [markdown]
# ## Train
#
# Each period is predicted by a model of what was known before it; the figures come from there, beside the baselines on
# the same rows. The last period is a final test on which nothing was chosen. The `audit_*` columns of guarantors meet the
# figures after the last fit, and no fit ever sees them.

# %%
trained = payrank.train(labeled, kind="payment", as_of=day, audit=payrank.read_audit(extract))
manifest = trained.bundle.manifest
for period in manifest.windows.periods:
    print(period.role, "fitted to", period.fitted.last, "predicted", period.predicted.first, "to", period.predicted.last)
show_figures(manifest)
assert manifest.metrics["auc"] > manifest.baselines["majority"]["auc"]

# %% [markdown]
# ## Look at it
#
# The design in time, whether promises come true, what the top of the list brings, and who is in it. `payrank train` keeps
# the same pictures in MLflow, with the model card.

# %%
draw_design(manifest, folder.parent / "design.png")
drawn = draw_evaluation(manifest.evaluation, folder.parent)
for name in ("design", "calibration", "gains"):
    image = plt.imread(folder.parent / f"{name}.png")
    figure, axes = plt.subplots(figsize=(image.shape[1] / 120, image.shape[0] / 120))
    axes.imshow(image)
    axes.axis("off")
print("pictures in", folder.parent)

# %% [markdown]
# ## Why one account scores as it does
#
# Contributions are in log-odds; base value plus contributions is the raw score.

# %%
tonight = payrank.nightly_frame(extract, target, day)
scores = payrank.predict(trained.bundle, tonight.data)
best = tonight.data.loc[[scores["probability"].idxmax()]]
why = explain(trained.bundle, best)
by_name = {feature.name: feature for feature in tonight.features}
reasons = explain_rows([by_name[name] for name in why.features], best, why.contributions)[0]
for reason in top_reasons(reasons, 5):
    print(f"{reason.contribution:+.2f}  {reason.text}")
total = why.base_value + sum(reason.contribution for reason in reasons)
assert abs(total - scores.loc[best.index[0], "raw_score"]) < 1e-6
extract.close()
