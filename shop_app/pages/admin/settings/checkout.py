"""The terms of checkout: prices with or without tax, when money is taken, how long units are kept."""

from __future__ import annotations

from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.parts import panel, save_bar, select_field, skeleton, text_field
from shop_app.components.fields import checkbox
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.kit import Component, el, of, text
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.checkout_settings import CheckoutDesk

from .shared import NEEDS, SETTINGS, hidden

HOME = f"{SETTINGS}/checkout"


def checkout() -> Component:
    return desk(
        _form,
        title=_("Checkout"),
        current=SETTINGS,
        ready=of(CheckoutDesk).loaded,
        back=(_("Settings"), SETTINGS),
        waiting=skeleton("h-96"),
    )


def _form() -> Component:
    view = of(CheckoutDesk).view
    return el.form(
        save_bar(),
        form_errors(CheckoutDesk, class_name="mb-4 rounded-r2 empty:hidden *:mb-0!"),
        el.div(_prices(), _cards(), _transfers(), _holds(), class_name=f"{look.STACK} max-w-[760px]"),
        hidden("version", view.version),
        on_submit=submit(CheckoutDesk.save),
        reset_on_submit=False,
        no_validate=True,
        key=text(view.version),
        data_saves="true",
    )


def _prices() -> Component:
    return panel(
        _("Prices"),
        checkbox(
            _("Prices of products include tax"),
            name="prices_include_tax",
            value="1",
            default_checked=of(CheckoutDesk).view.prices_include_tax,
        ),
        el.p(
            _("Shoppers see what they pay. Without it, tax comes on top at checkout."),
            class_name="mt-2 text-xs text-ink-3",
        ),
    )


def _cards() -> Component:
    return panel(
        _("Cards and wallets"),
        select_field(
            _("When a card is charged"),
            el.option(_("With the order"), value="at_order"),
            el.option(_("With the first shipment"), value="at_fulfilment"),
            name="capture",
            default_value=of(CheckoutDesk).view.capture,
            hint=_("With the shipment, the order sets the money aside; after 7 days a bank may refuse it."),
            error=error_of(CheckoutDesk, "capture"),
        ),
    )


def _transfers() -> Component:
    view = of(CheckoutDesk).view
    return panel(
        _("Bank transfer"),
        el.div(
            text_field(
                _("Bank account"),
                name="bank_account",
                default_value=view.bank_account,
                hint=_("As shoppers read it on their order: name and number. Empty: no transfers."),
                error=error_of(CheckoutDesk, "bank_account"),
                auto_complete="off",
                max_length=200,
            ),
            text_field(
                _("Days to pay by transfer"),
                name="transfer_days",
                default_value=view.transfer_days,
                hint=_("Then the order ends, and its units are for sale again."),
                error=error_of(CheckoutDesk, "transfer_days"),
                input_mode="numeric",
                max_length=5,
            ),
            class_name=look.FIELDS,
        ),
    )


def _holds() -> Component:
    return panel(
        _("Units in checkout"),
        text_field(
            _("Minutes that units are kept"),
            name="hold_minutes",
            default_value=of(CheckoutDesk).view.hold_minutes,
            hint=_("For a cart in checkout, from the last thing that its shopper did."),
            error=error_of(CheckoutDesk, "hold_minutes"),
            input_mode="numeric",
            max_length=5,
        ),
    )


PAGE = Page(HOME, checkout, _("Checkout"), load=(CheckoutDesk.load,), needs=NEEDS)
