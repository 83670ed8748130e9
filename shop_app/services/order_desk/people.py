"""Who did something, in words: ledgers keep "staff:ada@example.com", people read a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from ...core.i18n import _
from ...models import Staff


@dataclass(frozen=True, slots=True)
class Names:
    """The names of staff by their e-mail address, and that of the order's shopper."""

    staff: dict[str, str]
    shopper: str

    def of(self, actor: str) -> str:
        """Who that is: a name, "The shop" for what happens by itself, the name of a payment provider."""
        kind, _colon, email = actor.partition(":")
        if kind == "staff":
            return self.staff.get(email) or email or _("Staff")
        if kind in ("shopper", "customer"):
            return self.shopper or _("The customer")
        return _("The shop") if kind in ("", "system", "nobody", "manual") else kind.title()


def names(session: Session, shopper: str) -> Names:
    rows: Any = session.exec(select(col(Staff.email), col(Staff.name)))
    return Names({email: name or email for email, name in rows}, shopper)
