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
# # Read the monitoring
#
# A list predicts: so many of these accounts will pay, so many dollars will come. Once the horizon has passed, the ledger has the answer.
# Here, two runs of a simulated hospital are scored with a model from spring and compared with what happened by fall.

# %%
import tempfile
from datetime import date
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import payrank

folder = Path(tempfile.mkdtemp())
payrank.simulate(folder / "hospital", accounts=3000, seed=3, as_of=date(2026, 11, 20))
extract = payrank.load_extract(folder / "hospital")

# %% [markdown]
# ## Train in March, score in April and May
#
# Training and both runs see only what was known before their day, although the extract contains more.

# %%
spring = date(2026, 3, 20)
labeled = payrank.training_frame(extract, payrank.PaymentTarget(), spring)
settings = payrank.TrainingSettings(members=[{"seeds": [1]}])
trained = payrank.train(labeled, kind="payment", as_of=spring, settings=settings)
models = payrank.RunModels(
    {"payment": trained.bundle},
    {"payment": "spring model"},
    {"overturn": "not trained here"},
)
for day in (date(2026, 4, 20), date(2026, 5, 20)):
    payrank.run_nightly(
        extract,
        models,
        as_of=day,
        out=folder / "runs",
        settings=payrank.ScoringSettings(),
        explain="listed",
    )

# %% [markdown]
# ## Predicted vs. actual
#
# `payrank monitor RUNS EXTRACT --as-of DATE --out look` prints the same tables and writes a page.

# %%
monitoring = payrank.monitor_runs(folder / "runs", extract, date(2026, 11, 20))
pd.DataFrame(
    [
        {
            "run": record.day,
            "accounts scored": record.scored,
            "predicted to pay": round(record.all.predicted),
            "paid": record.all.actual,
            "AUC": round(record.auc, 2),
        }
        for record in monitoring.lists
    ]
)

# %% [markdown]
# ## By decile of the predicted probability
#
# A good model is right in every decile, not only on average. `off` marks a gap that is larger than chance explains and larger than a tenth of
# the prediction. Then check whether the base rate has moved (recalibrate) or the order is wrong (retrain).

# %%
latest = monitoring.lists[0]
deciles = pd.DataFrame(
    {
        "decile": [part.name for part in latest.deciles],
        "accounts": [part.rows for part in latest.deciles],
        "predicted": [round(part.predicted / part.rows, 3) for part in latest.deciles],
        "actual": [round(part.actual / part.rows, 3) for part in latest.deciles],
        "off": [part.off for part in latest.deciles],
    }
)
assert deciles["actual"].iloc[-1] > deciles["actual"].iloc[0]
deciles

# %% [markdown]
# ## The same as a picture
#
# On the line, predicted equals actual. The bars are two standard errors of the gap between predicted and actual. If two runs
# miss the line on the same side, retrain.

# %%
figure, axes = plt.subplots(figsize=(5.5, 4))
for record, color in zip(monitoring.lists, ("tab:blue", "tab:orange"), strict=True):
    axes.errorbar(
        [part.predicted / part.rows for part in record.deciles],
        [part.actual / part.rows for part in record.deciles],
        yerr=[2 * part.std_error / part.rows for part in record.deciles],
        color=color,
        marker="o",
        linestyle="none",
        capsize=3,
        label=f"run of {record.day}",
    )
axes.axline((0, 0), slope=1, color="gray", linewidth=1)
axes.set(xlabel="predicted probability, by decile", ylabel="share that paid")
axes.legend(frameon=False)
plt.show()

# %%
extract.close()
