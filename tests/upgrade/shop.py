"""A small shop in which much has happened, all of it by the shop's own code: what a dump is made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from shop_app.core import clock, db
from shop_app.core.access.principal import Principal
from shop_app.core.clock import now
from shop_app.models import Address, Passkey
from shop_app.services import consents, reviews
from shop_app.services.cart import checkout, holds
from shop_app.services.cart import commands as cart_commands
from shop_app.services.catalog import commands as catalog_commands
from shop_app.services.credit import commands as credit_commands
from shop_app.services.inventory import incoming
from shop_app.services.returns import admin as returns_admin
from shop_app.services.returns import commands as return_commands
from shop_app.services.search import listing_index
from shop_app.services.stock_alerts import line
from shop_app.services.wishlists import commands as wish_list_commands
from shop_app.worker import jobs
from shop_app.workflows import pay, return_goods
from tests.factories import key_hash, make_basics, make_customer, make_product, make_promotion, make_staff
from tests.paying import FORM, MANAGER, ME, World, make_sandbox
from tests.selling import LATER, cancel, delivered, order, refund, run, sell, send
from tests.selling import line as line_of

OWNER = replace(MANAGER, permissions=MANAGER.permissions | {"credit.edit"})
DISPUTED = "4000 0000 0000 0259"


def fill(folder: Path) -> None:
    """Fill the empty shop of `db.engine()`; the sandbox of its payments is kept in `folder`."""
    with db.transaction() as session:
        make_basics(session)
        make_product(session, "Shoal Bowl", price_minor=2780, stock=40)
        make_product(session, "Dune Mug", price_minor=2400, stock=40)
        make_product(session, "Fable Lamp", price_minor=11900, stock=1)
        make_promotion(session, "AUTUMN10")
        make_staff(session)
    world = World(make_sandbox(folder))
    _orders(world)
    _returns(world)
    _credit(world)
    # Somebody is at the payment page.
    world.pay(FORM, world.fill_cart("DUNE-MUG", 1))
    _people()
    with db.transaction() as session:
        listing_index.refresh(session, [1, 2, 3])
    jobs.send_letters()


def _orders(world: World) -> None:
    """Delivered, sent in part and refunded in part, cancelled, to be paid later, and disputed."""
    with db.transaction() as session:
        cart_commands.add(session, ME, "DUNE-MUG", 1)
        cart_commands.apply_code(session, ME, "AUTUMN10")
    sell(world, {"SHOAL-BOWL": 2})
    delivered(send({"SHOAL-BOWL": 2, "DUNE-MUG": 1}))
    with db.transaction() as session:
        reviews.write(session, order().token, "shoal-bowl", reviews.Written(5, "Good", "Well made.", "Marta"))
    sell(world, {"SHOAL-BOWL": 2, "DUNE-MUG": 2})
    send({"SHOAL-BOWL": 1})
    refund("refund-request-1", lines={"DUNE-MUG": 1})
    refund("refund-request-2", free_minor=150)
    sell(world, {"DUNE-MUG": 3})
    cancel()
    sell(world, {"DUNE-MUG": 1}, LATER)
    url = world.pay(FORM, world.fill_cart("SHOAL-BOWL", 1))
    world.enter_card(url, DISPUTED)
    world.deliver()


def _returns(world: World) -> None:
    """One that came back and was refunded, one that was declined, and a withdrawal that is under way."""
    sell(world, {"SHOAL-BOWL": 3})
    delivered(send({"SHOAL-BOWL": 3}))
    bowls = line_of("SHOAL-BOWL").id
    with db.transaction() as session:
        return_commands.request(session, order().token, {0: 2}, "damaged", "Cracked", "return-request-1")
        returns_admin.approve(session, 1, by=MANAGER)
        returns_admin.receive(session, 1, {bowls: 2}, {bowls: 1}, by=MANAGER)
    run(return_goods.refund_return(1, "return-request-1-refund", MANAGER, destination="credit"))
    with db.transaction() as session:
        return_commands.request(session, order().token, {0: 1}, "changed_mind", "", "return-request-2")
        returns_admin.decline(session, 2, by=MANAGER, answer="It was used.")
    sell(world, {"DUNE-MUG": 2})
    delivered(send({"DUNE-MUG": 2}))
    row = order()
    with db.transaction() as session:
        return_commands.withdraw(
            session, str(row.number), row.email, "Marta Lind", {0: 1}, "", "withdrawal-request-1"
        )


def _credit(world: World) -> None:
    """A gift card that pays a part, and store credit."""
    with db.transaction() as session:
        card = credit_commands.issue(session, 2000, by=OWNER, request_key="gift-card-key-1")
        credit_commands.issue(
            session,
            1500,
            by=OWNER,
            kind="store_credit",
            email="jonas@example.com",
            request_key="store-credit-key-1",
        )
        cart_commands.apply_credit(session, ME, card.code)
    total = world.fill_cart("SHOAL-BOWL", 1)
    world.enter_card(run(pay.pay(ME, FORM, total, expected_credit_minor=2000)))
    world.deliver()


def _people() -> None:
    """A customer with an account, carts in checkout, people in line, a draft, a delivery to come."""
    with db.transaction() as session:
        ada = make_customer(session, "ada@example.com", "Ada Lind")
        ada.verified_at = now()
        session.flush()
        me = Principal("customer", ada.id or 0, ada.email, ada.name, session_id=1)
        session.add(Address(customer_id=me.id, given_name="Ada", line1="Kastanienallee 12", country="DE"))
        session.add(Passkey(customer_id=me.id, credential_id="credential", public_key="key", name="Phone"))
        mine = me.shopper_key(ME)
        cart_commands.add(session, mine, "DUNE-MUG", 2)
        checkout.save(session, mine, replace(FORM, email=ada.email))
        holds.enter(session, mine, "hash of an address")
        wish_list_commands.save(session, mine, "SHOAL-BOWL")
        wish_list_commands.save(session, key_hash("a guest"), "DUNE-MUG")
        consents.give(session, ada.email, "news", "Write to me.", "account")
        cart_commands.add(session, key_hash("the last"), "FABLE-LAMP", 1)
        checkout.save(session, key_hash("the last"), FORM)
        holds.enter(session, key_hash("the last"), "hash of another")
    with db.transaction() as session:
        line.ask(session, "FABLE-LAMP", "ines@example.com", key_hash("ines"))
        line.ask_as(session, me.id, "FABLE-LAMP")
        incoming.expect(session, "FABLE-LAMP", 5, on=clock.today() + timedelta(days=9), by=MANAGER)
        draft, _version = catalog_commands.draft_of(session, "dune-mug")
        variants = tuple(replace(one, sku="NOT-YET") for one in draft.variants)
        catalog_commands.create(
            session,
            replace(draft, slug="", handle="not-yet", title="Not yet", status="draft", variants=variants),
            actor="staff:ada@example.com",
        )
