"""What keeps a command from starting: one sentence for whoever typed it, and an exit code of its own."""

from __future__ import annotations

import sys
from enum import IntEnum
from typing import NoReturn

FAILURES = "failures.log"
"""In the data folder: the tracebacks of commands that failed by a mistake of the shop."""


class ExitCode(IntEnum):
    """What a command ends with, beside 0 and the 2 of a command line that can't be read."""

    REFUSED = 1
    SETTINGS = 3
    DATA_FOLDER = 4
    PORT = 5
    DATABASE = 6
    REDIS = 7
    TAKEN = 8
    """Another server works with this data folder, or another machine with this database."""
    BUG = 70
    INTERRUPTED = 130
    """By Ctrl-C, as shells say it."""


class CantStart(SystemExit):
    """A state in which nothing can be begun. Uncaught, it ends the process with its sentence on stderr."""

    exit_code = ExitCode.REFUSED

    def __init__(self, sentence: str, exit_code: ExitCode | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.exit_code = exit_code or self.exit_code

    def end(self) -> NoReturn:
        """End this process, with the sentence on stderr."""
        sys.stderr.write(f"{self.sentence}\n")
        raise SystemExit(int(self.exit_code))
