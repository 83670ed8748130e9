"""Letters as .eml files in a folder, which every mail program opens."""

from __future__ import annotations

import re
from email.message import EmailMessage
from pathlib import Path

from ... import own_files
from ...errors import ProviderDown
from ...words import _


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
