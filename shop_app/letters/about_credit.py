"""Letters that bring a gift card or store credit: the one place where its code can be read.

The outbox doesn't keep the code: it is derived again when the letter is composed.
"""

from __future__ import annotations

from typing import Any

from ..core.i18n import _
from ..core.settings import settings
from ..services.credit import codes as credit_codes
from .wording import Words


def gift_card(data: dict[str, Any]) -> Words:
    return _with_code(
        data,
        _("A gift card of {amount}"),
        credit_codes.make(data["request_key"]),
        _("What isn't used stays on it. Whoever has the code can spend it, so keep it to yourself."),
    )


def store_credit(data: dict[str, Any]) -> Words:
    return _with_code(
        data,
        _("{amount} of store credit for you"),
        credit_codes.of_account(data["account_id"]),
        _("The code stays the same when more is added. Whoever has it can spend it: keep it to yourself."),
    )


def _with_code(data: dict[str, Any], name: str, code: str, keep: str) -> Words:
    subject = name.format(amount=data["amount"])
    return Words(
        subject,
        subject,
        [],
        code=code,
        rows=[
            (_("Balance"), data.get("balance", data["amount"])),
            *([(_("To be used until"), data["until"])] if data.get("until") else []),
        ],
        after=[_("Enter the code in the cart or at checkout, under “Gift card or credit?”."), keep],
        button=_("See everything"),
        link=f"{settings().public_url}/products",
        why=_("You get this letter because of a gift card or credit for this address."),
    )


KINDS = {"gift_card": gift_card, "store_credit": store_credit}
