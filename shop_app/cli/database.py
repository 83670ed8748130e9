"""Commands for the database: its schema, and the demo in it."""

from __future__ import annotations

import click

from .command import Command, needs_schema, progress


@click.command(cls=Command)
def migrate() -> None:
    """Bring the database to the newest schema."""
    from .. import models, prepare  # noqa: F401

    before, after = prepare.bring_up_to_date()
    click.echo(
        f"The database is at {after} already."
        if before == after
        else f"Migrated from {before or 'empty'} to {after}."
    )


@click.command(cls=Command)
@click.option(
    "--scale", type=click.IntRange(0, 2_000_000), default=0, metavar="N", help="Also generate N products."
)
@click.option(
    "--seed",
    "seed_",
    type=int,
    default=7,
    show_default=True,
    metavar="S",
    help="The same S gives the same shop.",
)
@needs_schema
def seed(scale: int, seed_: int) -> None:
    """Load the demo catalogue with two years of orders; with --scale, a generated catalogue beside it."""
    from ..demo import load

    if loaded := load.fill(seed=seed_):
        click.echo(
            f"{loaded.products} products with {loaded.variants} variants, {loaded.reviews} reviews,"
            f" {loaded.orders} orders, {loaded.customers} customers."
        )
    elif not scale:
        click.echo("There is a catalogue here already; nothing was added.")
    if scale:
        from ..demo import scale as generated

        with progress(scale, "Products") as bar:
            added = generated.grow(scale, seed=seed_, progress=bar.update)
        click.echo(f"{added} generated products were added." if added else "They are all here already.")


@click.command(cls=Command)
def setup() -> None:
    """Migrate, and load the demo when the database is empty."""
    from .. import models, prepare  # noqa: F401

    before, after = prepare.bring_up_to_date()
    if before != after:
        click.echo(f"The database is now at {after}.")
    prepare.fill_demo()
