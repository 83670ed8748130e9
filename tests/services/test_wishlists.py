"""Wish lists: by variant and by shopper, bounded, shared by links that end, joined to the account once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlmodel import Session, select

from shop_app.core import clock, events
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from shop_app.models import Customer, ProductStatus, Variant, WishItem, WishList
from shop_app.services import joining, retention
from shop_app.services.wishlists import commands, queries
from shop_app.services.wishlists.commands import MAX_LISTS, MAX_THINGS
from tests.factories import key_hash, make_customer, make_product, variant_with

pytestmark = pytest.mark.both
GUEST, OTHER = key_hash("a guest"), key_hash("somebody else")
MOSS, CLAY, BOWL = "FABLE-LAMP-MOSS", "FABLE-LAMP-CLAY", "SHOAL-BOWL"


@pytest.fixture(autouse=True)
def _shop(session: Session, clock: Any) -> None:
    make_product(session, options={"Colour": ["Moss", "Clay"]}, stock=3)
    make_product(session, "Shoal Bowl", price_minor=2000, stock=50)


def on(session: Session, key: str = GUEST) -> dict[str, list[str]]:
    """Name of each list -> the SKUs on it, the newest first."""
    lists = queries.page(session, key).lists
    return {one.name: [thing.sku for thing in queries.page(session, key, one.id).things] for one in lists}


def list_named(session: Session, name: str, key: str = GUEST) -> queries.ListView:
    return next(one for one in queries.page(session, key).lists if one.name == name)


def set_price(session: Session, sku: str, minor: int) -> None:
    session.execute(update(Variant).where(Variant.sku == sku).values(price_minor=minor))


# --- Saving ---------------------------------------------------------------------------------------


def test_a_variant_is_saved_once_with_the_price_of_then(session: Session):
    assert commands.save(session, GUEST, MOSS) == "Saved"
    set_price(session, MOSS, 4500)
    assert commands.save(session, GUEST, MOSS) == "Saved"
    (thing,) = queries.page(session, GUEST).things
    assert (thing.sku, thing.variant, thing.saved_minor, thing.saved_price) == (MOSS, "Moss", 4900, "€49.00")
    assert thing.saved_on == "20 November"
    now = thing.now.variants[MOSS]
    assert (now.price, now.price_minor, now.stock_line) == ("€45.00", 4500, "Only 3 left in Moss")
    assert queries.saved_of(session, GUEST, "fable-lamp") == [MOSS]
    assert queries.saved_of(session, OTHER, "fable-lamp") == queries.saved_of(session, "", "fable-lamp") == []


def test_a_variant_is_on_one_list_at_most(session: Session):
    commands.save(session, GUEST, MOSS)
    gifts = commands.make_list(session, GUEST, "  Gifts\u200b ")
    assert commands.save(session, GUEST, MOSS) == "Saved"
    assert commands.save(session, GUEST, MOSS, gifts) == "Gifts"
    assert on(session) == {"Saved": [], "Gifts": [MOSS]}
    assert commands.move(session, GUEST, MOSS, list_named(session, "Saved").id) == "Saved"
    assert on(session) == {"Saved": [MOSS], "Gifts": []}


def test_what_is_not_for_sale_is_not_saved_and_says_so_where_it_was(session: Session):
    commands.save(session, GUEST, MOSS)
    make_product(session, "Old Lamp", status=ProductStatus.DRAFT)
    for sku in ("OLD-LAMP", "NEVER-WAS"):
        with pytest.raises(NotFound, match="isn't for sale any more"):
            commands.save(session, GUEST, sku)
    assert on(session) == {"Saved": [MOSS]}
    variant_with(session, MOSS).active = False
    session.flush()
    assert [thing.for_sale for thing in queries.page(session, GUEST).things] == [False]


def test_a_removed_thing_comes_back_as_it_was(session: Session, clock: Any):
    commands.save(session, GUEST, MOSS)
    gifts = commands.make_list(session, GUEST, "Gifts")
    commands.move(session, GUEST, MOSS, gifts)
    before = queries.page(session, GUEST, gifts).things
    set_price(session, MOSS, 100)
    clock.shift(86_400)
    gone = commands.remove(session, GUEST, MOSS)
    assert on(session) == {"Saved": [], "Gifts": []}
    with pytest.raises(NotFound):
        commands.remove(session, GUEST, MOSS)
    for _twice in range(2):
        commands.put_back(session, GUEST, gone)
    (thing,) = queries.page(session, GUEST, gifts).things
    assert (thing.saved_minor, thing.saved_on) == (before[0].saved_minor, before[0].saved_on)
    # Where its list has gone meanwhile, it comes back onto the first one.
    gone = commands.remove(session, GUEST, MOSS)
    commands.delete_list(session, GUEST, gifts)
    commands.put_back(session, GUEST, gone)
    assert on(session) == {"Saved": [MOSS]}


def test_without_a_cookie_nothing_is_kept(session: Session):
    with pytest.raises(Invalid, match="needs a cookie"):
        commands.save(session, "", MOSS)
    assert session.exec(select(WishList)).all() == []
    assert queries.page(session, "") == queries.SavedView()


# --- Lists ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Give the list a name."),
        (" \u200b ", "Give the list a name."),
        ("x" * 61, "Keep the name to 60 characters."),
        ("sAVED", "You have a list with that name."),
    ],
)
def test_a_list_has_a_name_of_its_own(session: Session, name: str, sentence: str):
    commands.save(session, GUEST, MOSS)
    for refused in (
        lambda: commands.make_list(session, GUEST, name),
        lambda: commands.rename(session, GUEST, commands.make_list(session, GUEST, "Gifts"), name),
    ):
        with pytest.raises(Invalid) as raised:
            refused()
        assert (raised.value.message, raised.value.field) == (sentence, "name")
    assert list(on(session)) == ["Saved", "Gifts"]


def test_a_list_with_things_is_not_deleted(session: Session):
    commands.save(session, GUEST, MOSS)
    with pytest.raises(Conflict, match="Move or remove"):
        commands.delete_list(session, GUEST, list_named(session, "Saved").id)
    assert on(session) == {"Saved": [MOSS]}


def test_lists_and_things_have_bounds(session: Session):
    commands.save(session, GUEST, MOSS)
    saved = list_named(session, "Saved")
    for number in range(MAX_LISTS - 1):
        commands.make_list(session, GUEST, f"List {number}")
    with pytest.raises(TooMany, match="You can have 20 lists at most."):
        commands.make_list(session, GUEST, "One more")
    assert len(on(session)) == MAX_LISTS
    fill(session, saved.id, MAX_THINGS - 1)
    with pytest.raises(TooMany, match="“Saved” is full: a list holds 500 things."):
        commands.save(session, GUEST, CLAY)
    assert commands.save(session, GUEST, CLAY, list_named(session, "List 3").id) == "List 3"
    with pytest.raises(TooMany, match="full"):
        commands.move(session, GUEST, CLAY, saved.id)
    assert list_named(session, "Saved").count == MAX_THINGS
    assert on(session)["List 3"] == [CLAY]
    view = queries.page(session, GUEST, saved.id)
    assert (len(view.things), view.left) == (queries.PER_PAGE, MAX_THINGS - queries.PER_PAGE)


def fill(session: Session, list_id: int, count: int) -> None:
    bowl = variant_with(session, BOWL)
    more = [
        {
            "product_id": bowl.product_id,
            "sku": f"MORE-{list_id}-{number}",
            "currency": "EUR",
            "price_minor": 100,
        }
        for number in range(count)
    ]
    session.execute(insert(Variant), more)
    ids = session.exec(select(Variant.id).where(Variant.sku.startswith(f"MORE-{list_id}-"))).all()  # pyright: ignore
    things = [
        {"list_id": list_id, "variant_id": id, "seen_price_minor": 100, "saved_at": clock.now()} for id in ids
    ]
    session.execute(insert(WishItem), things)


@pytest.mark.parametrize("command", ["save", "move", "rename", "delete_list", "share", "take_back", "remove"])
def test_anothers_lists_are_not_found(session: Session, command: str):
    commands.save(session, GUEST, MOSS)
    theirs = list_named(session, "Saved").id
    commands.share(session, GUEST, theirs)
    before = [tuple(row) for row in session.execute(select(WishList.__table__)).all()]  # pyright: ignore
    arguments = {
        "save": (CLAY, theirs),
        "move": (MOSS, theirs),
        "rename": (theirs, "Mine"),
        "remove": (MOSS,),
    }.get(command, (theirs,))
    with pytest.raises(NotFound), session.begin_nested():
        getattr(commands, command)(session, OTHER, *arguments)
    assert [tuple(row) for row in session.execute(select(WishList.__table__)).all()] == before  # pyright: ignore
    assert on(session) == {"Saved": [MOSS]}
    assert queries.page(session, OTHER, theirs).current.id != theirs


# --- Sharing --------------------------------------------------------------------------------------


def test_a_link_shows_the_list_until_it_is_taken_back(session: Session):
    commands.save(session, GUEST, MOSS)
    mine = list_named(session, "Saved").id
    token = commands.share(session, GUEST, mine)
    assert commands.share(session, GUEST, mine) == token
    assert len(token) == 32
    assert list_named(session, "Saved").link.endswith(f"/lists/{token}")
    view = queries.shared(session, token)
    assert (view.name, view.whose, view.count_text) == ("Saved", "", "1 thing")
    # When it was saved, and for how much, is its owner's business.
    (thing,) = view.things
    assert (thing.sku, thing.saved_minor, thing.saved_price, thing.saved_on) == (MOSS, 0, "", "")
    session.info["events"].clear()
    commands.take_back(session, GUEST, mine)
    assert session.info["events"] == [events.WishListsChanged(GUEST, (token,))]
    for wrong in (token, "", "x" * 32, "\x00", "a/b"):
        with pytest.raises(NotFound, match="no list at this address"):
            queries.shared(session, wrong)
    assert commands.share(session, GUEST, mine) != token


def test_a_link_says_whose_list_it_is_only_when_a_customer_asks(session: Session):
    customer = make_customer(session)
    by = Principal("customer", customer.id or 0, customer.email, customer.name)
    key = by.shopper_key(GUEST)
    commands.save(session, key, MOSS)
    mine = list_named(session, "Saved", key).id
    with pytest.raises(Conflict, match="Share the list first"):
        commands.show_name(session, key, mine, "Sam", by)
    token = commands.share(session, key, mine)
    assert queries.shared(session, token).whose == ""
    with pytest.raises(Invalid, match="100 characters"):
        commands.show_name(session, key, mine, "x" * 101, by)
    with pytest.raises(Forbidden):
        commands.show_name(session, key, mine, "Sam", Principal())
    with pytest.raises(NotFound):
        commands.show_name(session, OTHER, mine, "Eve", by)
    assert queries.shared(session, token).whose == ""
    commands.show_name(session, key, mine, " Sam\u200b Shopper", by)
    assert queries.shared(session, token).whose == "A list of Sam Shopper"
    commands.show_name(session, key, mine, "", by)
    assert queries.shared(session, token).whose == ""
    # A new link begins without a name.
    commands.show_name(session, key, mine, "Sam", by)
    commands.take_back(session, key, mine)
    assert queries.shared(session, commands.share(session, key, mine)).whose == ""


# --- Joining --------------------------------------------------------------------------------------


@pytest.fixture
def sam(session: Session) -> str:
    return f"customer:{make_customer(session).id}"


def join(session: Session, key: str, guest: str = GUEST) -> None:
    joining.join(session, int(key.removeprefix("customer:")), guest)


def test_a_guests_list_becomes_the_accounts(session: Session, sam: str):
    commands.save(session, GUEST, MOSS)
    token = commands.share(session, GUEST, list_named(session, "Saved").id)
    for _twice in range(2):
        join(session, sam)
        assert (on(session, sam), on(session)) == ({"Saved": [MOSS]}, {})
    assert queries.shared(session, token).name == "Saved"
    assert [row.customer_id for row in session.exec(select(WishList)).all()] == [int(sam.split(":")[1])]
    join(session, sam, "")
    assert on(session, sam) == {"Saved": [MOSS]}


@pytest.mark.parametrize("guest_first", [True, False])
def test_what_is_on_both_is_there_once_with_the_earlier_day_and_its_price(
    session: Session, clock: Any, sam: str, guest_first: bool
):
    first, second = (GUEST, sam) if guest_first else (sam, GUEST)
    commands.save(session, first, MOSS)
    clock.shift(86_400)
    set_price(session, MOSS, 5500)
    commands.save(session, second, MOSS)
    commands.save(session, GUEST, BOWL)
    join(session, sam)
    assert on(session, sam) == {"Saved": [BOWL, MOSS]}
    moss = queries.page(session, sam).things[1]
    assert (moss.saved_minor, moss.saved_on) == (4900, "20 November")


def test_lists_of_one_name_become_one_and_others_come_along(session: Session, sam: str):
    commands.save(session, sam, MOSS, commands.make_list(session, sam, "Gifts"))
    commands.save(session, GUEST, MOSS, commands.make_list(session, GUEST, "gifts"))
    commands.save(session, GUEST, CLAY)
    commands.save(session, GUEST, BOWL, list_named(session, "gifts").id)
    commands.make_list(session, GUEST, "Kitchen")
    join(session, sam)
    assert on(session, sam) == {"Saved": [CLAY], "Gifts": [BOWL, MOSS], "Kitchen": []}


@pytest.mark.parametrize("shared", ["account", "guest"])
def test_no_link_shows_more_after_joining_than_before(session: Session, sam: str, shared: str):
    commands.save(session, sam, MOSS)
    commands.save(session, GUEST, BOWL)
    key = sam if shared == "account" else GUEST
    token = commands.share(session, key, list_named(session, "Saved", key).id)
    before = [thing.sku for thing in queries.shared(session, token).things]
    join(session, sam)
    assert on(session, sam) == {"Saved": [MOSS], "Saved (2)": [BOWL]}
    assert [thing.sku for thing in queries.shared(session, token).things] == before


def test_an_account_full_of_lists_takes_a_guests_things_onto_its_own(session: Session, sam: str):
    for number in range(MAX_LISTS - 1):
        commands.make_list(session, sam, f"List {number}")
    commands.make_list(session, GUEST, "Kitchen")
    commands.save(session, GUEST, BOWL, list_named(session, "Kitchen").id)
    join(session, sam)
    lists = on(session, sam)
    assert (len(lists), lists["Saved"], on(session)) == (MAX_LISTS, [BOWL], {})


def test_somebody_elses_browser_joins_nothing_of_this_one(session: Session, sam: str):
    commands.save(session, GUEST, MOSS)
    join(session, sam, OTHER)
    assert (on(session), on(session, sam)) == ({"Saved": [MOSS]}, {})


# --- Age, and the end of an account ---------------------------------------------------------------


def test_a_guests_lists_go_by_their_age_and_a_customers_with_the_account(
    session: Session, clock: Any, sam: str
):
    for key in (GUEST, OTHER, sam):
        commands.save(session, key, MOSS)
    clock.shift(timedelta(days=100).total_seconds())
    commands.save(session, OTHER, CLAY)
    clock.shift(timedelta(days=100).total_seconds())
    assert (retention.wish_lists(session, 10), retention.wish_lists(session, 10)) == (1, 0)
    assert (on(session), on(session, OTHER)) == ({}, {"Saved": [CLAY, MOSS]})
    assert on(session, sam) == {"Saved": [MOSS]}
    session.delete(session.get_one(Customer, int(sam.split(":")[1])))
    session.flush()
    session.expire_all()
    assert on(session, sam) == {}
    assert len(session.exec(select(WishItem)).all()) == 2
