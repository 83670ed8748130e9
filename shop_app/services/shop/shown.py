"""The shop as its pages show it: what stands around every page, the home page's words, structured data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...core import fact_cache
from ...core.clock import now
from ...core.i18n import _
from ...core.pages import absolute
from ...core.settings import ROOT
from ...core.shop import Link, Profile, shop
from .legal_html import prices_note

GUARANTEE = ROOT / "assets" / "guarantee"
"""The official files of the notice, one for each language: notice-de.svg (docs/operations.md)."""


@dataclass(frozen=True, slots=True)
class ShopShown:
    """What stands around every page."""

    name: str = ""
    logo_key: str = ""
    contact_email: str = ""
    promise: str = ""
    second_promise: str = ""
    announcement: str = ""
    announcement_href: str = ""
    footer_about: str = ""
    footer_links: tuple[Link, ...] = ()
    """Those of the shopkeeper, and where else the shop is to be found."""
    footer_end: str = ""
    price_note: str = ""
    """What stands below a price, before the link to the delivery's cost."""
    guarantee: str = ""
    """The notice of the EU's legal guarantee: none, text, or picture."""
    guarantee_picture: str = ""


@dataclass(frozen=True, slots=True)
class HomeWords:
    """What the home page says. `hero_title` has line breaks; `story` is paragraphs."""

    title: str = ""
    """Of the page: the shop's name, and the headline in one line."""
    hero_title: str = ""
    hero_lead: str = ""
    sale_title: str = ""
    sale_text: str = ""
    story_title: str = ""
    story: tuple[str, ...] = ()


def shown() -> ShopShown:
    """What stands around every page now; says when the clock changes it."""
    this = shop()
    announces = _announces(this)
    picture = _guarantee_picture(this.locale)
    return ShopShown(
        name=this.name,
        logo_key=this.logo_key,
        contact_email=this.contact_email,
        promise=this.promises[0] if this.promises else "",
        second_promise=this.promises[1] if len(this.promises) > 1 else "",
        announcement=this.announcement if announces else "",
        announcement_href=this.announcement_href if announces else "",
        footer_about=this.footer_about,
        footer_links=(*this.footer_links, *this.social_links),
        footer_end=f"© {this.name}. {prices_note()}",
        price_note=_("incl. VAT, plus ") if this.prices_include_tax else _("plus tax and "),
        guarantee="" if not this.guarantee_notice else "picture" if picture else "text",
        guarantee_picture=picture,
    )


def _announces(this: Profile) -> bool:
    at = now()
    for moment in (this.announcement_from, this.announcement_until):
        if this.announcement_on and moment and moment > at:
            fact_cache.until(moment)
    return this.announces(at)


def _guarantee_picture(locale: str) -> str:
    name = f"notice-{locale.partition('_')[0]}.svg"
    return f"/guarantee/{name}" if (GUARANTEE / name).is_file() else ""


def home_words() -> HomeWords:
    this = shop()
    headline = " ".join(this.hero_title.split())
    return HomeWords(
        title=f"{this.name}: {headline}" if headline else this.name,
        hero_title=this.hero_title,
        hero_lead=this.hero_lead,
        sale_title=this.sale_title,
        sale_text=this.sale_text,
        story_title=this.story_title,
        story=tuple(part.strip() for part in this.story.split("\n\n") if part.strip()),
    )


def structured() -> dict[str, Any]:
    """The shop as schema.org describes one (JSON-LD), with what it says of itself."""
    this = shop()
    more = {
        "legalName": this.legal_name,
        "email": this.contact_email,
        "telephone": this.phone,
        "address": ", ".join(this.address.split("\n")),
        "vatID": this.vat_number,
        "logo": absolute(f"/media/{this.logo_key}/640.webp") if this.logo_key else "",
        "sameAs": [link.href for link in this.social_links],
    }
    return {
        "@context": "https://schema.org",
        "@type": "OnlineStore",
        "name": this.name,
        "url": absolute("/"),
        "description": this.lead,
    } | {name: value for name, value in more.items() if value}
