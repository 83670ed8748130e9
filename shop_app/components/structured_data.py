"""Structured data (schema.org, JSON-LD) of the storefront's pages."""

from __future__ import annotations

from typing import Any

from shop_app.core.pages import absolute
from shop_app.services.catalog.views import Crumb, ProductCard


def search() -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "url": absolute("/"),
        "potentialAction": {
            "@type": "SearchAction",
            "target": absolute("/products") + "?q={words}",
            "query-input": "required name=words",
        },
    }


def breadcrumbs(crumbs: list[Crumb]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = []
    for at, crumb in enumerate(crumbs, 1):
        item = {"item": absolute(crumb.href)} if crumb.href else {}
        steps.append({"@type": "ListItem", "position": at, "name": crumb.label} | item)
    return {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": steps}


def item_list(title: str, cards: list[ProductCard]) -> dict[str, Any]:
    items = [
        {"@type": "ListItem", "position": at, "url": absolute(f"/products/{card.slug}"), "name": card.title}
        for at, card in enumerate(cards, 1)
    ]
    return {"@context": "https://schema.org", "@type": "ItemList", "name": title, "itemListElement": items}
