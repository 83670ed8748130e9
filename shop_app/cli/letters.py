"""The command that shows a letter as it would be sent, with the data of an order that there is."""

from __future__ import annotations

from pathlib import Path

import click

from .command import Command, needs_schema, stop


@click.command(cls=Command)
@click.argument("kind")
@click.option(
    "--order",
    "number",
    type=click.IntRange(1, 2**53),
    help="The number of the order that it is about; else the newest one.",
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the whole letter to this .eml file."
)
@needs_schema
def letter(kind: str, number: int | None, out: Path | None) -> None:
    """Show the letter of that KIND as it would read now; nothing is sent."""
    from ..core import db
    from ..letters import samples
    from ..services.orders import queries

    if kind not in samples.kinds():
        stop(f"There is no such letter. There are: {', '.join(sorted(samples.kinds()))}.")
    with db.reading() as session:
        order_id = queries.id_of(session, number) if number else None
        message = samples.sample(session, kind, order_id)
    if message is None:
        stop("It is about an order, and there is none yet.")
    if out:
        out.write_bytes(bytes(message))
        click.echo(f"Written to {out}.")
        return
    text = message.get_body(("plain",))
    click.echo(f"Subject: {message['Subject']}\n")
    click.echo(text.get_content() if text else "")
