"""The parts of a product as rows: tags, options with values, pictures, and what a variant has of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert
from sqlmodel import Session, col, select

from ...core.typed_text import prose
from ...models import (
    OptionValue,
    Picture,
    ProductOption,
    ProductPicture,
    ProductTag,
    Tag,
    VariantOption,
    VariantPicture,
)
from .product_draft import ProductDraft, VariantDraft


def write_tags(session: Session, product_id: int, names: tuple[str, ...]) -> None:
    ids_by_name = {tag.name: tag.id for tag in session.exec(select(Tag).where(col(Tag.name).in_(names)))}
    for name in names:
        if name not in ids_by_name:
            tag = Tag(name=name)
            session.add(tag)
            session.flush()
            ids_by_name[name] = tag.id
    session.connection().execute(delete(ProductTag).where(col(ProductTag.product_id) == product_id))
    rows = [{"product_id": product_id, "tag_id": ids_by_name[name]} for name in names]
    if rows:
        session.connection().execute(insert(ProductTag), rows)


Options = dict[str, tuple[int, dict[str, int]]]
"""Option and value ids by name."""


def write_options(session: Session, product_id: int, draft: ProductDraft) -> Options:
    options: Options = {}
    rows = session.exec(select(ProductOption).where(ProductOption.product_id == product_id)).all()
    rows_by_name = {option.name: option for option in rows}
    for place, option in enumerate(draft.options):
        row = rows_by_name.get(option.name) or ProductOption(product_id=product_id, name=option.name)
        row.position = place
        session.add(row)
        session.flush()
        assert row.id
        values = {
            v.value: v for v in session.exec(select(OptionValue).where(OptionValue.option_id == row.id))
        }
        for at, (value, swatch) in enumerate(option.values):
            entry = values.get(value) or OptionValue(option_id=row.id, value=value)
            entry.swatch, entry.position = swatch, at
            session.add(entry)
            values[value] = entry
        session.flush()
        options[option.name] = (row.id, {value: entry.id or 0 for value, entry in values.items()})
    return options


def drop_unused_options(session: Session, product_id: int, draft: ProductDraft, options: Options) -> None:
    values_by_option = {option.name: {value for value, _swatch in option.values} for option in draft.options}
    for row in session.exec(select(ProductOption).where(ProductOption.product_id == product_id)).all():
        if row.name not in values_by_option:
            session.delete(row)
            continue
        for value in session.exec(select(OptionValue).where(OptionValue.option_id == row.id)).all():
            if value.value not in values_by_option[row.name]:
                session.delete(value)


def write_pictures(session: Session, product_id: int, draft: ProductDraft) -> dict[str, int]:
    """Returns the id of each product picture by its key."""
    rows = session.exec(
        select(ProductPicture, Picture.key)
        .join(Picture, col(Picture.id) == ProductPicture.picture_id)
        .where(ProductPicture.product_id == product_id)
    ).all()
    rows_by_key = {key: row for row, key in rows}
    keys = [picture.key for picture in draft.pictures]
    ids = {row.key: row.id for row in session.exec(select(Picture).where(col(Picture.key).in_(keys)))}
    for key, row in rows_by_key.items():
        if key not in ids:
            session.delete(row)
    for place, picture in enumerate(draft.pictures):
        row = rows_by_key.get(picture.key) or ProductPicture(
            product_id=product_id, picture_id=ids[picture.key] or 0
        )
        row.alt, row.position = prose(picture.alt)[:1000], place
        session.add(row)
        rows_by_key[picture.key] = row
    session.flush()
    return {key: rows_by_key[key].id or 0 for key in keys}


def write_variant_parts(
    session: Session, variants: Sequence[tuple[int, VariantDraft]], options: Options, shown: dict[str, int]
) -> None:
    """Write the options and pictures of these variants, each with its id, anew."""
    values = [
        {"variant_id": variant_id, "option_id": options[name][0], "value_id": options[name][1][value]}
        for variant_id, variant in variants
        for name, value in variant.options
        if name in options and value in options[name][1]
    ]
    pictures = [
        {"variant_id": variant_id, "product_picture_id": shown[key], "position": place}
        for variant_id, variant in variants
        for place, key in enumerate(variant.pictures)
    ]
    connection = session.connection()
    for table, rows in ((VariantOption, values), (VariantPicture, pictures)):
        ids = [variant_id for variant_id, _variant in variants]
        connection.execute(delete(table).where(col(table.variant_id).in_(ids)))
        if rows:
            connection.execute(insert(table), rows)
