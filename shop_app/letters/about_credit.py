"""Letters that bring a gift card or store credit: the one place where its code can be read.

The code doesn't lie in the outbox: it is made again when the letter is.
"""

from __future__ import annotations

from typing import Any

from ..services.credit import credit_codes
from ..settings import settings
from ..words import _

KINDS = ("gift_card", "store_credit")


def subject(kind: str, data: dict[str, Any]) -> str:
    name = _("A gift card of {amount}") if kind == "gift_card" else _("{amount} of store credit for you")
    return name.format(amount=data["amount"])


def text(kind: str, data: dict[str, Any], shop: str) -> str:
    """The letter in plain text, without an order around it."""
    is_card = kind == "gift_card"
    code = credit_codes.make(data["request_key"]) if is_card else credit_codes.of_account(data["account_id"])
    parts = [
        subject(kind, data),
        _("Your code: {code}").format(code=code),
        _("Enter it in the cart or at checkout, under “Gift card or credit?”. What isn't used stays on it."),
        _("Whoever has the code can spend it, so keep it to yourself.")
        if is_card
        else _("It stays the same when more is added. Whoever has it can spend it: keep it to yourself."),
        f"{shop}\n{settings().public_url}",
    ]
    return "\n\n".join(parts) + "\n"
