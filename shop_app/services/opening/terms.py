"""The terms of checkout as staff see and change them: how it is paid, and how long units are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.errors import Invalid
from ...core.i18n import _
from ...core.shop import Profile
from ..shop import profile
from ..staff import stale

VIEW = "settings.view"
NUMBERS = ("transfer_days", "hold_minutes")
TICKS = ("prices_include_tax",)


@dataclass(frozen=True, slots=True)
class TermsView:
    """The terms as they stand in their fields."""

    capture: str = "at_order"
    bank_account: str = ""
    transfer_days: str = ""
    hold_minutes: str = ""
    prices_include_tax: bool = True
    version: int = 0


def terms(session: Session, *, by: Principal) -> TermsView:
    """Errors  Forbidden."""
    by.need(VIEW)
    return _view(profile.read(session))


def change(session: Session, typed: Mapping[str, str], *, version: int, by: Principal) -> None:
    """Change the fields that are given, typed as in the form.

    Errors  Forbidden; Invalid names the field; Conflict with both values where somebody else changed the shop
            meanwhile.
    """
    by.need(profile.PERMISSION)
    changes = {name: _read(name, text) for name, text in typed.items() if name in labels()}
    now = profile.read(session)
    if version != now.version:
        raise stale.conflict(
            (labels()[name], _said(name, getattr(now, name)), _said(name, value))
            for name, value in changes.items()
        )
    profile.save(session, by, changes, version=version)


def labels() -> dict[str, str]:
    """Field -> what it is called."""
    return {
        "capture": _("When a card is charged"),
        "bank_account": _("Bank account"),
        "transfer_days": _("Days to pay by transfer"),
        "hold_minutes": _("Minutes that units are kept"),
        "prices_include_tax": _("Prices include tax"),
    }


def captures() -> dict[str, str]:
    return {
        "at_order": _("With the order"),
        "at_fulfilment": _("With the first shipment"),
    }


def _read(name: str, text: str) -> Any:
    if name in TICKS:
        return text == "1"
    if name in NUMBERS:
        digits = text.strip()
        if not (digits.isascii() and digits.isdigit() and len(digits) < 6):
            raise Invalid(_("Enter a whole number."), field=name)
        return int(digits)
    if name == "capture" and text not in captures():
        raise Invalid(_("Choose when a card is charged."), field=name)
    return text


def _said(name: str, value: Any) -> str:
    if name in TICKS:
        return _("yes") if value else _("no")
    return captures()[value] if name == "capture" else str(value)


def _view(own: Profile) -> TermsView:
    return TermsView(
        own.capture,
        own.bank_account,
        str(own.transfer_days),
        str(own.hold_minutes),
        own.prices_include_tax,
        own.version,
    )
