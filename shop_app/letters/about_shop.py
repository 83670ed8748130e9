"""The letter that staff send to themselves, to see whether mail works."""

from __future__ import annotations

from typing import Any

from ..core.i18n import _
from ..core.settings import settings
from ..core.shop import shop
from .wording import Words


def test_letter(data: dict[str, Any]) -> Words:
    subject = _("A test letter from {shop}").format(shop=shop().name)
    return Words(
        subject,
        _("Mail works"),
        [
            _("This letter went the way that every letter of the shop goes."),
            _("Look at who it is from, and whether it came to the inbox or among the spam."),
        ],
        button=_("To the letters"),
        link=f"{settings().public_url}/admin/settings/letters",
        why=_("You get this letter because you asked for it in the back office."),
    )


KINDS = {"test_letter": test_letter}
