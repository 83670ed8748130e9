"""What commands share: how they end, the check of the schema, progress bars."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import click

from ..core.access.origin import COMMAND_LINE, set_origin
from ..core.cant_start import FAILURES, CantStart, ExitCode
from ..core.errors import ProviderDown, ShopError

_OF_DISKS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG)
"""What writing to a full or broken disk ends with, also where no file is named."""
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
        except BrokenPipeError:
            # Whoever read the output has enough of it.
            _drop_output()
            sys.exit(int(ExitCode.REFUSED))
        except KeyboardInterrupt:
            stop("\nInterrupted. What was finished stays.", ExitCode.INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if ending := of_the_world(error):
                stop(*ending)
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


def of_the_world(error: Exception) -> tuple[str, ExitCode] | None:
    """The sentence and the code for what no code can help; None for a mistake of the shop's.

    For whoever runs the shop: what a shopper is told about the same isn't of use to them.
    """
    from ..core import failures

    if isinstance(error, ProviderDown):
        advice = "Run this again once that is mended: what was done stays, and isn't done twice."
        return f"{error.reason[:1].upper()}{error.reason[1:].removesuffix('.')}. {advice}", ExitCode.REFUSED
    if isinstance(error, failures.Unavailable):
        error = error.__cause__ if isinstance(error.__cause__, Exception) else error
    if failures.is_failure(error) or isinstance(error, (failures.Unavailable, *failures.of_drivers())):
        said = failures.said(error).removesuffix(".")
        return f"The database can't be worked with: {said}. `doctor` looks at it.", ExitCode.DATABASE
    if isinstance(error, ShopError):
        return error.message, ExitCode.REFUSED
    if isinstance(error, OSError) and (error.filename is not None or error.errno in _OF_DISKS):
        where = f"{error.filename} can't be read or" if error.filename is not None else "The output can't be"
        return f"{where} written: {error.strerror}.", ExitCode.REFUSED
    return None


def _end_with_bug() -> NoReturn:
    """End with a sentence, and the traceback in a file: a terminal has no use for it."""
    from ..core.clock import now
    from ..core.settings import settings

    path = settings().data_dir / FAILURES
    try:
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{now().isoformat(timespec='seconds')} {' '.join(sys.argv[1:2])}\n")
            traceback.print_exc(file=file)
        where = f"What happened stands in {path}."
    except OSError as error:
        where = f"{path} can't be written: {error.strerror}."
    stop(f"That failed by a mistake in the shop. {where}", ExitCode.BUG)


def stop(sentence: str, code: ExitCode = ExitCode.REFUSED) -> NoReturn:
    """End the command with a sentence on stderr."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        _drop_output()
    click.echo(sentence, err=True)
    sys.exit(int(code))


def _drop_output() -> None:
    """Let what is still to be written go nowhere: Python would complain of it as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
