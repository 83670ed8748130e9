"""What is said to somebody whose form was filled in from an older version: both values of each field."""

from __future__ import annotations

from collections.abc import Iterable

from ...core.errors import Conflict
from ...core.i18n import _


def conflict(fields: Iterable[tuple[str, str, str]]) -> Conflict:
    """The refusal, for fields as (label, what it is now, what was entered); nothing of the form is written.

    >>> conflict([("Price", "€5.90", "€5.50")]).message
    'Somebody else changed this meanwhile. Price is now “€5.90”, you entered “€5.50”. Nothing was saved.'
    """
    sentence = _("{label} is now “{now}”, you entered “{entered}”.")
    nothing = _("empty")
    lines = [
        sentence.format(label=label, now=now or nothing, entered=entered or nothing)
        for label, now, entered in fields
        if now != entered
    ]
    return Conflict(" ".join([_("Somebody else changed this meanwhile."), *lines, _("Nothing was saved.")]))
