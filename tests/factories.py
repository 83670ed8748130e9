"""Small pieces of a shop for tests: products with variants and stock, carts, people, taxes, shipping."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

from slugify import slugify
from sqlmodel import Session, SQLModel, col, select

from shop_app.core.access.principal import Principal
from shop_app.core.clock import now
from shop_app.models import (
    Cart,
    CartLine,
    Category,
    Customer,
    LoginSession,
    MethodKind,
    MovementKind,
    OptionValue,
    Product,
    ProductOption,
    ProductStatus,
    PromotionCode,
    PromotionKind,
    ShippingMethod,
    ShippingRate,
    ShippingZone,
    Staff,
    StockLevel,
    StockMovement,
    StockPolicy,
    TaxClass,
    TaxRate,
    Variant,
    VariantOption,
    ZoneCountry,
)
from shop_app.models import Promotion as PromotionRow
from shop_app.services.accounts import sessions
from shop_app.services.accounts.passwords import Hashed
from shop_app.services.accounts.sessions import Kind

Row = TypeVar("Row", bound=SQLModel)


def add(session: Session, row: Row) -> Row:
    """Store a row and give it its id."""
    session.add(row)
    session.flush()
    return row


def key_hash(key: str = "a visitor") -> str:
    """What the database keeps of a visitor's key."""
    return hashlib.sha256(key.encode()).hexdigest()


# --- What is for sale -----------------------------------------------------------------------------


def make_tax_classes(session: Session) -> None:
    """The classes standard and reduced, with German and Austrian rates. Twice is once."""
    if session.get(TaxClass, "standard"):
        return
    session.add_all([TaxClass(code="standard", label="Standard"), TaxClass(code="reduced", label="Reduced")])
    session.add_all(
        TaxRate(country=country, tax_class=tax_class, label=label, rate_ppm=rate_ppm)
        for country, tax_class, label, rate_ppm in (
            ("DE", "standard", "19 % VAT", 190_000),
            ("DE", "reduced", "7 % VAT", 70_000),
            ("AT", "standard", "20 % VAT", 200_000),
            ("AT", "reduced", "10 % VAT", 100_000),
        )
    )
    session.flush()


def make_category(session: Session, title: str = "Lighting", *, parent: Category | None = None) -> Category:
    """The category of that title, made where it isn't there."""
    slug = slugify(title)
    category = session.exec(select(Category).where(Category.slug == slug)).first()
    return category or add(session, Category(slug=slug, title=title, parent_id=parent.id if parent else None))


def make_product(
    session: Session,
    title: str = "Fable Lamp",
    *,
    slug: str = "",
    sku: str = "",
    price_minor: int = 4900,
    compare_at_minor: int | None = None,
    cost_minor: int | None = None,
    currency: str = "EUR",
    options: Mapping[str, Sequence[str]] | None = None,
    stock: int = 10,
    policy: StockPolicy = StockPolicy.DENY,
    weight_grams: int = 500,
    category: str = "Lighting",
    tax_class: str = "standard",
    status: ProductStatus = ProductStatus.ACTIVE,
    description_html: str = "<p>A lamp that reads to you.</p>",
    requires_shipping: bool = True,
) -> Product:
    """A product, and a variant for each combination of its options, `stock` units of each.

    A product without options has one variant, whose SKU is `sku` or FABLE-LAMP; with
    options={"Colour": ["Moss", "Clay"]} they are FABLE-LAMP-MOSS and FABLE-LAMP-CLAY.
    """
    make_tax_classes(session)
    product = add(
        session,
        Product(
            slug=slug or slugify(title),
            title=title,
            subtitle=f"{title}, made for tests",
            description_html=description_html,
            status=status,
            published_at=now(),
            tax_class=tax_class,
            category_id=make_category(session, category).id,
            vendor="Fennholm",
            kind=category,
        ),
    )
    base = sku or slugify(title).upper()
    values = _make_options(session, product, options or {})
    for position, combination in enumerate(itertools.product(*values)):
        names = [value.value for value in combination]
        variant = add(
            session,
            Variant(
                product_id=_id(product),
                sku="-".join([base, *(slugify(name).upper() for name in names)]),
                title=" / ".join(names),
                currency=currency,
                price_minor=price_minor,
                compare_at_minor=compare_at_minor,
                cost_minor=cost_minor,
                weight_grams=weight_grams,
                position=position,
                requires_shipping=requires_shipping,
            ),
        )
        for value in combination:
            session.add(
                VariantOption(variant_id=_id(variant), option_id=value.option_id, value_id=_id(value))
            )
        put_in_stock(session, variant, stock, policy=policy)
    session.flush()
    return product


def _make_options(
    session: Session, product: Product, options: Mapping[str, Sequence[str]]
) -> list[list[OptionValue]]:
    rows = []
    for position, (name, values) in enumerate(options.items()):
        option = add(session, ProductOption(product_id=_id(product), name=name, position=position))
        rows.append(
            [
                add(session, OptionValue(option_id=_id(option), value=value, position=place))
                for place, value in enumerate(values)
            ]
        )
    return rows


