"""Mail: the Protocol of mailers, and the one that this process uses."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from functools import lru_cache
from typing import Protocol, runtime_checkable

from ...core.errors import Invalid
from ...core.settings import settings


class AddressRefused(Invalid):
    """Its mail server takes nothing for this address, and says that this stays so."""

    code = "address_refused"


class Mailer(Protocol):
    def send(self, letter: EmailMessage) -> None:
        """Send the letter. The same letter may be sent twice, with the same Message-ID.

        Errors  ProviderDown when it wasn't taken and may be tried again; Invalid when it never will be,
                AddressRefused where that is because of whom it is to. Staff read why.
        """
        ...


@runtime_checkable
class KnowingMailer(Mailer, Protocol):
    """A mailer that can say beforehand where its letters don't get to."""

    def can_deliver(self, address: str) -> bool:
        """Whether letters to this address are taken; may ask outside, so it isn't called in a transaction.

        Errors  ProviderDown where that isn't known.
        """
        ...


_own_mailer: Callable[[], Mailer] | None = None


def use(make: Callable[[], Mailer] | None) -> None:
    """Send letters by what `make` makes from now on; with None the settings decide."""
    global _own_mailer
    _own_mailer = make
    mailer.cache_clear()


@lru_cache(maxsize=1)
def mailer() -> Mailer:
    """An extension's, else SHOP_SMTP_URL's server, else files in the data folder."""
    if _own_mailer:
        return _own_mailer()
    if settings().smtp_url:
        from .smtp import SmtpMailer

        return SmtpMailer(settings().smtp_url)
    from .file import FileMailer

    return FileMailer(settings().data_dir / "letters")
