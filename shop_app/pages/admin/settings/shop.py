"""The settings of the shop itself: who it is, what it says on its pages, and by which terms it sells."""

from __future__ import annotations

from typing import Any

from shop_app.components import styles
from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.parts import panel, save_bar, select_field, skeleton
from shop_app.components.admin.parts import text_field as field
from shop_app.components.controls import button
from shop_app.components.fields import checkbox
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.kit import Component, Text, contains, each, el, fragment, not_, of, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.shell import BackOffice
from shop_app.state.admin.shop_settings import ShopSettings

from .index import ROUTE


def page() -> Component:
    return desk(
        _form,
        title=_("Shop"),
        current=ROUTE,
        ready=of(ShopSettings).loaded,
        back=(_("Settings"), ROUTE),
        waiting=skeleton("h-96"),
    )


def _form() -> Component:
    may_edit = contains(of(BackOffice).rights, "settings.edit")
    parts = el.fieldset(
        _identity(), _contact(), _around(), _home(), _terms(), class_name=look.STACK, disabled=not_(may_edit)
    )
    return el.form(
        when(may_edit, save_bar),
        form_errors(ShopSettings),
        el.input(type="hidden", name="version", value=of(ShopSettings).sheet.version),
        parts,
        # After it was saved it begins anew, with what is kept.
        key=of(ShopSettings).saved,
        on_submit=submit(ShopSettings.save),
        no_validate=True,
        data_saves="true",
        class_name="grid max-w-[820px] gap-4",
    )


def _text(name: str, label: Text, *, most: int, hint: Text = None, **props: Any) -> Component:
    return field(
        label,
        name=name,
        hint=hint,
        error=error_of(ShopSettings, name),
        default_value=getattr(of(ShopSettings).sheet, name),
        max_length=most,
        **props,
    )


def _tick(name: str, label: Text) -> Component:
    return checkbox(
        label, name=name, default_checked=getattr(of(ShopSettings).sheet, name), id=f"field-{name}"
    )


def _note(text: Text) -> Component:
    return el.p(text, class_name=look.PANEL_NOTE)


def _identity() -> Component:
    return panel(
        _("Who you are"),
        el.div(
            _text(
                "name",
                _("Name of the shop"),
                most=100,
                hint=_("In the head of every page, in titles and letters."),
            ),
            _logo(),
            _text(
                "legal_name", _("Legal name"), most=200, hint=_("On the imprint, such as Tide & Twine GmbH.")
            ),
            _text(
                "address", _("Address"), most=500, lines=True, hint=_("With the country in the last line.")
            ),
            _text("represented_by", _("Represented by"), most=200),
            _text("register_entry", _("Register entry"), most=200),
            _text(
                "vat_number",
                _("VAT number"),
                most=20,
                hint=_("With it, businesses in other EU countries buy without VAT."),
            ),
            class_name=look.FIELDS,
        ),
    )


def _logo() -> Component:
    """The logo: the file goes up at once, and counts when the form is saved."""
    key = of(ShopSettings).sheet.logo_key
    shown = when(
        key,
        el.img(src="/media/" + key + "/320.webp", alt=_("Logo"), class_name=styles.LOGO_PICTURE),
    )
    return el.div(
        el.span(_("Logo"), class_name=styles.LABEL),
        el.div(
            el.span(shown, data_picture_shown="field-logo_key", class_name="contents"),
            el.label(
                _("Choose a picture"),
                el.input(
                    type="file",
                    accept="image/png,image/jpeg,image/webp,image/avif",
                    class_name=styles.SR,
                    data_loose="true",
                    custom_attrs={"data-picture-for": "field-logo_key"},
                ),
                class_name=f"{styles.BTN} {styles.OUTLINE} {styles.SIZE_S} has-[:focus-visible]:outline-2",
            ),
            button(_("Remove"), kind="plain", size="s", data_picture_clears="field-logo_key"),
            class_name="flex flex-wrap items-center gap-2",
        ),
        # Read and compared with the others, and written by assets/picture.js alone.
        el.input(
            id="field-logo_key",
            name="logo_key",
            default_value=key,
            aria_label=_("Logo"),
            tab_index=-1,
            read_only=True,
            class_name=styles.SR,
            aria_hidden="true",
        ),
        el.p(
            _("PNG with a clear ground looks best. It takes the place of the name."), class_name=styles.HINT
        ),
        el.p(class_name=f"{styles.ERROR} empty:hidden", role="alert", data_picture_says="field-logo_key"),
        class_name=styles.FIELD,
    )


