"""The code that MLflow runs to serve a bundle. It is logged as text, never pickled, and needs payrank installed.

`mlflow models serve`, `mlflow.pyfunc.load_model`, and Spark UDFs run this file, which is stored with the model.
"""

from pathlib import Path

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from payrank.models.bundle import read_bundle
from payrank.models.predict import predict


class ServedBundle(PythonModel):
    """A payrank bundle that scores feature frames."""

    def load_context(self, context) -> None:  # type: ignore[no-untyped-def]  # MLflow's context has no public type
        """Open the bundle. Every digest is checked before LightGBM reads a file."""
        self.bundle = read_bundle(Path(context.artifacts["bundle"]))

    def predict(self, context, model_input: pd.DataFrame, params=None) -> pd.DataFrame:  # type: ignore[no-untyped-def]  # noqa: ARG002 - MLflow's own signature
        """Score rows of a feature frame as the nightly run does."""
        return predict(self.bundle, model_input)


set_model(ServedBundle())
