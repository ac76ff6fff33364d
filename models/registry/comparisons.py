"""Champion-challenger comparisons, stored with the challenger's version and run."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from payrank.models.comparison import Comparison
from payrank.models.registry.store import open_client
from payrank.models.registry.versions import VERDICT_TAG, registered_name

if TYPE_CHECKING:
    from mlflow import MlflowClient

COMPARISON_TAG = "payrank.comparison"
COMPARE = "payrank models compare {challenger} EXTRACT --as-of DATE"


def record_comparison(comparison: Comparison, version: int) -> None:
    """Store a comparison with the challenger's version (tags) and run (comparisons/*.json); the latest one counts.

    Raises
    ------
    WrongUsageError
        When the registry cannot be used.
    """
    name = registered_name(comparison.kind)
    content = comparison.model_dump_json()
    with open_client() as client, tempfile.TemporaryDirectory(prefix="payrank-") as folder:
        file = Path(folder) / f"as_of_{comparison.as_of}_against_{comparison.champion.digest[:12]}.json"
        file.write_text(comparison.model_dump_json(indent=1) + "\n", "utf-8")
        run = client.get_model_version(name, str(version)).run_id
        if run:
            client.log_artifact(run, str(file), "comparisons")
        client.set_model_version_tag(name, str(version), VERDICT_TAG, comparison.verdict)
        client.set_model_version_tag(name, str(version), COMPARISON_TAG, content)


def read_comparison(client: MlflowClient, name: str, version: int) -> Comparison | None:
    """Return the latest comparison recorded with a version, or None if there is none that can be read."""
    content = client.get_model_version(name, str(version)).tags.get(COMPARISON_TAG)
    if content is None:
        return None
    try:
        return Comparison.model_validate_json(content)
    except ValidationError:
        return None
