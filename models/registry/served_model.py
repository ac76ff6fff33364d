"""A bundle as an MLflow model: signature, simulated example rows, and the code that opens the bundle."""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from payrank.extracts.workspace import workspace
from payrank.models.bundle import Bundle, write_bundle
from payrank.models.predict import predict
from payrank.models.registry.simulated_rows import simulate_rows

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature
    from pandas import DataFrame

BUNDLE_FOLDER = "bundle"
BUNDLE_IN_MODEL = f"artifacts/{BUNDLE_FOLDER}"
CODE = Path(__file__).with_name("served_code.py")
REQUIREMENTS = ("payrank", "lightgbm", "mlflow", "numpy", "pandas", "pydantic")


def log_model(client: MlflowClient, experiment: str, run_id: str, bundle: Bundle) -> str:
    """Log a bundle as the MLflow model of a run, and return the model's ID."""
    from mlflow.entities import LoggedModelOutput  # noqa: PLC0415 - MLflow takes two seconds to import

    logged = client.create_logged_model(
        experiment, name=f"payrank-{bundle.kind}", source_run_id=run_id, model_type="payrank bundle"
    )
    model_id = str(logged.model_id)
    try:
        with workspace() as folder:
            write_bundle(bundle, folder / BUNDLE_FOLDER)
            _save(folder / "model", folder / BUNDLE_FOLDER, bundle, model_id, run_id)
            client.log_model_artifacts(model_id, str(folder / "model"))
    except BaseException:
        with suppress(Exception):  # the store itself may have failed; the first error is the one to report
            client.finalize_logged_model(model_id, "FAILED")
        raise
    client.finalize_logged_model(model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(model_id, 0)])
    return model_id


def _save(folder: Path, bundle_folder: Path, bundle: Bundle, model_id: str, run_id: str) -> None:
    import mlflow.pyfunc  # noqa: PLC0415 - MLflow takes two seconds to import
    from mlflow.models import Model  # noqa: PLC0415

    example = simulate_rows(bundle.manifest.features)
    description = Model(model_uuid=model_id, model_id=model_id, run_id=run_id)
    mlflow.pyfunc.save_model(
        path=str(folder),
        python_model=str(CODE),
        artifacts={BUNDLE_FOLDER: str(bundle_folder)},
        signature=_signature(bundle, example),
        input_example=example,
        pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
        metadata={"payrank.bundle_digest": bundle.digest},
        mlflow_model=description,
    )
    # Nothing is pickled, and the temporary path of the bundle is not recorded.
    flavor = description.flavors["python_function"]
    flavor.pop("cloudpickle_version", None)
    flavor["artifacts"][BUNDLE_FOLDER]["uri"] = BUNDLE_IN_MODEL
    flavor["model_code_path"] = CODE.name
    description.save(str(folder / "MLmodel"))


def _signature(bundle: Bundle, example: DataFrame) -> ModelSignature:
    """Return the names and types of inputs and outputs. Every feature is required; its values may be missing."""
    from mlflow.models import ModelSignature  # noqa: PLC0415 - MLflow takes two seconds to import
    from mlflow.types import ColSpec, Schema, TensorSpec  # noqa: PLC0415

    inputs: list[ColSpec | TensorSpec] = [
        ColSpec("string" if column.unit == "category" else "double", column.name) for column in bundle.manifest.features
    ]
    outputs: list[ColSpec | TensorSpec] = [ColSpec("double", str(name)) for name in predict(bundle, example).columns]
    return ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs))
