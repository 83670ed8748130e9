"""A mailer that writes letters as .eml files into a folder."""

from __future__ import annotations

import re
from collections.abc import Collection
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from pathlib import Path

from ...core import own_files
from ...core.email_addresses import sent_form
from ...core.errors import ProviderDown
from ...core.i18n import _


def remove_old(folder: Path, before: float, most: int) -> int:
    """Remove at most `most` letters that were written before that moment, in seconds since 1970.

    Returns how many it removed.
    """
    removed = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        if removed == most:
            break
        if path.suffix in (".eml", ".part") and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def remove_to(folder: Path, emails: Collection[str]) -> int:
    """Remove the letters to these addresses; returns how many."""
    wanted, removed = {sent_form(email) for email in emails}, 0
    for path in folder.glob("*.eml") if wanted and folder.is_dir() else ():
        with path.open("rb") as file:
            head = BytesHeaderParser(policy=policy.default).parse(file)
        if str(head["To"]) in wanted:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


class FileMailer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, letter: EmailMessage) -> None:
        """One file a letter, named by its Message-ID: a repeat takes the place of the first."""
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", letter["Message-ID"].strip("<>").split("@")[0])[:150]
        try:
            own_files.folder(self._folder)
            unfinished = self._folder / f".{name}.part"
            unfinished.write_bytes(bytes(letter))
            unfinished.replace(self._folder / f"{name}.eml")
        except OSError as error:
            raise ProviderDown(_("The letter can't be written down.")) from error
