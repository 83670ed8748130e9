"""What happened to stock, in words: the reasons that staff choose, and those that the shop writes itself."""

from __future__ import annotations

from ...core.i18n import _
from ...models import MovementKind


def reasons() -> dict[str, str]:
    """Why staff change a number: the labels, by the word that is stored."""
    return {
        "delivery": _("Received"),
        "count": _("Counted"),
        "mistake": _("Correction"),
        "broken": _("Damaged"),
        "lost": _("Stolen or lost"),
        "return": _("Returned"),
        "found": _("Found"),
        "own_use": _("Used in the shop"),
    }


def movement(kind: str, reason: str) -> str:
    """One line of the ledger in words."""
    return reasons().get(reason) or _of_the_shop(reason) or _of_kind().get(kind, reason) or kind


def _of_the_shop(reason: str) -> str:
    """The reasons that the shop's own commands write, whose kind doesn't say enough."""
    return {
        "not tracked": _("No longer tracked"),
        "new": _("New variant"),
        "demo": _("First stock"),
        "seed": _("First stock"),
    }.get(reason, "")


def _of_kind() -> dict[str, str]:
    return {
        MovementKind.RECEIVED: _("Received"),
        MovementKind.ADJUSTED: _("Adjusted"),
        MovementKind.HELD: _("Held for a cart in checkout"),
        MovementKind.UNHELD: _("Hold ended"),
        MovementKind.ALLOCATED: _("Ordered"),
        MovementKind.RELEASED: _("Given back by an order"),
        MovementKind.SHIPPED: _("Sent"),
        MovementKind.RECALLED: _("Shipment cancelled"),
        MovementKind.RETURNED: _("Returned"),
    }


def actor(stored: str) -> str:
    """Who did it: an e-mail address of staff, or the shop itself."""
    kind, _colon, name = stored.partition(":")
    return name if kind == "staff" and name else _("The shop")