def _contact() -> Component:
    return panel(
        _("How you are reached"),
        el.div(
            _text(
                "contact_email",
                _("E-mail for shoppers"),
                most=254,
                type="email",
                hint=_("Answers to letters go there."),
            ),
            _text(
                "sender_email",
                _("Sender of letters"),
                most=254,
                type="email",
                hint=_(
                    "Empty for orders@ and the shop's host. Your mail server has to be allowed to send "
                    "for it."
                ),
            ),
            _text("phone", _("Phone"), most=40),
            _text("opening_hours", _("Opening hours"), most=300),
            _text(
                "returns_email",
                _("E-mail for returns"),
                most=254,
                type="email",
                hint=_("Empty for the one above."),
            ),
            _text(
                "returns_address",
                _("Address for returns"),
                most=500,
                lines=True,
                hint=_("With the name on top. Empty for the address of the shop."),
            ),
            class_name=look.FIELDS,
        ),
    )


def _around() -> Component:
    return panel(
        _("Around every page"),
        el.div(
            _text(
                "lead",
                _("What you sell, in a sentence"),
                most=300,
                lines=True,
                hint=_("For search engines, and where a link to the shop is shared."),
            ),
            el.div(
                _text("promise", _("First promise in the head"), most=80),
                _text("second_promise", _("Second promise"), most=80),
                class_name=look.FIELDS_TWO,
            ),
            _tick("announcement_on", _("Show the announcement bar")),
            _text("announcement", _("Announcement"), most=200),
            _text(
                "announcement_href",
                _("Its link"),
                most=500,
                hint=_("A path such as /products, or a whole address."),
            ),
            el.div(
                _text("announcement_from", _("From"), most=40, type="datetime-local"),
                _text("announcement_until", _("Until"), most=40, type="datetime-local"),
                class_name=look.FIELDS_TWO,
            ),
            _text("footer_about", _("About you, in the foot"), most=300, lines=True),
            _text(
                "footer_links",
                _("More links in the foot"),
                most=2000,
                lines=True,
                hint=_("One a line: Journal /about"),
            ),
            _text(
                "social_links",
                _("Where else you are"),
                most=2000,
                lines=True,
                hint=_("One a line: Mastodon https://…"),
            ),
            _tick("guarantee_notice", _("Show the notice of the EU's legal guarantee")),
            _note(
                _(
                    "On product pages, in the cart and in the last step of checkout. Whoever sells goods to "
                    "consumers in the EU has to show it. Until the official file is in place, a text "
                    "stands in for it."
                )
            ),
            class_name=look.FIELDS,
        ),
    )


def _home() -> Component:
    return panel(
        _("Home page"),
        el.div(
            _text("hero_title", _("Headline"), most=120, lines=True, hint=_("Three short lines look best.")),
            _text("hero_lead", _("Below it"), most=300, lines=True),
            _text("sale_title", _("Title of the sale"), most=120),
            _text("sale_text", _("Text of the sale"), most=300, lines=True),
            _text("story_title", _("Title of your story"), most=120),
            _text(
                "story",
                _("Your story"),
                most=2000,
                lines=True,
                hint=_("An empty line begins a paragraph. Without a text it isn't shown."),
            ),
            class_name=look.FIELDS,
        ),
    )


def _terms() -> Component:
    sheet = of(ShopSettings).sheet

    def option(choice: Any) -> Component:
        return el.option(choice.label, value=choice.code)

    def chosen(name: str, label: Text, choices: Any, **props: Any) -> Component:
        return select_field(
            label,
            each(choices, option),
            name=name,
            error=error_of(ShopSettings, name),
            default_value=getattr(sheet, name),
            **props,
        )

    return panel(
        _("Terms"),
        el.div(
            when(
                sheet.has_sold,
                _note(_("Something was sold already, so currency and country stay as they are.")),
                fragment(),
            ),
            el.div(
                chosen("currency", _("Currency"), of(ShopSettings).currencies, disabled=sheet.has_sold),
                chosen("country", _("Country"), of(ShopSettings).countries, disabled=sheet.has_sold),
                _text("region", _("Region"), most=16, hint=_("For its public holidays, such as BE.")),
                _text(
                    "time_zone",
                    _("Time zone"),
                    most=64,
                    hint=_("Such as Europe/Berlin; empty for the country's."),
                ),
                _text(
                    "locale",
                    _("Language"),
                    most=16,
                    hint=_("Amounts and dates follow at once, texts with the next start of the server."),
                ),
                class_name=look.FIELDS_TWO,
            ),
            _tick("prices_include_tax", _("Prices of products include tax")),
            _text(
                "bank_account",
                _("Bank account"),
                most=300,
                hint=_("As it stands on orders by transfer. Empty, and no transfer is offered."),
            ),
            class_name=look.FIELDS,
        ),
    )


PAGE = Page(f"{ROUTE}/shop", page, _("Shop"), load=(ShopSettings.load,), needs="settings.view")
