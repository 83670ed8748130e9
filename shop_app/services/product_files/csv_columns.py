"""The columns of Shopify's product CSV: their older names, which are ours too, and their present ones."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

TRACKER = "Variant Inventory Tracker"
"""Who counts a variant's stock; blank where nobody does."""
NEEDED = ("Handle", "Title", "Variant Price")
AMOUNTS = ("Variant Price", "Variant Compare At Price", "Cost per item")
NUMBERS = frozenset(
    (
        *AMOUNTS,
        "Variant Grams",
        "Variant Weight",
        "Variant Inventory Qty",
        "Unit Price Total Measure",
        "Image Position",
    )
)
READ_COLUMNS = (
    "Handle",
    "Title",
    "Body (HTML)",
    "Vendor",
    "Type",
    "Tags",
    "Published",
    "Option1 Name",
    "Option1 Value",
    "Option2 Name",
    "Option2 Value",
    "Option3 Name",
    "Option3 Value",
    "Variant SKU",
    "Variant Grams",
    "Variant Inventory Qty",
    "Variant Inventory Policy",
    "Variant Price",
    "Variant Compare At Price",
    "Variant Requires Shipping",
    "Variant Taxable",
    "Variant Barcode",
    "Image Src",
    "Image Position",
    "Image Alt Text",
    "SEO Title",
    "SEO Description",
    "Variant Image",
    "Cost per item",
    "Unit Price Total Measure",
    "Unit Price Total Measure Unit",
    "Status",
)
OURS = {
    "category": "Category (product.metafields.shop.category)",
    "subtitle": "Subtitle (product.metafields.shop.subtitle)",
    "care": "Care (product.metafields.shop.care)",
    "materials": "Materials (product.metafields.shop.materials)",
}
"""What Shopify has no column for, under names that it takes for metafields."""
USUAL = {
    TRACKER: "shopify",
    "Variant Fulfillment Service": "manual",
    "Gift Card": "false",
}
"""The usual values of columns that the shop doesn't use; only other values are stored."""
HEADER = (
    "Handle",
    "Title",
    "Body (HTML)",
    "Vendor",
    "Product Category",
    "Type",
    "Tags",
    "Published",
    "Option1 Name",
    "Option1 Value",
    "Option2 Name",
    "Option2 Value",
    "Option3 Name",
    "Option3 Value",
    "Variant SKU",
    "Variant Grams",
    TRACKER,
    "Variant Inventory Qty",
    "Variant Inventory Policy",
    "Variant Fulfillment Service",
    "Variant Price",
    "Variant Compare At Price",
    "Variant Requires Shipping",
    "Variant Taxable",
    "Variant Barcode",
    "Image Src",
    "Image Position",
    "Image Alt Text",
    "Gift Card",
    "SEO Title",
    "SEO Description",
    "Variant Image",
    "Variant Weight Unit",
    "Variant Tax Code",
    "Cost per item",
    "Unit Price Total Measure",
    "Unit Price Total Measure Unit",
    "Status",
    *OURS.values(),
)
"""The columns of every export; further columns that an import had follow."""
PRESENT_NAMES = {
    "URL handle": "Handle",
    "Description": "Body (HTML)",
    "Published on online store": "Published",
    "SKU": "Variant SKU",
    "Barcode": "Variant Barcode",
    "Price": "Variant Price",
    "Compare-at price": "Variant Compare At Price",
    "Charge tax": "Variant Taxable",
    "Tax code": "Variant Tax Code",
    "Inventory tracker": TRACKER,
    "Inventory quantity": "Variant Inventory Qty",
    "Continue selling when out of stock": "Variant Inventory Policy",
    "Weight value (grams)": "Variant Grams",
    "Weight unit for display": "Variant Weight Unit",
    "Requires shipping": "Variant Requires Shipping",
    "Fulfillment service": "Variant Fulfillment Service",
    "Product image URL": "Image Src",
    "Variant image URL": "Variant Image",
}
"""What Shopify's present template calls them. Its other columns differ in capital letters alone.

Source  the header of a file made from the template of 2025; the help names only some of them:
        https://help.shopify.com/en/manual/products/import-export/using-csv
"""
_ALSO = {
    "Body": "Body (HTML)",
    "Grams": "Variant Grams",
    "Compare At": "Variant Compare At Price",
    "Inventory Qty": "Variant Inventory Qty",
    "Inventory Policy": "Variant Inventory Policy",
    "Taxable": "Variant Taxable",
    "Image URL": "Image Src",
    "Variant Weight": "Variant Weight",
    **{f"Option{number} Linked To": f"Option{number} Linked To" for number in (1, 2, 3)},
    "Unit Price Base Measure": "Unit Price Base Measure",
    "Unit Price Base Measure Unit": "Unit Price Base Measure Unit",
    "Command": "Command",
    "Variant Command": "Variant Command",
    "Delete": "Delete",
}
_CODES = re.compile(r"\b(?:sku|barcode|code|gtin|ean|upc|isbn|mpn|id|handle|number)s?\b", re.IGNORECASE)


@lru_cache(maxsize=4096)
def has_codes(column: str) -> bool:
    """Whether a column has codes, of whose digits a spreadsheet would make a number."""
    return bool(_CODES.search(column))


def folded(name: str) -> str:
    """A column's name without what doesn't tell it from others: capitals, spaces, marks, invisible signs.

    >>> folded("Body (HTML)"), folded("body_html")
    ('bodyhtml', 'bodyhtml')
    """
    return "".join(char for char in unicodedata.normalize("NFKC", name).casefold() if char.isalnum())


_NAMES: dict[str, str] = {
    **{name: name for name in HEADER},
    **PRESENT_NAMES,
    **_ALSO,
    **{f"Variant {name}": column for name, column in PRESENT_NAMES.items() if column.startswith("Variant ")},
}
_BY_FOLDED = {folded(name): column for name, column in _NAMES.items()}


def column_of(name: str) -> str:
    """The column that a header's cell names, under the name that the rest of the shop uses; "" for others.

    >>> column_of("URL handle"), column_of(" variant_sku "), column_of("Variant SKUs")
    ('Handle', 'Variant SKU', '')
    """
    return _BY_FOLDED.get(folded(name), "")


def resembled(name: str) -> str:
    """The column that a name which is none of them looks like, "" where it looks like none.

    >>> resembled("Prcie"), resembled("Variant SKUs"), resembled("Google Shopping / MPN")
    ('Price', 'Variant SKU', '')
    """
    # Names with these signs belong to markets, metafields and other programs.
    if any(sign in name for sign in "/:[") or "metafields" in name:
        return ""
    plain = folded(name)
    near = process.extractOne(
        plain, _BY_FOLDED.keys(), scorer=OSA.distance, score_cutoff=1 if len(plain) < 8 else 2
    )
    if near and len(plain) > 2:
        return next(known for known in _NAMES if folded(known) == near[0])
    words = _words(name)
    within = [known for known in _NAMES if _words(known) < words]
    around = [known for known in _NAMES if words and words < _words(known)]
    return max(within, key=len, default="") or min(around, key=len, default="")


def _words(name: str) -> set[str]:
    return set(re.findall(r"\w+", name.casefold().replace("_", " ")))
