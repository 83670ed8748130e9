"""What commands share: how they end, the check of the schema, progress bars."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import click

from ..core.access.origin import COMMAND_LINE, set_origin
from ..core.cant_start import FAILURES, CantStart, ExitCode
from ..core.errors import ProviderDown, ShopError

NEEDS_MIGRATION = "The database isn't at the newest schema. Run `python -m shop_app migrate` first."


class Command(click.Command):
    """A command that ends with a sentence and an exit code, whatever keeps it from its work.

    It begins once data folder and database can be worked with. A traceback is written into the data folder.
    """

    looks_first = True

    def invoke(self, ctx: click.Context) -> Any:
        set_origin(COMMAND_LINE)
        try:
            if self.looks_first:
                _look(ctx)
            return super().invoke(ctx)
        except CantStart as cant:
            cant.end()
        except ProviderDown:
            # What a shopper is told isn't what an operator can use.
            stop("A provider outside doesn't answer, and nothing was changed by this. `doctor` says which.")
        except ShopError as refusal:
            stop(refusal.message)
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(1)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception:
            _end_with_bug()


class Examination(Command):
    """A command that looks at everything by itself, and has to begin in any state."""

    looks_first = False


def _look(ctx: click.Context) -> None:
    from ..core import starting
    from ..core.settings import settings, unknown_settings

    chosen, is_worker = settings(), bool(ctx.params.get("worker"))
    if not is_worker:
        for sentence in unknown_settings():
            click.echo(sentence, err=True)
    # A worker that is started again while Redis is away serves without it.
    starting.look(chosen, with_redis=ctx.info_name in ("serve", "work") and not is_worker)


def _end_with_bug() -> NoReturn:
    """End with a sentence, and the traceback in a file: a terminal has no use for it."""
    from ..core.clock import now
    from ..core.settings import settings

    path = settings().data_dir / FAILURES
    with path.open("a") as file:
        file.write(f"{now().isoformat(timespec='seconds')} {' '.join(sys.argv[1:2])}\n")
        traceback.print_exc(file=file)
    click.echo(f"That failed by a mistake in the shop. What happened stands in {path}.", err=True)
    sys.exit(int(ExitCode.BUG))


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


def needs_a_schema(command: Callable[..., Any]) -> Callable[..., Any]:
    """Have the command end with one sentence while the database is empty; any release's schema will do."""

    @wraps(command)
    def checked(*args: Any, **kwargs: Any) -> Any:
        from ..core import db, migrate

        with db.reading() as session:
            if migrate.current(session.connection()) is None:
                stop(NEEDS_MIGRATION)
        return command(*args, **kwargs)

    return checked


def progress(length: int, label: str) -> Any:
    """A progress bar on stderr, hidden where that is no terminal."""
    return click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())
