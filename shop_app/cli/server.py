"""Commands for the server: serving, and what would keep it from doing so."""

from __future__ import annotations

import sys

import click

from .command import Command, Examination, needs_schema, stop


@click.command(cls=Examination)
def doctor() -> None:
    """Say what is configured, what is missing, and what would fail."""
    from . import check_up

    fails = False
    for finding in check_up.examine():
        click.echo(f"{finding.mark:8} {finding.subject + ':':18} {finding.text}")
        fails = fails or finding.mark == "fails"
    sys.exit(1 if fails else 0)


@click.command(cls=Command)
@click.option("--worker", type=click.IntRange(1, 64), hidden=True, help="The number of a supervised worker.")
def serve(worker: int | None) -> None:
    """Serve shop, back office and webhooks on one port."""
    from .. import serve as server

    if worker is None:
        server.run()
    else:
        server.work_as(worker)


@click.command(cls=Command)
def work() -> None:
    """Do background work alone: a process beside those that serve."""
    from .. import prepare
    from ..core.settings import SEVERAL_NEED, settings

    if not settings().can_be_several:
        stop(f"Background work in a process of its own {SEVERAL_NEED}.")
    prepare.speak()
    _work()


@needs_schema
def _work() -> None:
    from .. import serve as server

    server.work_alone()
