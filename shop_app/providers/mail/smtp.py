"""A mailer by SMTP: smtp://user:password@host:587 (with STARTTLS where offered) or smtps://host:465.

Hosts of addresses go out in ASCII, so that only a name before the @ with other letters (`jürgen@…`) needs a
server with SMTPUTF8 (RFC 6531). Whether this one has it is learned whenever it is talked to.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from ...core.errors import Invalid, ProviderDown
from ...core.i18n import _
from ...core.typed_text import prose
from . import AddressRefused

TIMEOUT_SECONDS = 15
_ABOUT_US = frozenset({502, 503, 504, 530, 534, 535, 538})
"""Answers that refuse this shop's way of talking or its login: the address has nothing to do with them."""
_NO_SUCH_ADDRESS = re.compile(r"\s*5\.(1\.[1-3]|1\.6|1\.10|2\.1)\b")
"""Enhanced status codes (RFC 3463) of an address that isn't there, is given up, or takes no mail."""
_ENHANCED = re.compile(r"\s*5\.\d+\.\d+\b")
_ADDRESS = re.compile(r"\S*@\S*")


class SmtpMailer:
    def __init__(self, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._url = urlsplit(url)
        self._timeout_seconds = timeout_seconds
        self._takes_unicode: bool | None = None
        """Whether the server has SMTPUTF8, as it said last; None before it was asked."""

    def can_deliver(self, address: str) -> bool:
        """Whether the server takes letters to it; asks the server once, where that isn't known yet.

        Errors  ProviderDown where it doesn't answer.
        """
        if address.isascii():
            return True
        if self._takes_unicode is None:
            self._talk(None)
        return bool(self._takes_unicode)

    @property
    def place(self) -> str:
        """Host and port, without the login."""
        return f"{self._url.hostname or 'localhost'}:{self._port}"

    @property
    def signs_in(self) -> bool:
        return bool(self._url.username)

    @property
    def _port(self) -> int:
        return self._url.port or (465 if self._url.scheme == "smtps" else 587)

    def try_out(self) -> None:
        """Connect and sign in as for a letter, and send none.

        Errors  ProviderDown with the reason.
        """
        self._talk(None)

    def send(self, letter: EmailMessage) -> None:
        self._talk(letter)

    def _talk(self, letter: EmailMessage | None) -> None:
        """Connect, learn what the server can, and send the letter, if one is given."""
        try:
            with self._connection() as server:
                self._takes_unicode = server.has_extn("smtputf8")
                if letter is not None:
                    if not (self._takes_unicode or letter["To"].isascii()):
                        raise Invalid(_("The mail server has no SMTPUTF8, which this address needs."))
                    server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as error:
            raise _refusal_of_address(*next(iter(error.recipients.values()), (0, b""))) from error
        except smtplib.SMTPDataError as error:
            raise _refusal(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPResponseException as error:
            # It refused its greeting, the login or the shop's own address: that can be mended.
            raise ProviderDown(_said(error.smtp_code, error.smtp_error)) from error
        except (ssl.SSLError, smtplib.SMTPNotSupportedError) as error:
            raise ProviderDown(_("The mail server can't be used: {why}").format(why=error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise ProviderDown(_("The mail server doesn't answer.")) from error

    def _connection(self) -> smtplib.SMTP:
        host, secure = self._url.hostname or "localhost", ssl.create_default_context()
        if self._url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, self._port, timeout=self._timeout_seconds, context=secure
            )
        else:
            server = smtplib.SMTP(host, self._port, timeout=self._timeout_seconds)
        server.ehlo_or_helo_if_needed()
        if self._url.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=secure)
            server.ehlo_or_helo_if_needed()
        elif self._url.scheme == "smtp" and self._url.username and host not in ("localhost", "127.0.0.1"):
            server.close()
            raise ProviderDown(_("The mail server would take the password unencrypted."))
        if self._url.username:
            server.login(unquote(self._url.username), unquote(self._url.password or ""))
        return server


def _refusal_of_address(status: int, said: bytes | str) -> Invalid | ProviderDown:
    """The same for a refusal of whom the letter is to: a full mailbox or the shop's bad name isn't the
    address's fault, where the server says so."""
    refusal = _refusal(status, said)
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    of_address = _NO_SUCH_ADDRESS.match(text) if _ENHANCED.match(text) else status in (550, 551, 553, 556)
    return AddressRefused(refusal.message) if isinstance(refusal, Invalid) and of_address else refusal


def _refusal(status: int, said: bytes | str) -> Invalid | ProviderDown:
    """A refusal of the letter: for good (5xx), or for now; with the server's reason."""
    if 500 <= status < 600 and status not in _ABOUT_US:
        return Invalid(_said(status, said))
    return ProviderDown(_said(status, said))


def _said(status: int, said: bytes | str) -> str:
    """The server's answer on one line, without the addresses in it."""
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    text = _ADDRESS.sub("…", prose(text))[:300].strip()
    return _("The mail server refused: {status} {text}").format(status=status, text=text).strip()
