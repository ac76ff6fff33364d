"""`payrank demo`: the main job from nothing, in one command."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from payrank.cli.score import find_models, show_run
from payrank.cli.train import train_and_register
from payrank.console import STDOUT, Progress, make_table, print_stage
from payrank.extracts.errors import WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.models.bundle import Bundle
from payrank.models.manifest import MODEL_KINDS, Manifest
from payrank.scoring.progress import StageTimer
from payrank.scoring.run_nightly import run_nightly
from payrank.settings import Settings
from payrank.simulator import simulate

AS_OF = date(2026, 11, 20)
MARK = ".payrank-demo"
FEWEST_OUTCOMES = 11
"""A demo of a thousand accounts has few decided appeals; a real training asks for more."""


def run_demo(out: Path, *, accounts: int, seed: int) -> None:
    """Simulate, train both models, score and publish into `out`; print what a manager wants to know."""
    if out.exists() and any(out.iterdir()) and not (out / MARK).is_file():
        raise WrongUsageError(f"{out} is not empty and not an earlier demo; name another folder with --out")
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    (out / MARK).touch()
    settings = Settings(training={"min_outcomes": FEWEST_OUTCOMES})
    extract, runs = out / "extract", out / "runs"
    progress = Progress()
    with progress.working(f"simulated a hospital of {accounts:,} accounts (no real patient)"):
        simulate(extract, accounts=accounts, seed=seed, as_of=AS_OF)
    bundles: dict[str, Bundle] = {}
    with _tracking_in(out):
        for kind in MODEL_KINDS:
            bundles[kind], _ = train_and_register(kind, extract, AS_OF, settings, out / "models" / kind)
        models = find_models({kind: str(out / "models" / kind) for kind in MODEL_KINDS})
    timer = StageTimer(print_stage)
    with load_extract(extract) as loaded:
        timer.stage("load", f"loaded {len(loaded.digests)} files")
        result = run_nightly(loaded, models, as_of=AS_OF, out=runs, settings=settings.scoring, progress=print_stage)
    STDOUT.print()
    show_run(result, runs)
    STDOUT.print()
    STDOUT.print(_captured({kind: bundle.manifest for kind, bundle in bundles.items()}))
    STDOUT.print()
    for kind in MODEL_KINDS:
        for notice in models.notices(kind, AS_OF):
            STDOUT.print(f"Note: {notice}", markup=False, soft_wrap=False)
    lists = result.folder / "worklists"
    STDOUT.print("Where to look (open in a browser; everything is simulated):")
    for path in (lists / "patient_pay.html", lists / "denials.html", result.folder / "report.html"):
        STDOUT.print(f"  {path}", markup=False)


def _captured(manifests: dict[str, Manifest]) -> object:
    """Return the manager's table: of the dollars that came in later, how many lay in the top fifth of each order."""
    rows = []
    for kind, title in (("payment", "patient balances"), ("overturn", "appealed denials")):
        manifest = manifests[kind]
        values = [manifest.metrics, manifest.baselines["oldest_first"], manifest.baselines["largest_first"]]
        rows.append([title, *(_share(figures) for figures in values)])
    return make_table(
        "Work one in five: the share of the dollars of later months that each order catches",
        [("", False), ("payrank", True), ("oldest first", True), ("largest first", True)],
        rows,
    )


def _share(figures: Mapping[str, float]) -> str:
    found = figures.get("dollars_captured")
    return "-" if found is None else f"{found:.0%}"


@contextmanager
def _tracking_in(out: Path) -> Iterator[None]:
    """Keep the demo's MLflow runs in its own folder, unless the user's environment names a store."""
    if os.environ.get("MLFLOW_TRACKING_URI"):
        yield
        return
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{(out / 'mlflow.db').resolve()}"
    try:
        yield
    finally:
        del os.environ["MLFLOW_TRACKING_URI"]
