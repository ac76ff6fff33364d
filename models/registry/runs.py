"""Each training as an MLflow run: its data, settings, metrics, plots, and model, and the trials of its search."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from payrank.models.bundle import Bundle
from payrank.models.card.write_card import write_card
from payrank.models.registry.run_metrics import collect_metrics
from payrank.models.registry.served_model import log_model
from payrank.models.registry.store import LONG_TIMEOUT, experiment_id, open_client
from payrank.models.registry.versions import AS_OF_TAG, DIGEST_TAG, registered_name

if TYPE_CHECKING:
    from mlflow import MlflowClient

MAX_DIGEST_LENGTH = 36
"""MLflow's limit on the digest of a data set; the tags have the full SHA-256."""
PARAMETERS_PER_CALL = 100
"""MLflow's limit on parameters per call."""


@dataclass(frozen=True, slots=True)
class SearchTrial:
    """One trial of a settings search: its number, parameters, and result.

    `value` is the value of `measure`, which the search minimizes; None when the trial ended before it was known.
    """

    number: int
    params: Mapping[str, Any]
    value: float | None
    state: Literal["complete", "pruned", "failed"]
    measure: str = "log_loss"


_STATUS = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}


def log_training(bundle: Bundle, *, plots: Mapping[str, Path] | None = None, trials: Sequence[SearchTrial] = ()) -> str:
    """Log a training as a run of the experiment `payrank-<kind>`: settings, metrics, plots, model, model card.

    Parameters
    ----------
    bundle
        The trained model. It holds no rows and no IDs, and nothing else of the data is logged.
    plots
        PNG file by name.
    trials
        Trials of the search that chose the settings; each is logged as a child run.

    Returns
    -------
    str
        The run's ID, for `register`.

    Raises
    ------
    WrongUsageError
        When the tracking store cannot be used.
    """
    with open_client(wait=LONG_TIMEOUT) as client:
        manifest = bundle.manifest
        tags = {
            "payrank.kind": bundle.kind,
            AS_OF_TAG: manifest.as_of.isoformat(),
            DIGEST_TAG: bundle.digest,
            "payrank.catalog_digest": manifest.catalog_digest,
            **{f"payrank.extract.{_key(name)}": digest for name, digest in sorted(manifest.extract_digests.items())},
        }
        experiment = experiment_id(client, registered_name(bundle.kind))
        run = client.create_run(experiment, run_name=f"{bundle.kind} as of {manifest.as_of}", tags=tags)
        run_id: str = run.info.run_id
        try:
            _log_data(client, run_id, bundle)
            model_id = log_model(client, experiment, run_id, bundle)
            _log_settings_and_metrics(client, run_id, bundle, model_id)
            for path in (plots or {}).values():
                client.log_artifact(run_id, str(path), "plots")
            with tempfile.TemporaryDirectory(prefix="payrank-") as folder:
                for path in write_card(manifest, Path(folder)):
                    client.log_artifact(run_id, str(path))
            for trial in trials:
                _log_trial(client, experiment, run_id, trial)
        except BaseException:
            with suppress(Exception):  # the store itself may have failed; the first error is the one to report
                client.set_terminated(run_id, "FAILED")
            raise
        client.set_terminated(run_id, "FINISHED")
        return run_id


def _log_data(client: MlflowClient, run_id: str, bundle: Bundle) -> None:
    """Log the names and digests of the extract's files as the run's data sets, without content or location."""
    from mlflow.entities import Dataset, DatasetInput, InputTag  # noqa: PLC0415 - MLflow takes two seconds to import

    context = [InputTag("mlflow.data.context", "training")]
    inputs = [
        DatasetInput(Dataset(name, digest[:MAX_DIGEST_LENGTH], "local", json.dumps({"uri": name})), context)
        for name, digest in sorted(bundle.manifest.extract_digests.items())
    ]
    if inputs:
        client.log_inputs(run_id, inputs)


def _log_settings_and_metrics(client: MlflowClient, run_id: str, bundle: Bundle, model_id: str) -> None:
    manifest = bundle.manifest
    settings = {**manifest.settings, "target": manifest.target, "n_estimators": dict(manifest.n_estimators)}
    _log(client, run_id, settings, collect_metrics(manifest), model_id)


def _log_trial(client: MlflowClient, experiment: str, run_id: str, trial: SearchTrial) -> None:
    from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID  # noqa: PLC0415 - MLflow takes two seconds to import

    tags = {MLFLOW_PARENT_RUN_ID: run_id, "payrank.trial": str(trial.number), "payrank.trial_state": trial.state}
    child: str = client.create_run(experiment, run_name=f"trial {trial.number}", tags=tags).info.run_id
    _log(client, child, trial.params, {} if trial.value is None else {trial.measure: trial.value})
    client.set_terminated(child, _STATUS[trial.state])


def _log(
    client: MlflowClient,
    run_id: str,
    settings: Mapping[str, Any],
    metrics: Mapping[str, float],
    model_id: str | None = None,
) -> None:
    from mlflow.entities import Metric, Param  # noqa: PLC0415 - MLflow takes two seconds to import

    logged_at = int(time.time() * 1000)  # MLflow requires a time; no code reads it
    params = [Param(name, value) for name, value in sorted(_flatten(settings).items())]
    for start in range(0, len(params), PARAMETERS_PER_CALL):
        client.log_batch(run_id, params=params[start : start + PARAMETERS_PER_CALL])
    client.log_batch(
        run_id,
        metrics=[Metric(_key(name), float(value), logged_at, 0, model_id) for name, value in sorted(metrics.items())],
    )


def _flatten(values: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Return nested settings flattened to text.

    >>> _flatten({"trees": {"max_bin": 63}, "refit": True})
    {'trees.max_bin': '63', 'refit': 'True'}
    """
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{before}{name}.")
        else:
            flat[_key(f"{before}{name}")] = str(value)
    return flat


def _key(name: str) -> str:
    """Return a name that MLflow accepts as a key."""
    return re.sub(r"[^\w./ -]", "_", name)
