"""`payrank models show`: one model's data, design, and metrics."""

from __future__ import annotations

import click

from payrank.cli.options import ExampleCommand


@click.command(
    cls=ExampleCommand,
    short_help="Show one model and its metrics.",
    example="payrank models show models:/payrank-payment@champion",
)
@click.argument("model")
def show(model: str) -> None:
    """Show a model: its data, design, and metrics next to the baselines."""
    from payrank.cli.models.metrics_tables import periods_table, show_metrics
    from payrank.console import STDOUT
    from payrank.models.registry.find_model import find_by_name

    manifest = find_by_name(model).bundle.manifest
    windows = manifest.windows
    predicts = f"payment within {manifest.horizon_days} days" if manifest.kind == "payment" else "overturn on appeal"
    STDOUT.print(
        f"Predicts {predicts}. Trained as of {manifest.as_of} on {manifest.rows:,} {manifest.unit} snapshots of "
        f"{manifest.households:,} households, {manifest.events:,} of them with the outcome; {len(manifest.features)} "
        f"features. The served trees were trained on snapshots {windows.fitted.first} to {windows.fitted.last}.",
        soft_wrap=False,
    )
    STDOUT.print()
    STDOUT.print(periods_table(manifest))
    STDOUT.print()
    show_metrics(manifest, slices=True)
