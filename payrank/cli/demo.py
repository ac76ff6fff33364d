"""`payrank demo`: the main job from nothing, in one command."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from payrank.cli.options import FOLDER, ExampleCommand

if TYPE_CHECKING:
    from rich.table import Table

    from payrank.models.manifest import Manifest

AS_OF = date(2026, 11, 20)
MARK = ".payrank-demo"
MIN_OUTCOMES = 11
"""A demo of a thousand accounts has few decided appeals; real training requires more."""


@click.command(
    cls=ExampleCommand,
    short_help="Simulate a hospital, train, score, and list the pages to open.",
    example="payrank demo --accounts 5000 --out /tmp/demo",
)
@click.option("--out", type=FOLDER, default=Path("payrank-demo"), show_default=True, help="Folder for everything.")
@click.option(
    "--accounts",
    type=click.IntRange(min=1000),
    default=20_000,
    show_default=True,
    help="Number of accounts in the simulated hospital.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same hospital.")
def demo(out: Path, accounts: int, seed: int) -> None:
    """Simulate a hospital, train both models, score it, and list the pages to open."""
    from payrank.cli.score import find_models, show_run
    from payrank.cli.train import require_training, train_and_register
    from payrank.console import STDOUT, Progress, print_stage
    from payrank.extracts.errors import WrongUsageError
    from payrank.extracts.load.load_extract import load_extract
    from payrank.models.manifest import MODEL_KINDS
    from payrank.scoring.progress import StageTimer
    from payrank.scoring.run_nightly import run_nightly
    from payrank.settings import Settings
    from payrank.simulator.simulate import simulate

    require_training()
    if out.exists() and any(out.iterdir()) and not (out / MARK).is_file():
        raise WrongUsageError(f"{out} is not empty and is not an earlier demo; choose another folder with --out")
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    (out / MARK).touch()
    settings = Settings(training={"min_outcomes": MIN_OUTCOMES})
    extract, runs = out / "extract", out / "runs"
    with Progress().working(f"simulated a hospital of {accounts:,} accounts (no real patient)"):
        simulate(extract, accounts=accounts, seed=seed, as_of=AS_OF)
    manifests: dict[str, Manifest] = {}
    with _tracking_in(out):
        for kind in MODEL_KINDS:
            bundle, _ = train_and_register(kind, extract, AS_OF, settings, out / "models" / kind)
            manifests[kind] = bundle.manifest
        models = find_models({kind: str(out / "models" / kind) for kind in MODEL_KINDS})
    timer = StageTimer(print_stage)
    with load_extract(extract) as loaded:
        timer.stage("load", f"loaded {len(loaded.digests)} files")
        result = run_nightly(loaded, models, as_of=AS_OF, out=runs, settings=settings.scoring, progress=print_stage)
    STDOUT.print()
    show_run(result, runs)
    STDOUT.print()
    STDOUT.print(_capture_table(manifests))
    STDOUT.print()
    for kind in MODEL_KINDS:
        for notice in models.notices(kind, AS_OF):
            STDOUT.print(f"Note: {notice}", markup=False, soft_wrap=False)
    lists = result.folder / "worklists"
    STDOUT.print("Open these pages in a browser (all data is simulated):")
    for path in (lists / "patient_pay.html", lists / "denials.html", result.folder / "report.html"):
        STDOUT.print(f"  {path}", markup=False)


def _capture_table(manifests: Mapping[str, Manifest]) -> Table:
    """Return the manager's table: the share of later dollars in the top fifth of each ranking."""
    from payrank.console import make_table

    rows = []
    for kind, title in (("payment", "patient balances"), ("overturn", "appealed denials")):
        manifest = manifests[kind]
        values = [manifest.metrics, manifest.baselines["oldest_first"], manifest.baselines["largest_first"]]
        rows.append([title, *(_format_share(metrics) for metrics in values)])
    return make_table(
        "Share of later dollars captured by working the top 20% of each ranking",
        [("", False), ("payrank", True), ("oldest first", True), ("largest first", True)],
        rows,
    )


def _format_share(metrics: Mapping[str, float]) -> str:
    share = metrics.get("dollars_captured")
    return "-" if share is None else f"{share:.0%}"


@contextmanager
def _tracking_in(out: Path) -> Iterator[None]:
    """Keep the demo's MLflow runs in its own folder, unless the environment already names a store."""
    if os.environ.get("MLFLOW_TRACKING_URI"):
        yield
        return
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{(out / 'mlflow.db').resolve()}"
    try:
        yield
    finally:
        del os.environ["MLFLOW_TRACKING_URI"]
