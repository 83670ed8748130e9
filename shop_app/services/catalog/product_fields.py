"""The fields of a product's form and the cells of its variants: each as the text that stands in its input.

What a form shows, what it was read as, and what is compared when two people save is always this text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from ...core import clock
from ...core.decimals import Ambiguous, read_decimal
from ...core.errors import Invalid
from ...core.i18n import _
from ...core.money import decimal_text, parse_minor
from ...core.shop import shop
from ...models import ProductStatus
from . import descriptions
from .product_draft import ProductDraft, VariantDraft

_MEASURE = re.compile(r"(.*?)\s*(kg|g|ml|cl|l)?", re.IGNORECASE)
_UNITS = {"g": (1, "g"), "kg": (1000, "g"), "ml": (1, "ml"), "cl": (10, "ml"), "l": (1000, "ml")}
YES, NO = "1", ""


@dataclass(frozen=True, slots=True)
class FieldOf:
    """A field of the form: its label, its text in a draft, and the draft with another text in it.

    Errors  `put` raises Invalid for a text that isn't a value of this field.
    """

    label: str
    read: Callable[[ProductDraft], str]
    put: Callable[[ProductDraft, str], ProductDraft]


@dataclass(frozen=True, slots=True)
class CellOf:
    """The same for what each variant has of its own; `many` counts it in words: "{count} prices"."""

    label: str
    read: Callable[[VariantDraft], str]
    put: Callable[[VariantDraft, str], VariantDraft]


def _plain(name: str, label: str) -> FieldOf:
    def put(draft: ProductDraft, text: str) -> ProductDraft:
        changed: dict[str, Any] = {name: text}
        return replace(draft, **changed)

    return FieldOf(label, lambda draft: getattr(draft, name), put)


def _list(name: str, label: str) -> FieldOf:
    def put(draft: ProductDraft, text: str) -> ProductDraft:
        items = (item.strip() for item in text.split(","))
        changed: dict[str, Any] = {name: tuple(dict.fromkeys(item for item in items if item))}
        return replace(draft, **changed)

    return FieldOf(label, lambda draft: ", ".join(getattr(draft, name)), put)


def _read_description(draft: ProductDraft) -> str:
    return draft.description_md or descriptions.markdown_of(draft.description_html)


def _put_description(draft: ProductDraft, text: str) -> ProductDraft:
    return replace(draft, description_md=text.strip(), description_html=descriptions.html_of(text))


def _read_moment(draft: ProductDraft) -> str:
    return clock.local(draft.publish_at).strftime("%Y-%m-%dT%H:%M") if draft.publish_at else ""


def _put_moment(draft: ProductDraft, text: str) -> ProductDraft:
    try:
        moment = clock.moment_of(datetime.fromisoformat(text)) if text else None
    except (ValueError, OverflowError):
        raise Invalid(_("Enter a day and a time."), field="publish_at") from None
    return replace(draft, publish_at=moment)


def _put_months(draft: ProductDraft, text: str) -> ProductDraft:
    if text and not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise Invalid(_("Enter whole months."), field="guarantee_months")
    return replace(draft, guarantee_months=int(text or 0))


def _put_status(draft: ProductDraft, text: str) -> ProductDraft:
    moment = draft.publish_at if text == ProductStatus.SCHEDULED else None
    return replace(draft, status=text, publish_at=moment)


FIELDS: Mapping[str, FieldOf] = {
    "title": _plain("title", _("Title")),
    "subtitle": _plain("subtitle", _("Subtitle")),
    "description": FieldOf(_("Description"), _read_description, _put_description),
    "care": _plain("care", _("Care")),
    "status": FieldOf(_("Visibility"), lambda draft: draft.status, _put_status),
    # After the status, which takes the moment away.
    "publish_at": FieldOf(_("Opens"), _read_moment, _put_moment),
    "category": _plain("category", _("Category")),
    "tags": _list("tags", _("Tags")),
    "materials": _list("materials", _("Materials")),
    "vendor": _plain("vendor", _("Vendor")),
    "kind": _plain("kind", _("Product type")),
    "tax_class": _plain("tax_class", _("Tax class")),
    "maker": _plain("maker", _("Maker")),
    "brand": _plain("brand", _("Brand")),
    "model": _plain("model", _("Model")),
    "guarantee_months": FieldOf(
        _("Guarantee in months"), lambda draft: str(draft.guarantee_months or ""), _put_months
    ),
    "guarantor": _plain("guarantor", _("Guarantor")),
    "guarantee_terms": _plain("guarantee_terms", _("Guarantee terms")),
    "slug": _plain("slug", _("Address")),
    "seo_title": _plain("seo_title", _("Search title")),
    "seo_description": _plain("seo_description", _("Search description")),
}


def text_of(name: str, draft: ProductDraft) -> str:
    """A field's text with the line ends of a browser."""
    return FIELDS[name].read(draft).replace("\r\n", "\n").replace("\r", "\n")


