"""Mail: hands a finished letter to whoever carries it."""

from __future__ import annotations

from email.message import EmailMessage
from functools import lru_cache
from typing import Protocol

from ...core.settings import settings


class Mailer(Protocol):
    def send(self, letter: EmailMessage) -> None:
        """Hand the letter on. The same letter may come twice: its Message-ID says so.

        Errors  ProviderDown when it wasn't taken and may be tried again; Invalid when it never will be.
        """
        ...


@lru_cache(maxsize=1)
def mailer() -> Mailer:
    """SHOP_SMTP_URL's server, or files in the data folder without one."""
    if settings().smtp_url:
        from .smtp import SmtpMailer

        return SmtpMailer(settings().smtp_url)
    from .file import FileMailer

    return FileMailer(settings().data_dir / "letters")
