"""The page behind the link of a letter about a place in line: nothing is done by opening it."""

from __future__ import annotations

from sqlmodel import Session

from shop_app.core.pages import Address
from shop_app.services.stock_alerts import queries
from shop_app.services.stock_alerts.queries import LinkView

ROUTE = "/line/[token]"
MAX_TOKEN = 64


def view(session: Session, address: Address) -> LinkView:
    """What the token stands for; the same view for one that never was."""
    return queries.behind_link(session, address.parameter("token", MAX_TOKEN))
