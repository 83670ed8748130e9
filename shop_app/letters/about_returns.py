"""Letters about returns and withdrawals, among them the receipt that the law asks for on a durable medium."""

from __future__ import annotations

from typing import Any

from ..core import links
from ..core.i18n import _
from ..core.shop import shop
from ..services.returns.queries import MONEY_DAYS, send_to
from ..services.storefront.order_page import OrderView
from .wording import Words


def withdrawal_received(view: OrderView, data: dict[str, Any]) -> Words:
    """Repeats what was declared, when and by whom, and says what follows."""
    receipt = data["receipt"]
    return Words(
        _("Order {number}: your withdrawal").format(number=receipt["number"]),
        _("We have your withdrawal"),
        [
            _(
                "You have withdrawn from the contract about the things below. This letter confirms it; "
                "you don't need anyone's consent. Keep it."
            )
        ],
        rows=[
            (_("Order"), receipt["number"]),
            (_("Declared by"), receipt["name"]),
            (_("Email"), receipt["email"]),
            (_("Received"), receipt["at"]),
            *_note(receipt),
        ],
        items_title=_("What you withdraw from"),
        items=receipt["things"],
        after=_what_follows(receipt, paid=view.payment_status != "none"),
        button=_("See your order"),
    )


def _note(receipt: dict[str, Any]) -> list[tuple[str, str]]:
    """The note in one line and without links: who wrote it may have chosen whom this letter goes to."""
    note = links.unlinked(" ".join(receipt["note"].split()))
    return [(_("Your note"), note)] if note else []


def _what_follows(receipt: dict[str, Any], *, paid: bool) -> list[str]:
    back, ended = receipt["send_back"], receipt["not_sent"]
    lines = []
    if ended:
        what = _("This hasn't left us and won't be sent: {things}.").format(things="; ".join(ended))
        nothing_due = _("You don't have to pay for it.")
        goes_back = _("Your money for it goes back within 14 days from today.")
        lines.append(f"{what} {goes_back if paid else nothing_due}")
    if back:
        only = (
            _("Send this back by {day}: {things}.") if ended else _("You have until {day} to send it back.")
        )
        what = only.format(day=receipt["send_until"], things="; ".join(back))
        lines.append(f"{what} {send_to(receipt['number'])}")
        lines.append(
            _(
                "Your money for it goes back within {days} days after it has arrived here, or after you have "
                "shown that you sent it, by the way you paid."
            ).format(days=MONEY_DAYS)
        )
    return lines


def return_requested(view: OrderView, data: dict[str, Any]) -> Words:
    receipt = data["receipt"]
    return Words(
        _("Order {number}: your return").format(number=receipt["number"]),
        _("We have your request"),
        [
            _(
                "You would like to send back what stands below. Keep it until you hear from us: we answer "
                "within two working days."
            )
        ],
        rows=[
            (_("Order"), receipt["number"]),
            (_("Asked for"), receipt["at"]),
            *_note(receipt),
        ],
        items_title=_("What you would like to return"),
        items=receipt["things"],
        button=_("See your order"),
    )


def return_approved(view: OrderView, data: dict[str, Any]) -> Words:
    return Words(
        _("Order {number}: send it back").format(number=view.number),
        _("You can send it back"),
        [
            *_answer(data),
            send_to(view.number),
            _("Pack the things so that they survive the way. The box they came in is best."),
        ],
        rows=[(_("Address"), shop().returns_to)],
        items_title=_("What comes back"),
        items=list(data.get("things", ())),
        after=[
            _(
                "Your money goes back within {days} days after they have arrived here, by the way you paid."
            ).format(days=MONEY_DAYS)
        ],
        button=_("See your order"),
    )


def return_declined(view: OrderView, data: dict[str, Any]) -> Words:
    return Words(
        _("Order {number}: about your return").format(number=view.number),
        _("We can't take it back"),
        _answer(data),
        items_title=_("What you wanted to return"),
        items=list(data.get("things", ())),
        after=[
            _(
                "If you see it differently, answer this letter. Your rights where something is faulty stay "
                "as they are, for two years."
            )
        ],
        button=_("See your order"),
    )


def return_received(view: OrderView, data: dict[str, Any]) -> Words:
    return Words(
        _("Order {number}: your return is here").format(number=view.number),
        _("It has arrived here"),
        [
            _("Your money goes back within {days} days, by the way you paid. We write to you then.").format(
                days=MONEY_DAYS
            )
        ],
        items_title=_("What came back"),
        items=list(data.get("things", ())),
        button=_("See your order"),
    )


def _answer(data: dict[str, Any]) -> list[str]:
    answer = str(data.get("answer", "")).strip()
    return [answer] if answer else []
