"""The variants of a product page: price, availability, and the option pickers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from ...models import OptionValue, ProductOption, StockLevel, Variant, VariantOption, VariantPicture
from ..catalog import availability
from ..catalog.views import OptionChoice, OptionView, VariantView

_variants = (
    select(
        col(Variant.id),
        col(Variant.sku),
        col(Variant.title),
        col(Variant.price_minor),
        col(Variant.compare_at_minor),
        col(Variant.contents),
        col(Variant.contents_unit),
        col(Variant.barcode),
        col(Variant.weight_grams),
        *availability.STOCK_COLUMNS,
    )
    .outerjoin(StockLevel, col(StockLevel.variant_id) == Variant.id)
    .where(col(Variant.product_id) == bindparam("id"), col(Variant.active))
    .order_by(col(Variant.position), col(Variant.id))
)
_options = (
    select(
        col(VariantOption.variant_id),
        col(ProductOption.name),
        col(OptionValue.value),
        col(OptionValue.swatch),
    )
    .select_from(ProductOption)
    .join(OptionValue, col(OptionValue.option_id) == ProductOption.id)
    .join(VariantOption, col(VariantOption.value_id) == OptionValue.id)
    .where(col(ProductOption.product_id) == bindparam("id"))
    .order_by(
        col(ProductOption.position),
        col(ProductOption.id),
        col(OptionValue.position),
        col(OptionValue.id),
    )
)
_shown_by = (
    select(col(VariantPicture.variant_id), col(VariantPicture.product_picture_id))
    .join(Variant, col(Variant.id) == VariantPicture.variant_id)
    .where(col(Variant.product_id) == bindparam("id"))
    .order_by(col(VariantPicture.position).desc())
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A variant's row, with its options and its picture."""

    id: int
    sku: str
    title: str
    price_minor: int
    compare_at_minor: int | None
    contents: int
    contents_unit: str
    barcode: str
    weight_grams: int
    stock: availability.Stock
    options: dict[str, str]
    """The value of each option."""
    picture_index: int


def choices(
    session: Session, product_id: int, picture_ids: list[int]
) -> tuple[list[Choice], dict[tuple[str, str], str]]:
    """The variants, and the swatch of each (option, value) in the order of the pickers."""
    connection = session.connection()
    shown_by = {row[0]: row[1] for row in connection.execute(_shown_by, {"id": product_id}).all()}
    options: dict[int, dict[str, str]] = defaultdict(dict)
    swatches: dict[tuple[str, str], str] = {}
    for variant_id, name, value, swatch in connection.execute(_options, {"id": product_id}):
        options[variant_id][name] = value
        swatches[name, value] = swatch
    return [
        Choice(
            *row[:9],
            stock=availability.Stock(*row[9:]),
            options=options[row[0]],
            picture_index=picture_ids.index(shown_by[row[0]]) if shown_by.get(row[0]) in picture_ids else 0,
        )
        for row in connection.execute(_variants, {"id": product_id})
    ], swatches


def variant(
    choice: Choice, options: list[OptionView], lowest_30_days: str, delivery: tuple[str, str]
) -> VariantView:
    """A variant as it is shown: `options` are its pickers; `delivery` says when it arrives, for how much."""
    shared = (getattr(choice, name) for name in availability.Numbers._fields)
    shown = availability.variant_availability(availability.Numbers(*shared), lowest_30_days)
    return VariantView(
        sku=choice.sku,
        title=choice.title,
        price=shown.price,
        price_minor=choice.price_minor,
        compare_at=shown.compare_at,
        saving=shown.saving,
        available=shown.available,
        availability=shown.availability,
        stock_line=shown.stock_line,
        max_quantity=shown.max_quantity,
        unit_price=shown.unit_price,
        lowest_30_days=shown.lowest_30_days,
        delivery_line=delivery[0],
        delivery_cost_line=delivery[1],
        picture_index=choice.picture_index,
        options=options,
    )


def pickers(chosen: Choice, choices: list[Choice], swatches: dict[tuple[str, str], str]) -> list[OptionView]:
    """The pickers when this variant is chosen."""
    exact: dict[frozenset[tuple[str, str]], Choice] = {}
    having: dict[tuple[str, str], list[Choice]] = defaultdict(list)
    for choice in choices:
        exact.setdefault(frozenset(choice.options.items()), choice)
        for option in choice.options.items():
            having[option].append(choice)
    shown: dict[str, list[OptionChoice]] = {name: [] for name in chosen.options}
    for (name, value), swatch in swatches.items():
        if name not in shown or not having[name, value]:
            continue
        options = {**chosen.options, name: value}
        fitting = exact.get(frozenset(options.items()))
        # A combination without a variant leads to the nearest variant, and is shown as unavailable.
        target = fitting or max(
            having[name, value], key=lambda choice: (_alike(choice, options), choice.stock.available)
        )
        shown[name].append(
            OptionChoice(
                value,
                swatch,
                chosen.options[name] == value,
                bool(fitting and fitting.stock.available),
                target.sku,
            )
        )
    return [OptionView(name, chosen.options[name], option_choices) for name, option_choices in shown.items()]


def _alike(choice: Choice, options: dict[str, str]) -> int:
    return sum(choice.options.get(name) == value for name, value in options.items())
