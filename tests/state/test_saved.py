"""Saved things in a tab: a guest's and a customer's, on the page of a product, and by a list's link."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shop_app.core import db
from shop_app.core.access.cookies import key_hash
from shop_app.core.access.policy import set_principal
from shop_app.core.access.principal import Principal
from shop_app.core.clock import now
from shop_app.core.errors import Forbidden, NotFound
from shop_app.core.events import WishListsChanged
from shop_app.models import Customer
from shop_app.realtime.bus import Push, bus
from shop_app.services.stock_alerts import line
from shop_app.services.stock_alerts.queries import PlaceView
from shop_app.state import pushes
from shop_app.state.account.frame import Account
from shop_app.state.account.saved import Removed, Saved
from shop_app.state.live import handler_name
from shop_app.state.pushes import Changes
from shop_app.state.shared_list import SharedList
from shop_app.state.stock_line import StockLine
from tests.factories import make_customer
from tests.paying import rows
from tests.state.conftest import send, submit

PAGE = "/account/saved"
MOSS, CLAY, BOWL = "FABLE-LAMP-MOSS", "FABLE-LAMP-CLAY", "SHOAL-BOWL"


@pytest.fixture
def sam(shop: None) -> Iterator[Principal]:
    """A customer who is signed in in these tabs."""
    with db.transaction() as session:
        customer = make_customer(session)
    by = Principal("customer", customer.id or 0, customer.email, customer.name)
    set_principal(by)
    yield by
    set_principal(None)


async def saved_page(open_tab, address: str = PAGE, **more: str) -> Saved:
    tab = await open_tab(Saved, address, **more)
    await tab.load()
    return tab


def skus(tab: Saved | SharedList) -> list[str]:
    return [thing.sku for thing in tab.view.things]


async def test_a_product_is_marked_and_taken_off_again(open_tab, shop):
    tab = await open_tab(Saved, "/products/fable-lamp")
    await tab.load_marks()
    assert tab.marked == []
    await send(tab, "mark", sku=MOSS, on=True)
    await send(tab, "mark", sku=CLAY, on=True)
    assert (tab.marked, tab.view.things) == ([MOSS, CLAY], [])
    again = await open_tab(Saved, "/products/fable-lamp")
    await again.load_marks()
    assert again.marked == [MOSS, CLAY]
    await send(again, "mark", sku=MOSS, on=False)
    assert again.marked == [CLAY]
    assert skus(await saved_page(open_tab)) == [CLAY]
    other = await open_tab(Saved, "/products/fable-lamp", visitor="w" * 43)
    await other.load_marks()
    assert other.marked == []


async def test_what_is_removed_can_be_put_back(open_tab, shop):
    tab = await saved_page(open_tab)
    await send(tab, "save", sku=MOSS)
    assert skus(tab) == [MOSS]
    await send(tab, "remove", sku=MOSS)
    assert (skus(tab), tab.removed) == ([], Removed(MOSS, "Fable Lamp"))
    await tab.undo()
    assert (skus(tab), tab.removed) == ([MOSS], Removed())
    await tab.undo()
    assert skus(tab) == [MOSS]


async def test_the_address_names_the_list(open_tab, shop):
    tab = await saved_page(open_tab)
    await send(tab, "save", sku=BOWL)
    await submit(tab, "make_list", {"name": "Gifts"})
    gifts = next(one for one in tab.view.lists if one.name == "Gifts")
    await send(tab, "move", sku=BOWL, list_id=str(gifts.id))
    assert (tab.view.current.name, skus(tab)) == ("Saved", [])
    named = await saved_page(open_tab, f"{PAGE}?list={gifts.id}")
    assert (named.view.current.name, skus(named)) == ("Gifts", [BOWL])
    for unknown in ("999999", "-1", "x", "9" * 40, "²"):
        assert (await saved_page(open_tab, f"{PAGE}?list={unknown}")).view.current.name == "Saved"


async def test_a_name_that_cannot_be_is_said_at_its_field(open_tab, shop):
    tab = await saved_page(open_tab)
    await send(tab, "save", sku=BOWL)
    await submit(tab, "make_list", {"name": " "})
    assert tab.errors == {"name": "Give the list a name."}
    current = str(tab.view.current.id)
    await submit(tab, "rename", {"list_id": current, "renamed": ""})
    assert (tab.refused_name, tab.view.current.name) == ("Give the list a name.", "Saved")
    await submit(tab, "rename", {"list_id": current, "renamed": "Wishes"})
    assert (tab.refused_name, tab.view.current.name) == ("", "Wishes")
    assert [row.name for row in rows("wish_list")] == ["Wishes"]


async def test_another_visitors_lists_are_not_found(open_tab, shop):
    mine = await saved_page(open_tab)
    await send(mine, "save", sku=MOSS)
    await send(mine, "share", list_id=mine.view.current.id)
    before = [tuple(row) for row in rows("wish_list")]
    eve = await saved_page(open_tab, f"{PAGE}?list={mine.view.current.id}", visitor="w" * 43)
    assert (eve.view.lists, eve.view.things) == ([], [])
    for handler in ("share", "take_back", "delete_list"):
        with pytest.raises(NotFound):
            await send(eve, handler, list_id=mine.view.current.id)
    with pytest.raises(NotFound):
        await send(eve, "remove", sku=MOSS)
    await eve.undo()
    assert [tuple(row) for row in rows("wish_list")] == before
    assert len(rows("wish_item")) == 1


async def test_a_customers_list_is_the_accounts_in_every_browser(open_tab, sam):
    phone = await saved_page(open_tab)
    await send(phone, "save", sku=MOSS)
    laptop = await saved_page(open_tab, visitor="w" * 43)
    assert skus(laptop) == [MOSS]
    set_principal(None)
    assert skus(await saved_page(open_tab)) == []


async def test_the_frame_of_the_account_is_loaded_for_customers_alone(open_tab, sam):
    tab = await open_tab(Saved, PAGE)
    assert await tab.load() == Account.load
    set_principal(None)
    assert await tab.load() is None


async def test_a_list_is_shown_by_its_link_until_it_is_taken_back(open_tab, sam):
    tab = await saved_page(open_tab)
    await send(tab, "save", sku=MOSS)
    current = tab.view.current.id
    await send(tab, "share", list_id=current)
    path = "/lists/" + tab.view.current.link.rsplit("/", 1)[1]
    await submit(tab, "show_name", {"list_id": str(current), "shown_name": "Sam"})
    set_principal(None)
    guest = await open_tab(SharedList, path, visitor="w" * 43)
    await guest.load()
    assert (guest.view.name, guest.view.whose, skus(guest)) == ("Saved", "A list of Sam", [MOSS])
    set_principal(sam)
    await send(tab, "take_back", list_id=current)
    set_principal(None)
    await guest.load()
    assert (guest.view.things, guest.view.name, guest.missing) == ([], "", True)


async def test_a_guest_shows_no_name(open_tab, shop):
    tab = await saved_page(open_tab)
    await send(tab, "save", sku=MOSS)
    await send(tab, "share", list_id=tab.view.current.id)
    with pytest.raises(Forbidden):
        await submit(tab, "show_name", {"list_id": str(tab.view.current.id), "shown_name": "Sam"})
    assert [row.shown_name for row in rows("wish_list")] == [""]


async def test_the_page_shows_what_its_reader_waits_for(open_tab, sam):
    with db.transaction() as session:
        session.get_one(Customer, sam.id).verified_at = now()
        session.flush()
        line.ask_as(session, sam.id, CLAY)
    tab = await open_tab(StockLine, PAGE)
    await tab.show_all()
    assert [(place.sku, place.product, place.sentence) for place in tab.places] == [
        (CLAY, "Fable Lamp, Clay", "You are number 1 in line.")
    ]
    with db.transaction() as session:
        line.leave_as(session, f"customer:{sam.id}", CLAY)
    await tab.refresh()
    assert (tab.places, tab.place) == ([], PlaceView())


async def test_pages_that_show_the_lists_are_asked_to_load_them(open_tab, shop, monkeypatch):
    published: list[Push] = []
    monkeypatch.setattr(bus(), "publish", published.append)
    changes = Changes()
    changes.note(WishListsChanged("customer:7", ("a-token",)))
    assert changes
    await pushes.publish(changes)
    assert published == [
        Push("wishes:customer:7", ask=(handler_name(Saved.load),)),
        Push(f"wish-list:{key_hash('a-token')}", ask=(handler_name(SharedList.load),)),
    ]
