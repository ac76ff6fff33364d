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
# # Retrain the overturn model on real decisions
#
# California's independent medical reviews: real denials of health plans, each overturned or upheld by a reviewer. The
# file is no part of payrank; put `imr_determinations_2001_2013.csv` (DMHC open data) into a folder `imr`, and name the
# folder above it in `PAYRANK_DATA`.

# %%
import os
import tempfile
from datetime import date
from pathlib import Path

import pandas as pd

import payrank
from payrank.extracts.readers.mapped.import_csv import import_csv
from payrank.cli.metrics_table import figures_table
from rich.console import Console
from payrank.training.settings import parse_settings

data = Path(os.environ.get("PAYRANK_DATA", "../shared/data")) / "imr" / "imr_determinations_2001_2013.csv"
mapping = Path(payrank.__file__).parents[1] / "experiments" / "denial_overturn_imr" / "mapping.toml"
folder = Path(tempfile.mkdtemp()) / "imr"

# %% [markdown]
# ## From the file to the canonical tables
#
# The mapping is a TOML: each canonical column is a column of the source or an expression over its columns. Every record
# is loaded, set aside or quarantined, and counted.

# %%
report = import_csv(data, folder, mapping)
extract = payrank.load_extract(folder)
print({name: state.rows_loaded for name, state in extract.tables.items() if state.present})

# %% [markdown]
# ## Train on what was decided before 2013
#
# A denial is seen as of a day on which it was open; its label is the decision that came later. Age and gender are in
# the file and stay out: they are protected.

# %%
day = date(2013, 1, 1)
labeled = payrank.training_frame(extract, payrank.OverturnTarget(), day)
print(labeled.data.groupby(labeled.data["as_of"].dt.year)["label"].agg(["size", "mean"]).tail(5).round(3))
settings = parse_settings({"members": [{"seeds": [1], "n_estimators": 200}]}, "overturn")  # the default averages five seeds
trained = payrank.train(labeled, kind="overturn", as_of=day, settings=settings)
Console(width=80).print(figures_table(trained.bundle.manifest))
print("auc by period:", {k: round(v, 3) for k, v in trained.bundle.manifest.metrics.items() if k.startswith("auc")})

# %% [markdown]
# ## Score the denials that were open on that day, and wait a year
#
# Nothing of 2013 was known to the model. Sorted by its odds and cut into fifths, do the decisions follow?

# %%
tonight = payrank.nightly_frame(extract, payrank.OverturnTarget(), day)
scores = payrank.predict(trained.bundle, tonight.data)["probability"]
decided = extract.connection.execute(
    "SELECT denial_id AS unit_id, CAST(outcome = 'overturned' AS INTEGER) AS overturned FROM appeals "
    "WHERE decided_on >= DATE '2013-01-01'"
).df()
later = tonight.data[["unit_id"]].assign(probability=scores).merge(decided, on="unit_id")
fifth = pd.qcut(later["probability"], 5, labels=["lowest", "low", "middle", "high", "highest"])
table = later.groupby(fifth, observed=True)[["probability", "overturned"]].mean().round(3)
print(table)
assert table["overturned"].iloc[-1] > table["overturned"].iloc[0] + 0.15
extract.close()
