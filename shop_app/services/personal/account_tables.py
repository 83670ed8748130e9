"""What the registry says of accounts, carts and lists, and of those who wait for stock."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select

from ...models import (
    Address,
    Cart,
    CartLine,
    Customer,
    DataExport,
    EmailChange,
    KnownBrowser,
    LoginSession,
    Passkey,
    SignInCode,
    SpentChallenge,
    StockAlert,
    StockHold,
    StockOffer,
    WishItem,
    WishList,
    table_of,
)
from .declared import Fate, Registry, Whose, of_account
from .person import Person

ACCOUNTS = Registry()

_customer, _cart, _line, _hold = table_of(Customer), table_of(Cart), table_of(CartLine), table_of(StockHold)
_code, _list, _item = table_of(SignInCode), table_of(WishList), table_of(WishItem)


def _waits(model: type) -> Whose:
    """Who waits is known by the address, and by the account's key as a shopper."""
    table = table_of(model)
    return lambda person: or_(person.has_email(table.c.email), person.has_key(table.c.key_hash))


def _listed(person: Person) -> ColumnElement[bool]:
    return or_(person.has_account(_list.c.customer_id), person.has_key(_list.c.shopper_key))


# --- The account --------------------------------------------------------------------------------

ACCOUNTS.personal(
    Customer,
    "email name password_hash verified_at blocked_at locale",
    lambda person: person.has_account(_customer.c.id),
    "id created_at version",
    fate=Fate.DELETED,
    hidden="password_hash version",
    file="account",
)
ACCOUNTS.personal(
    Address,
    "given_name family_name company line1 line2 postal_code locality region country phone",
    of_account(Address),
    "id customer_id is_default is_default_billing created_at",
    fate=Fate.DELETED,
    file="addresses",
)
ACCOUNTS.personal(
    LoginSession,
    "device network",
    of_account(LoginSession),
    "id token_hash customer_id staff_id created_at last_seen_at expires_at proven_at lacks_factor",
    fate=Fate.DELETED,
    hidden="token_hash staff_id lacks_factor",
    file="sign-ins",
    ages="sessions",
)
ACCOUNTS.personal(
    Passkey,
    "credential_id public_key transports name",
    of_account(Passkey),
    "id staff_id customer_id sign_count created_at last_used_at",
    fate=Fate.DELETED,
    hidden="staff_id credential_id public_key sign_count transports",
    file="passkeys",
)
ACCOUNTS.personal(
    KnownBrowser,
    "visitor_hash device",
    of_account(KnownBrowser),
    "id staff_id customer_id first_at last_at",
    fate=Fate.DELETED,
    hidden="staff_id visitor_hash",
    file="known-browsers",
    ages="known browsers",
)
ACCOUNTS.personal(
    SignInCode,
    "email visitor_hash seed",
    lambda person: person.has_email(_code.c.email),
    "id tries_left expires_at",
    fate=Fate.DELETED,
    ages="codes to sign in",
)
ACCOUNTS.personal(
    EmailChange,
    "old_email new_email visitor_hash seed",
    of_account(EmailChange),
    "id customer_id tries_left created_at expires_at confirmed_at undone_at",
    fate=Fate.DELETED,
    hidden="visitor_hash seed tries_left",
    file="changes-of-address",
    ages="changes of an address",
)
ACCOUNTS.personal(
    DataExport,
    "token",
    of_account(DataExport),
    "id customer_id percent size_bytes claimed_until asked_at ready_at expires_at",
    fate=Fate.DELETED,
    ages="data exports",
)
ACCOUNTS.plain(SpentChallenge, "digest expires_at", ages="passkey challenges")

# --- Carts, lists, and who waits ----------------------------------------------------------------

ACCOUNTS.personal(
    Cart,
    "key_hash customer_id codes credits checkout joined",
    lambda person: _cart.c.id.in_(person.carts()),
    "id currency country version completed_at created_at updated_at",
    fate=Fate.DELETED,
    written_in="checkout",
    hidden="key_hash version credits",
    file="carts",
    ages="carts",
)
ACCOUNTS.personal(
    CartLine,
    "variant_id quantity saved",
    lambda person: _line.c.cart_id.in_(person.carts()),
    "id cart_id seen_price_minor added_at changed_at",
    fate=Fate.DELETED,
    file="cart-lines",
)
ACCOUNTS.personal(
    StockHold,
    "address_hash",
    lambda person: _hold.c.cart_id.in_(person.carts()),
    "id cart_id variant_id quantity expires_at since",
    fate=Fate.DELETED,
)
ACCOUNTS.personal(
    StockAlert,
    "email mailbox key_hash token",
    _waits(StockAlert),
    "id variant_id created_at confirmed_at",
    fate=Fate.DELETED,
    hidden="mailbox key_hash token",
    file="asked-to-be-told",
    ages="stock alerts",
)
# Each holds a unit, for hours: it goes by its time, not by an age.
ACCOUNTS.personal(
    StockOffer,
    "email key_hash token",
    _waits(StockOffer),
    "id variant_id offered_at expires_at told_at order_id",
    fate=Fate.DELETED,
    hidden="key_hash token",
    file="kept-until-bought",
)
# The items of a list first: they are found by it.
ACCOUNTS.personal(
    WishItem,
    "variant_id",
    lambda person: _item.c.list_id.in_(select(_list.c.id).where(_listed(person))),
    "id list_id seen_price_minor saved_at",
    fate=Fate.DELETED,
    file="saved-things",
)
ACCOUNTS.personal(
    WishList,
    "shopper_key customer_id name token shown_name",
    _listed,
    "id created_at updated_at",
    fate=Fate.DELETED,
    # A guest's list is found by nothing but the name that its link shows.
    written_in="shown_name",
    hidden="shopper_key",
    file="wish-lists",
    ages="wish lists",
)