# --- What each variant has ------------------------------------------------------------------------


def _shown(minor: int | None) -> str:
    return "" if minor is None else decimal_text(minor, shop().currency)


def amount(text: str) -> int:
    """The minor units of a typed amount.

    Errors  Invalid.
    """
    try:
        return parse_minor(text, shop().currency)
    except Ambiguous as unclear:
        first, second = unclear.readings
        raise Invalid(_("Write {first} or {second}.").format(first=first, second=f"{second:.2f}")) from None
    except ValueError:
        raise Invalid(_("Enter an amount such as 24.00.")) from None


def _put_price(variant: VariantDraft, text: str) -> VariantDraft:
    return replace(variant, price_minor=amount(text))


def _put_compare_at(variant: VariantDraft, text: str) -> VariantDraft:
    return replace(variant, compare_at_minor=amount(text) if text else None)


def _put_cost(variant: VariantDraft, text: str) -> VariantDraft:
    return replace(variant, cost_minor=amount(text) if text else None)


def _measure(text: str, otherwise: str, sentence: str) -> tuple[int, str]:
    """A quantity as whole grams or millilitres.

    Errors  Invalid with the sentence.
    """
    parts = _MEASURE.fullmatch(text)
    known = _UNITS.get((parts[2] or otherwise).lower()) if parts else None
    if parts is None or known is None:
        raise Invalid(sentence)
    times, unit = known
    try:
        whole = read_decimal(parts[1], places=3 if times > 1 else 0) * times
        if whole != whole.to_integral_value() or not 0 <= whole < 10**9:
            raise ValueError(text)
    except ValueError:
        raise Invalid(sentence) from None
    return int(whole), unit


def _put_weight(variant: VariantDraft, text: str) -> VariantDraft:
    sentence = _("Enter a weight such as 340 g or 1.2 kg.")
    grams, unit = _measure(text, "g", sentence) if text else (0, "g")
    if unit != "g":
        raise Invalid(sentence)
    return replace(variant, weight_grams=grams)


def _read_contents(variant: VariantDraft) -> str:
    return f"{variant.contents} {variant.contents_unit}" if variant.contents else ""


def _put_contents(variant: VariantDraft, text: str) -> VariantDraft:
    count, unit = _measure(text, "", _("Enter contents such as 500 g or 0.75 l.")) if text else (0, "")
    return replace(variant, contents=count, contents_unit=unit if count else "")


def _text_cell(name: str, label: str) -> CellOf:
    def put(variant: VariantDraft, text: str) -> VariantDraft:
        changed: dict[str, Any] = {name: text}
        return replace(variant, **changed)

    return CellOf(label, lambda variant: getattr(variant, name), put)


def _flag_cell(name: str, label: str) -> CellOf:
    def put(variant: VariantDraft, text: str) -> VariantDraft:
        changed: dict[str, Any] = {name: text == YES}
        return replace(variant, **changed)

    return CellOf(label, lambda variant: YES if getattr(variant, name) else NO, put)


CELLS: Mapping[str, CellOf] = {
    "sku": _text_cell("sku", _("SKU")),
    "price": CellOf(_("Price"), lambda variant: _shown(variant.price_minor), _put_price),
    "compare_at": CellOf(
        _("Compare-at price"), lambda variant: _shown(variant.compare_at_minor), _put_compare_at
    ),
    "cost": CellOf(_("Cost"), lambda variant: _shown(variant.cost_minor), _put_cost),
    "barcode": _text_cell("barcode", _("Barcode")),
    "weight": CellOf(_("Weight"), lambda variant: str(variant.weight_grams or ""), _put_weight),
    "contents": CellOf(_("Contents"), _read_contents, _put_contents),
    "shipping": _flag_cell("requires_shipping", _("Needs delivery")),
    "active": _flag_cell("active", _("For sale")),
}


def margin(variant: VariantDraft) -> str:
    """What is left of the price after the cost, "62 %"; "" where the cost isn't known. Taxes stay in it."""
    if not variant.cost_minor or not variant.price_minor:
        return ""
    part = Decimal(variant.price_minor - variant.cost_minor) / variant.price_minor
    return _("{percent} %").format(percent=f"{part * 100:.0f}")
