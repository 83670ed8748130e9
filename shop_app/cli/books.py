"""Commands for the books: whether they add up, and whether payment providers agree with them."""

from __future__ import annotations

import json
import sys

import click

from .command import Command, needs_schema


@click.command("check-books", cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@needs_schema
def check_books(as_json: bool) -> None:
    """Prove that orders, payments, refunds, stock and discounts add up; list what doesn't."""
    from ..core import db
    from ..services.books import check as books

    with db.reading() as session:
        result = books.check(session)
    if as_json:
        click.echo(json.dumps(result.as_dict(), indent=1, ensure_ascii=False))
    else:
        for violation in result.violations:
            click.echo(violation.sentence)
        click.echo(result.summary)
    sys.exit(1 if result.violations else 0)


@click.command(cls=Command)
@needs_schema
def reconcile() -> None:
    """Compare open and recent payments with the payment provider and settle what was missed."""
    from .. import serve
    from ..worker import jobs

    # Extensions may have brought providers of their own.
    serve.application()
    lines = jobs.reconcile(say=click.echo)
    click.echo("Everything agrees." if not lines else f"{len(lines)} settled or to look at.")
