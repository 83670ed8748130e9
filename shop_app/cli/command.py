"""What commands share: refusals as one sentence and exit code 1, the check of the schema, progress bars."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import click

from ..core.access.origin import COMMAND_LINE, set_origin
from ..core.errors import ShopError

NEEDS_MIGRATION = "The database isn't at the newest schema. Run `python -m shop_app migrate` first."


class Command(click.Command):
    """A command whose refusals are sentences: a traceback here is a bug."""

    def invoke(self, ctx: click.Context) -> Any:
        set_origin(COMMAND_LINE)
        try:
            return super().invoke(ctx)
        except ShopError as refusal:
            stop(refusal.message)
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(1)


def stop(sentence: str) -> NoReturn:
    """End the command with a sentence on stderr and exit code 1."""
    click.echo(sentence, err=True)
    sys.exit(1)


def needs_schema(command: Callable[..., Any]) -> Callable[..., Any]:
    """Have the command end with one sentence while the database lacks the newest schema; know the shop."""

    @wraps(command)
    def checked(*args: Any, **kwargs: Any) -> Any:
        from ..core import db, migrate
        from ..services.shop import profile

        with db.reading() as session:
            if not migrate.suits(session.connection()):
                stop(NEEDS_MIGRATION)
            profile.load(session)
        return command(*args, **kwargs)

    return checked


def progress(length: int, label: str) -> Any:
    """A progress bar on stderr, hidden where that is no terminal."""
    return click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())
