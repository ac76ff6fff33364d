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
# From an extract to a model that you can trust: what was known when, how the model is measured, and why one account scores as
# it does. The hospital is simulated. To use your own data, load your own extract instead.

# %%
import tempfile
from datetime import date
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import payrank

day = date(2026, 11, 20)
folder = Path(tempfile.mkdtemp()) / "hospital"
payrank.simulate(folder, accounts=6000, seed=3, as_of=day)
extract = payrank.load_extract(folder)

# %% [markdown]
# ## Snapshots
#
# Each row is one account as of one day, with what was known before that day. Its label says whether the patient paid in the 120
# days after it. A snapshot that is younger than 120 days has no label yet and is not in the table.

# %%
target = payrank.PaymentTarget(horizon_days=120)
labeled = payrank.training_frame(extract, target, day)
by_day = (
    labeled.data.groupby("as_of")["label"].agg(accounts="size", paid="mean").round(3)
)
by_day.tail(6)

# %% [markdown]
# ## Train
#
# Each period is predicted by a model that was fitted on earlier labels only. The last period is the final test, on which nothing was
# chosen. The `audit_*` columns of guarantors are for the fairness audit alone; no fit ever sees them.

# %%
trained = payrank.train(
    labeled, kind="payment", as_of=day, audit=payrank.read_audit(extract)
)
manifest = trained.bundle.manifest
pd.DataFrame(
    [
        {
            "period": period.role,
            "fitted on snapshots to": period.fitted.last,
            "predicted from": period.predicted.first,
            "predicted to": period.predicted.last,
        }
        for period in manifest.windows.periods
    ]
)

# %% [markdown]
# ## How good is it?
#
# The model and simple ways of ranking, all on the same later rows. `advantage` is the share of all dollars that the model captures at
# capacity beyond that baseline, with its 95% interval. If the interval is above zero, the model is significantly better.

# %%
evaluation = manifest.evaluation
rows = [{"ranking": "model", "AUC": evaluation.metrics["auc"].value}]
for baseline in evaluation.baselines:
    advantage = baseline.advantage
    rows.append(
        {
            "ranking": baseline.short_name,
            "AUC": baseline.metrics["auc"].value,
            "advantage": advantage.value if advantage else None,
            "low": advantage.low if advantage else None,
            "high": advantage.high if advantage else None,
        }
    )
ranking = (
    pd.DataFrame(rows).round(3).sort_values("AUC", ascending=False, ignore_index=True)
)
assert ranking["ranking"].iloc[-1] != "model"
ranking

# %% [markdown]
# ## Are the probabilities right?
#
# Left: predicted probability vs. actual share by decile of the holdout rows, with 95% intervals. Points on the line are calibrated.
# Right: the share of all dollars that the top of the list captures.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8))
actual = [decile.actual for decile in evaluation.calibration]
left.errorbar(
    [decile.predicted for decile in evaluation.calibration],
    [share.value for share in actual],
    yerr=[
        [share.value - share.low for share in actual],
        [share.high - share.value for share in actual],
    ],
    marker="o",
    linestyle="none",
    capsize=3,
)
left.axline((0, 0), slope=1, color="gray", linewidth=1)
left.set(xlabel="predicted probability", ylabel="share that paid", title="Calibration")
for gains in evaluation.cumulative_gains:
    style = (
        {"linewidth": 2, "color": "tab:blue"}
        if gains.name == "model"
        else {"linewidth": 1, "color": "lightgray"}
    )
    right.plot(evaluation.worked_shares, gains.captured, **style)
right.set(
    xlabel="share of the list worked",
    ylabel="share of dollars",
    title="Cumulative gains (model in blue)",
)
figure.tight_layout()

# %% [markdown]
# ## Why does one account score as it does?
#
# Contributions are in log-odds. The base value plus all contributions is the raw score.

# %%
unpaid = payrank.nightly_frame(extract, target, day)
scores = payrank.predict(trained.bundle, unpaid.data)
best = unpaid.data.loc[[scores["probability"].idxmax()]]
explained = payrank.explain(trained.bundle, best)
by_name = {feature.name: feature for feature in unpaid.features}
reasons = payrank.explain_rows(
    [by_name[name] for name in explained.features], best, explained.contributions
)[0]
for reason in payrank.top_reasons(reasons, 5):
    print(f"{reason.contribution:+.2f}  {reason.text}")

# %%
total = explained.base_value + sum(reason.contribution for reason in reasons)
assert abs(total - scores.loc[best.index[0], "raw_score"]) < 1e-6
extract.close()
