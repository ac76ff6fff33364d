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
# # Read a night's monitoring
#
# A list promises: so many of these will pay, so many dollars will come. Once the horizon has passed the ledger can be
# asked. Here two nights of a simulated hospital are scored by a model of the spring, and judged in autumn.

# %%
import tempfile
from datetime import date
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import payrank
from payrank.models.records.estimate import estimate_share
from payrank.scoring.monitoring.monitor import monitor_runs
from payrank.scoring.run_models import RunModels
from payrank.scoring.settings import ScoringSettings
from payrank.training.settings import (Member, TrainingSettings)

folder = Path(tempfile.mkdtemp())
payrank.simulate(folder / "hospital", accounts=3000, seed=3, as_of=date(2026, 11, 20))
extract = payrank.load_extract(folder / "hospital")

# %% [markdown]
# ## Train in March, score in April and May
#
# Both see only what was known before their day, though the extract knows more.

# %%
spring = date(2026, 3, 20)
labeled = payrank.training_frame(extract, payrank.PaymentTarget(), spring)
settings = TrainingSettings(members=(Member(seeds=(1,)),))
trained = payrank.train(labeled, kind="payment", as_of=spring, settings=settings)
print("auc when it was trained:", round(trained.bundle.manifest.metrics["auc"], 3))
models = RunModels({"payment": trained.bundle}, {"payment": "spring model"}, {"overturn": "not trained here"})
for night in (date(2026, 4, 20), date(2026, 5, 20)):
    payrank.run_nightly(
        extract, models, as_of=night, out=folder / "runs", settings=ScoringSettings(), explain="listed"
    )

# %% [markdown]
# ## Promised and came
#
# `payrank monitor RUNS EXTRACT --as-of DATE --out look` prints the same tables and writes a page.

# %%
found = monitor_runs(folder / "runs", extract, date(2026, 11, 20))
for one in found.watched:
    print(f"{one.day}: {one.all.promised:.0f} of {one.scored} promised to pay, {one.all.came} did; auc {one.auc:.3f}")

# %% [markdown]
# ## By tenth of the promised chance
#
# A good model's promise is kept in every tenth, not only on the whole. `off` marks a gap that chance does not explain
# and that is over a tenth of the promise: then look whether the base rate moved (recalibrate) or the order did (retrain).

# %%
latest = found.watched[0]
tenths = pd.DataFrame(
    {
        "part": [part.name for part in latest.tenths],
        "rows": [part.rows for part in latest.tenths],
        "promised": [round(part.promised / part.rows, 3) for part in latest.tenths],
        "came": [round(part.came / part.rows, 3) for part in latest.tenths],
        "off": [part.off for part in latest.tenths],
    }
)
print(tenths.to_string(index=False))
assert tenths["came"].iloc[-1] > tenths["came"].iloc[0]

# %% [markdown]
# ## The same as a picture
#
# On the line the promise was kept. The bars are the 95 % interval of a share of so few rows; a tenth whose bar misses the
# line is worth a look, and two nights that miss it on the same side are worth a retraining.

# %%
figure, axes = plt.subplots(figsize=(6, 5))
for one, color in zip(found.watched, ("tab:blue", "tab:orange"), strict=True):
    promised = [part.promised / part.rows for part in one.tenths]
    came = [estimate_share(round(part.came), part.rows) for part in one.tenths]
    reach = [[share.value - share.low for share in came], [share.high - share.value for share in came]]
    axes.errorbar(
        promised, [share.value for share in came], yerr=reach, color=color, marker="o", linestyle="none", capsize=3,
        label=f"{one.day}",
    )
most = 1.05 * max(part.promised / part.rows for one in found.watched for part in one.tenths)
axes.plot([0, most], [0, most], color="gray", linewidth=1, label="as promised")
axes.set_xlabel("promised chance, by tenths of the night's rows")
axes.set_ylabel("share that paid")
axes.legend(frameon=False)
figure.savefig(folder / "promised_and_came.png", dpi=100, bbox_inches="tight")
print("picture in", folder)
extract.close()
