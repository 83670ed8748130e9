"""Who the demo's shop is: its name, its words and its legal texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlmodel import Session

from ..core import shop as this_shop
from ..services.shop import legal, profile

TEXTS = Path(__file__).parent / "texts"
NAME = "Fennholm"
MAIL = "hello@fennholm.example"
ACCOUNT = "Fennholm, DE89 3704 0044 0532 0130 00 (an example: nothing arrives there)"

WORDS: dict[str, Any] = {
    "legal_name": "Fennholm (an example, not a company)",
    "address": "Am Speicher 4\nBerlin\nGermany",
    "represented_by": "the person who runs this software",
    "contact_email": MAIL,
    "returns_email": MAIL,
    "returns_address": "Fennholm\nReturns\nAm Speicher 4\nBerlin\nGermany",
    "opening_hours": "Tuesday to Saturday, 11 to 18",
    "lead": (
        "Home goods from small workshops: stoneware, wood, glass, linen and light. Delivered from Berlin."
    ),
    "promises": ("Free delivery in Germany from €90", "30 days to change your mind"),
    "footer_about": "Home goods from small workshops, sold from one room in Berlin.",
    "hero_title": "Good things\nfor ordinary\ndays at home",
    "hero_lead": "Mugs, lamps and chairs from small workshops. Made well, priced plainly, kept in repair.",
    "sale_title": "Last of the season",
    "sale_text": "Colours we will not make again. The crossed-out price is what they cost before.",
    "story_title": "We carry fewer things, and know who made them",
    "story": (
        "Each piece lives in one of our homes for a season before it reaches the shop. If the handle "
        "gets hot, the drawer sticks or the glaze stains, we send it back to the bench.\n\n"
        "When something breaks later, write to us. We keep spare lids, shades and screws for everything "
        "we sell."
    ),
}


def open_shop(session: Session) -> None:
    """Open the demo's shop by the terms of the settings, with texts of its own; once."""
    first = this_shop.first()
    if profile.version(session):
        return
    profile.open_shop(
        session,
        name=NAME,
        country=first.country,
        currency=first.currency,
        locale=first.locale,
        time_zone=first.time_zone,
        actor="seed",
        bank_account=ACCOUNT if first.bank_account else "",
        **WORDS,
    )
    for page in legal.PAGES:
        text = legal.parsed((TEXTS / f"{page}.md").read_text(encoding="utf-8"))
        legal.put(session, page, text, actor="seed")
