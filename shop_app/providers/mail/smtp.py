"""A mailer by SMTP: smtp://user:password@host:587 (with STARTTLS where offered) or smtps://host:465."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from ...core.errors import Invalid, ProviderDown
from ...core.i18n import _

TIMEOUT_SECONDS = 15


class SmtpMailer:
    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    def send(self, letter: EmailMessage) -> None:
        try:
            with self._connection() as server:
                server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as error:
            refused = next(iter(error.recipients.values()), (0, b""))[0]
            if 500 <= refused < 600:
                raise Invalid(_("The address takes no letters."), field="email") from error
            raise ProviderDown(_("The mail server doesn't take the letter now.")) from error
        except (smtplib.SMTPException, OSError) as error:
            raise ProviderDown(_("The mail server doesn't answer.")) from error

    def _connection(self) -> smtplib.SMTP:
        host, secure = self._url.hostname or "localhost", ssl.create_default_context()
        if self._url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, self._url.port or 465, timeout=TIMEOUT_SECONDS, context=secure
            )
        else:
            server = smtplib.SMTP(host, self._url.port or 587, timeout=TIMEOUT_SECONDS)
        server.ehlo()
        if self._url.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=secure)
        elif self._url.scheme == "smtp" and self._url.username and host not in ("localhost", "127.0.0.1"):
            server.close()
            raise ProviderDown(_("The mail server would take the password unencrypted."))
        if self._url.username:
            server.login(unquote(self._url.username), unquote(self._url.password or ""))
        return server
