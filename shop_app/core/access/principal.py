"""Principal: the customer or member of staff that someone is signed in as, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .permissions import MissingRight


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a session's cookie belongs to at this moment; NOBODY where there is no session."""

    kind: Literal["nobody", "customer", "staff"] = "nobody"
    id: int = 0
    email: str = ""
    name: str = ""
    role: str = ""
    permissions: frozenset[str] = frozenset()
    session_id: int = 0
    """The session that they are signed in by: another one is another principal."""

    @property
    def actor(self) -> str:
        """Their name in ledgers and in the audit, such as "staff:ada@example.com".

        Customers have a number there, which names nobody once their account is erased: "customer:7".
        """
        if self.kind == "customer":
            return f"customer:{self.id}"
        return f"{self.kind}:{self.email}" if self.email else self.kind

    def shopper_key(self, visitor_hash: str) -> str:
        """What cart and wish list are found by: a customer's account, everybody else's browser.

        A visitor's hash has 64 hex digits, so no cookie is ever an account's key.
        """
        return account_key(self.id) if self.kind == "customer" else visitor_hash

    def need(self, permission: str) -> None:
        """Errors  MissingRight, which is Forbidden, without that permission."""
        if permission not in self.permissions:
            raise MissingRight(permission)


NOBODY = Principal()
_ACCOUNT = "customer:"


def account_key(customer_id: int) -> str:
    """The shopper's key of an account."""
    return f"{_ACCOUNT}{customer_id}"


def account_of(shopper_key: str) -> int | None:
    """The customer whose account has that key; None for a visitor's."""
    return int(shopper_key.removeprefix(_ACCOUNT)) if shopper_key.startswith(_ACCOUNT) else None
