"""The list of products, and creating one by its name."""

from __future__ import annotations

from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.list import list_page
from shop_app.components.admin.menu import MenuItem
from shop_app.components.admin.parts import act, panel, text_field
from shop_app.components.controls import link_button
from shop_app.components.forms import error_of
from shop_app.components.kit import Component, contains, el, of, when
from shop_app.components.parts import busy_button
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.services.desk.product_bulk import EDIT
from shop_app.services.desk.products import PRODUCTS
from shop_app.state.admin.product import NewProduct
from shop_app.state.admin.records import RecordList
from shop_app.state.admin.shell import BackOffice


def new_product() -> Component:
    form = el.form(
        text_field(
            _("Name"),
            name="title",
            required=True,
            max_length=200,
            error=error_of(NewProduct, "title"),
            hint=_("Everything else comes on its page, which says what is still missing."),
            auto_focus=True,
            data_testid="product-name",
        ),
        busy_button(
            _("Create product"),
            type="submit",
            size="s",
            answer=of(NewProduct).answers,
            busy_label=_("Creating"),
            class_name="justify-self-start",
            data_testid="product-create",
        ),
        on_submit=lambda form: NewProduct.create(form),
        no_validate=True,
        class_name=look.FIELDS,
    )
    return desk(
        lambda: el.div(panel(_("What is it called?"), form), class_name="max-w-[560px]"),
        title=_("New product"),
        current="/admin/products",
        back=(_("Products"), "/admin/products"),
    )


def _new() -> Component:
    link = link_button(_("New product"), href="/admin/products/new", size="s", **act(_("New product"), "n"))
    return when(contains(of(BackOffice).rights, EDIT), link)


PAGES = (
    Page(
        PRODUCTS.address,
        list_page(PRODUCTS, actions=_new),
        PRODUCTS.title,
        load=(RecordList.load,),
        needs=PRODUCTS.needs,
        menu=MenuItem(PRODUCTS.title, "product", keys="g p"),
    ),
    Page("/admin/products/new", new_product, _("New product"), needs=EDIT),
)
