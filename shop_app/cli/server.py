"""Commands for the server: serving, and what would keep it from doing so."""

from __future__ import annotations

import sys

import click

from .command import Command, Examination, needs_schema, stop


@click.command(cls=Examination)
def doctor() -> None:
    """Say what is configured, what is missing, and what would fail."""
    from . import check_up

    findings = check_up.examine()
    for finding in findings:
        click.echo(f"{finding.mark:8} {finding.subject}: {finding.text}")
    sys.exit(1 if any(finding.mark == "fails" for finding in findings) else 0)


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
