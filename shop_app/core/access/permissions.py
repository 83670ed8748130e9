"""The catalogue of permissions: what each lets staff do, and which of them the built-in roles begin with.

One list for pages, handlers, services and exports. Extensions add their own when the application is built.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import Forbidden
from ..i18n import _

OWNER, MANAGER, CLERK = "owner", "manager", "clerk"


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that staff may be allowed to do.

    key    subject.action, as handlers and services ask for it
    label  what it is called where roles are edited, and where it is missing
    group  the heading that it stands under
    lets   what someone who has it can do, in a sentence
    needs  keys that whoever has this one has too: what can be changed can be seen
    """

    key: str
    label: str
    group: str = ""
    lets: str = ""
    needs: tuple[str, ...] = ()


def _seen(key: str, label: str, group: str, lets: str) -> Permission:
    """One that also needs the view of its subject."""
    return Permission(key, label, group, lets, (f"{key.partition('.')[0]}.view",))


_ORDERS, _GOODS, _PEOPLE = _("Orders"), _("Products and stock"), _("Customers and offers")
_SHOP, _STAFF = _("Shop"), _("Staff")

OWN = (
    Permission(
        "orders.view", _("See orders"), _ORDERS, _("Read every order with its addresses and payments.")
    ),
    _seen("orders.edit", _("Change orders"), _ORDERS, _("Cancel, mark as paid, decide returns, add notes.")),
    _seen("orders.fulfil", _("Send orders"), _ORDERS, _("Pack, ship, call parcels back, receive returns.")),
    _seen("orders.refund", _("Refund orders"), _ORDERS, _("Give money back for orders and returns.")),
    Permission("products.view", _("See products"), _GOODS, _("Read products that aren't on sale too.")),
    _seen("products.edit", _("Change products"), _GOODS, _("Write products, prices, pictures, categories.")),
    Permission("inventory.view", _("See stock"), _GOODS, _("Read stock levels and their history.")),
    _seen("inventory.adjust", _("Change stock"), _GOODS, _("Count, add, take off and stop tracking.")),
    Permission("customers.view", _("See customers"), _PEOPLE, _("Read who customers are and what they buy.")),
    _seen("customers.edit", _("Change customers"), _PEOPLE, _("Write names, addresses and notes.")),
    Permission("discounts.edit", _("Run discounts"), _PEOPLE, _("Write offers and their codes.")),
    Permission("credit.edit", _("Give credit"), _PEOPLE, _("Issue and change gift cards and store credit.")),
    Permission("analytics.view", _("See figures"), _SHOP, _("Read sales and what shoppers look for.")),
    Permission("settings.view", _("See settings"), _SHOP, _("Read how the shop is set up.")),
    _seen("settings.edit", _("Change settings"), _SHOP, _("Write delivery, taxes and texts.")),
    Permission("jobs.view", _("See jobs"), _SHOP, _("Read background work, letters and received events.")),
    _seen("jobs.edit", _("Run jobs"), _SHOP, _("Run, cancel and repeat background work.")),
    Permission("staff.view", _("See staff"), _STAFF, _("Read who works here and with which role.")),
    _seen("staff.edit", _("Change staff"), _STAFF, _("Invite, limit and disable staff, and write roles.")),
    Permission("audit.view", _("See the audit"), _STAFF, _("Read who changed what, anywhere in the shop.")),
)

_CLERK = frozenset(
    ["orders.view", "orders.fulfil", "products.view", "inventory.view", "inventory.adjust", "customers.view"]
)
_MANAGER = _CLERK | frozenset(
    [
        "orders.edit",
        "orders.refund",
        "products.edit",
        "customers.edit",
        "discounts.edit",
        "credit.edit",
        "analytics.view",
        "settings.view",
        "jobs.view",
        "jobs.edit",
        "staff.view",
        "audit.view",
    ]
)
BUILT_IN_ROLES: dict[str, frozenset[str]] = {
    CLERK: _CLERK,
    MANAGER: _MANAGER,
    OWNER: frozenset(permission.key for permission in OWN),
}
"""The permissions that a new shop's roles have. Owners always have all, those of extensions too."""

_catalogue: dict[str, Permission] = {permission.key: permission for permission in OWN}


def offer(permissions: Iterable[Permission]) -> None:
    """Make these the catalogue of this process; called once, by the composition root."""
    _catalogue.clear()
    _catalogue.update((permission.key, permission) for permission in permissions)


def catalogue() -> tuple[Permission, ...]:
    """Every permission, the shop's own first."""
    return tuple(_catalogue.values())


def of_role(code: str, stored: Iterable[str]) -> frozenset[str]:
    """What staff with a role may do: `stored` as far as the catalogue knows it; owners everything."""
    return frozenset(_catalogue) if code == OWNER else frozenset(_catalogue.keys() & set(stored))


def with_needed(keys: Iterable[str]) -> frozenset[str]:
    """These, and what they need."""
    chosen = frozenset(keys)
    return chosen | {needed for key in chosen for needed in _catalogue[key].needs}


def label_of(key: str) -> str:
    """What a permission is called; its key where the catalogue doesn't have it."""
    permission = _catalogue.get(key)
    return permission.label if permission else key


class MissingRight(Forbidden):
    """Somebody is signed in and lacks a right; the sentence names it."""

    def __init__(self, permission: str) -> None:
        super().__init__(
            _("You don't have the right to do that: {right}.").format(right=label_of(permission))
        )
        self.permission = permission