def put_in_stock(
    session: Session, variant: Variant, units: int, *, policy: StockPolicy = StockPolicy.DENY
) -> StockLevel:
    """The first units of a variant, with the movement that the ledger needs."""
    level = add(session, StockLevel(variant_id=_id(variant), on_hand=units, policy=policy))
    if units:
        add(
            session,
            StockMovement(
                variant_id=_id(variant), kind=MovementKind.RECEIVED, on_hand_delta=units, reason="test"
            ),
        )
    return level


def variants_of(session: Session, product: Product) -> list[Variant]:
    """A product's variants in their order."""
    query = select(Variant).where(Variant.product_id == product.id).order_by(col(Variant.position))
    return list(session.exec(query))


def variant_with(session: Session, sku: str) -> Variant:
    return session.exec(select(Variant).where(Variant.sku == sku)).one()


def stock_of(session: Session, sku: str) -> tuple[int, int, int]:
    """On hand, allocated, held, read anew."""
    level = session.get_one(StockLevel, variant_with(session, sku).id)
    session.refresh(level)
    return level.on_hand, level.allocated, level.held


# --- The way to the shopper -----------------------------------------------------------------------


def make_shipping(session: Session) -> None:
    """Germany: standard €4.90, free from €50, express €9.90, pick-up; Austria: by weight. Twice is once."""
    if session.exec(select(ShippingZone)).first():
        return
    germany = add(session, ShippingZone(name="Germany"))
    austria = add(session, ShippingZone(name="Austria"))
    session.add(ZoneCountry(country="DE", zone_id=_id(germany)))
    session.add(ZoneCountry(country="AT", zone_id=_id(austria)))
    for position, (code, kind, label, price_minor, free_above_minor) in enumerate(
        (
            ("standard", MethodKind.FLAT, "Standard", 490, 5000),
            ("express", MethodKind.FLAT, "Express", 990, None),
            ("pick-up", MethodKind.PICK_UP, "Pick up", 0, None),
        )
    ):
        session.add(
            ShippingMethod(
                zone_id=_id(germany),
                code=code,
                kind=kind,
                label=label,
                price_minor=price_minor,
                free_above_minor=free_above_minor,
                position=position,
            )
        )
    by_weight = add(
        session,
        ShippingMethod(
            zone_id=_id(austria), code="austria-parcel", kind=MethodKind.BY_WEIGHT, label="Parcel to Austria"
        ),
    )
    for up_to_grams, price_minor in ((2_000, 890), (10_000, 1490)):
        session.add(ShippingRate(method_id=_id(by_weight), up_to_grams=up_to_grams, price_minor=price_minor))
    session.flush()


def make_basics(session: Session) -> None:
    """Taxes and shipping: what pricing and checkout need beside products."""
    make_tax_classes(session)
    make_shipping(session)


# --- Carts and people -----------------------------------------------------------------------------


def make_cart(
    session: Session, lines: Mapping[str, int] | None = None, *, key: str = "a visitor", country: str = "DE"
) -> Cart:
    """An open cart of the visitor with that key: lines={"FABLE-LAMP": 2}."""
    cart = add(session, Cart(key_hash=key_hash(key), currency="EUR", country=country))
    for sku, quantity in (lines or {}).items():
        variant = variant_with(session, sku)
        add(
            session,
            CartLine(
                cart_id=_id(cart),
                variant_id=_id(variant),
                quantity=quantity,
                seen_price_minor=variant.price_minor,
            ),
        )
    return cart


def make_promotion(
    session: Session,
    code: str = "AUTUMN10",
    *,
    percent: int = 10,
    name: str = "Autumn, 10 % off",
    **more: object,
) -> PromotionRow:
    """A promotion of so many per cent on the goods, with a code ("" for one that applies by itself)."""
    kind = more.pop("kind", PromotionKind.PERCENT)
    row = add(
        session,
        PromotionRow(name=name, kind=str(kind), percent=percent, automatic=not code, **more),  # pyright: ignore
    )
    if code:
        add(session, PromotionCode(code=code, promotion_id=_id(row)))
    return row


def make_customer(
    session: Session, email: str = "shopper@example.com", name: str = "Sam Shopper"
) -> Customer:
    return add(session, Customer(email=email, name=name))


def make_staff(
    session: Session, email: str = "ada@example.com", role: str = "clerk", name: str = "Ada"
) -> Principal:
    """A member of staff whom no password signs in."""
    return sessions.create_staff(session, email, Hashed("none"), role, name=name, actor="test")


def open_session(session: Session, email: str) -> str:
    """A session of that member of staff that no password was needed for: the hash of its key."""
    token = key_hash(f"session of {email}")
    staff = session.exec(select(Staff).where(Staff.email == email)).one()
    add(session, LoginSession(token_hash=token, staff_id=staff.id, expires_at=now() + timedelta(hours=1)))
    return token


def sign_in(session: Session, email: str, password: str, kind: Kind) -> tuple[str, Principal]:
    """What signing in does in three steps, in one session: the new session's key, and whose it is."""
    return sessions.sign_in(session, sessions.prove(sessions.login_of(session, email, kind=kind), password))


def _id(row: SQLModel) -> int:
    number = getattr(row, "id", None)
    assert isinstance(number, int)
    return number
