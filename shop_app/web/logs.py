"""The filter of all logs: removes payloads, cookies, tokens, e-mail and card numbers, and limits the rate."""

from __future__ import annotations

import logging
import re
import time
from collections import defaultdict

from shop_app.core.settings import settings

LINES_PER_SECOND = 20
MAX_CHARS = 4000

# Loggers that write whole events, headers or values; of their messages only the kind of failure stays.
_TALKATIVE = (
    "reflex_base.event.processor",
    "reflex.app",
    "reflex_base.vars.base",
    "reflex.state",
    "reflex.utils.token_manager",
    "socketio",
    "engineio",
)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
_COOKIE = re.compile(r"((?:shop_visitor|shop_session|shop_step)=)[^;\s\"']+")
_HEADER = re.compile(r"(?i)((?:set-)?cookie|authorization|stripe-signature)(['\"]?\s*[:=]\s*['\"]?)[^'\"\n]+")
_SECRET = re.compile(r"\b(?:sk|rk|pk|whsec)_(?:live_|test_)?[A-Za-z0-9]{8,}|\b[A-Za-z0-9_-]{43}\b")
_LETTER_LINK = re.compile(r"(/letters/)[A-Za-z0-9_-]{22,}")
_DIGITS = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")


def _luhn(digits: str) -> bool:
    total = 0
    for at, char in enumerate(reversed(digits)):
        number = int(char) * (1 + at % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def _card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return "[card]" if _luhn(digits) else match[0]


def redacted(text: str) -> str:
    """The text without secrets and personal data.

    >>> redacted("paid by ada@example.com with 4242 4242 4242 4242")
    'paid by [e-mail] with [card]'
    """
    text = _COOKIE.sub(r"\1[key]", text)
    text = _HEADER.sub(r"\1\2[hidden]", text)
    text = _LETTER_LINK.sub(r"\1[key]", text)
    text = _EMAIL.sub("[e-mail]", text)
    text = _SECRET.sub("[key]", text)
    return _DIGITS.sub(_card, text)[:MAX_CHARS]


class Redaction(logging.Filter):
    """Redacts every record, and drops those of a logger above `LINES_PER_SECOND`."""

    def __init__(self) -> None:
        super().__init__()
        self._second: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
        self._formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "redacted", False):
            return True
        record.redacted = True
        if self._too_many(record.name):
            return False
        if record.name.startswith(_TALKATIVE):
            self._shorten(record)
        else:
            record.msg, record.args = redacted(record.getMessage()), None
            if record.exc_info and record.exc_info is not True:
                record.exc_text = redacted(self._formatter.formatException(record.exc_info))
                record.exc_info = None
        return True

    def _shorten(self, record: logging.LogRecord) -> None:
        # The level, the place and the error's class stay; the rest may contain what a browser sent.
        error = ""
        if record.exc_info and record.exc_info is not True and record.exc_info[0]:
            error = f": {record.exc_info[0].__name__}"
        record.msg = f"{record.levelname.lower()} at {record.module}:{record.lineno}{error}"
        record.args = record.exc_info = record.exc_text = None

    def _too_many(self, source: str) -> bool:
        second = int(time.monotonic())
        seen, count = self._second[source]
        count = count + 1 if seen == second else 1
        self._second[source] = (second, count)
        return count > LINES_PER_SECOND


_redaction = Redaction()
_process = ""


def name_process(name: str) -> None:
    """Have every line of this process say which of several it is; before `redact`."""
    global _process
    _process = f"[{name}] "


def redact() -> None:
    """Add the filter to every handler that exists, and to the loggers of `_TALKATIVE` themselves."""
    root = logging.getLogger()
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)s {_process}%(name)s %(message)s"))
        root.addHandler(handler)
    logging.getLogger("shop_app").setLevel(settings().log_level)
    loggers = [logger for logger in root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    for filterer in (
        *(handler for logger in (root, *loggers) for handler in logger.handlers),
        *(logger for logger in loggers if logger.name.startswith(_TALKATIVE)),
    ):
        if _redaction not in filterer.filters:
            filterer.addFilter(_redaction)
