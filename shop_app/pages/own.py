"""Every page of the shop itself, storefront first."""

from __future__ import annotations

from . import (
    cart,
    checkout,
    home,
    letters,
    line_link,
    listing,
    lookup,
    not_found,
    order,
    plain,
    product,
    shared_list,
    withdrawal,
)
from .account import addresses as account_addresses
from .account import credit as account_credit
from .account import data as account_data
from .account import email_undo as account_email_undo
from .account import login, saved
from .account import orders as account_orders
from .account import overview as account_overview
from .account import security as account_security
from .admin import audit as admin_audit
from .admin import categories as admin_categories
from .admin import collection as admin_collection
from .admin import collections as admin_collections
from .admin import home as admin_home
from .admin import inventory as admin_inventory
from .admin import inventory_item as admin_inventory_item
from .admin import invitation as admin_invitation
from .admin import jobs as admin_jobs
from .admin import letters_sent, received_events
from .admin import login as admin_login
from .admin import order as admin_order
from .admin import orders as admin_orders
from .admin import product as admin_product
from .admin import products as admin_products
from .admin import reasons as admin_reasons
from .admin import security as admin_security
from .admin import slip as admin_slip
from .admin import staff as admin_staff
from .admin import staff_roles as admin_roles
from .admin import stocktake as admin_stocktake
from .admin.settings import checkout as checkout_settings
from .admin.settings import delivery, delivery_method, delivery_zone, payments
from .admin.settings import index as settings_index
from .admin.settings import legal as legal_settings
from .admin.settings import letters as letter_settings
from .admin.settings import shop as shop_settings
from .admin.settings import taxes as tax_settings

PAGES = (
    home.PAGE,
    listing.PAGE,
    product.PAGE,
    cart.PAGE,
    checkout.PAGE,
    lookup.PAGE,
    order.PAGE,
    line_link.PAGE,
    withdrawal.PAGE,
    account_overview.PAGE,
    account_orders.PAGE,
    account_addresses.PAGE,
    account_credit.PAGE,
    saved.PAGE,
    shared_list.PAGE,
    *login.PAGES,
    account_data.PAGE,
    letters.PAGE,
    account_security.PAGE,
    account_email_undo.PAGE,
    *plain.PAGES,
    not_found.PAGE,
    admin_home.PAGE,
    admin_orders.PAGE,
    admin_order.PAGE,
    admin_reasons.PAGE,
    *admin_slip.PAGES,
    *admin_products.PAGES,
    admin_product.PAGE,
    admin_categories.PAGE,
    admin_collections.PAGE,
    admin_collection.PAGE,
    admin_inventory.PAGE,
    admin_inventory_item.PAGE,
    admin_stocktake.PAGE,
    settings_index.PAGE,
    shop_settings.PAGE,
    legal_settings.PAGE,
    legal_settings.TEXT,
    letter_settings.PAGE,
    *letters_sent.PAGES,
    *received_events.PAGES,
    *admin_jobs.PAGES,
    admin_staff.PAGE,
    admin_roles.PAGE,
    admin_audit.PAGE,
    admin_invitation.PAGE,
    *admin_login.PAGES,
    admin_security.PAGE,
    delivery.PAGE,
    delivery_zone.PAGE,
    delivery_method.PAGE,
    *tax_settings.PAGES,
    payments.PAGE,
    checkout_settings.PAGE,
)
