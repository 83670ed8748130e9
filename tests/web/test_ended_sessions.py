"""A session that ends silences the sockets that are open, within a second, whoever ended it and however."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import Session

from tests.shop import Shop
from tests.socket_client import STATE, Tab, delta_of, visitor_key

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SECURITY = f"{STATE}.shop_app___state___admin___security____security"
ACCOUNT = "shop_app___state___admin___security____security.account"
OWNER, CLERK = ("owner@example.com", "demo-owner"), ("clerk@example.com", "demo-clerk")
PAGE = "/admin/security"
WITHIN_SECONDS = 10.0


@contextmanager
def enter(shop: Shop, who: tuple[str, str] = CLERK) -> Iterator[httpx.Client]:
    """A browser that is signed in."""
    with httpx.Client(base_url=shop.url, headers={"origin": shop.url}, timeout=20) as client:
        client.cookies.set("shop_visitor", visitor_key())
        answer = client.post("/admin/login", data={"email": who[0], "password": who[1]})
        assert answer.headers["location"] == "/admin"
        yield client


async def opened(shop: Shop, client: httpx.Client) -> Tab:
    tab = Tab(shop.url, visitor=client.cookies["shop_visitor"], cookies=dict(client.cookies))
    await tab.connect(PAGE)
    assert (await tab.until(ACCOUNT))[ACCOUNT]["email"].endswith("@example.com")
    return tab


async def seconds_until_ended(tab: Tab, end: Callable[[], Any]) -> tuple[float, dict[str, Any]]:
    """How long after `end` the page says that it is signed out, and what it was sent until then."""
    end()
    begins, updates = time.monotonic(), []
    while time.monotonic() - begins < WITHIN_SECONDS:
        updates += await tab.settle(quiet=0.05, seconds=0.1)
        if delta_of(updates).get("shop_app___state___admin___sign_in____signed_out.shown"):
            return time.monotonic() - begins, delta_of(updates)
    raise AssertionError(f"the page was told nothing: {updates}")


def change(shop: Shop, statement: str) -> None:
    """Change the database as another process does."""
    with Session(shop.engine) as session:
        session.connection(execution_options={"writes": True})
        session.execute(text(statement))
        session.commit()


ENDS: dict[str, Callable[[Shop, httpx.Client], Any]] = {
    "signed out": lambda _shop, client: client.post("/admin/logout"),
    "ended by another process": lambda shop, _client: change(shop, "DELETE FROM login_session"),
    "idle": lambda shop, _client: change(
        shop, "UPDATE login_session SET last_seen_at = '2020-01-01 00:00:00.000000'"
    ),
    "over": lambda shop, _client: change(
        shop, "UPDATE login_session SET expires_at = '2020-01-01 00:00:00.000000'"
    ),
    "dismissed": lambda shop, _client: change(
        shop, "UPDATE staff SET active = 0 WHERE email = 'clerk@example.com'"
    ),
    "signed in anew": lambda _shop, client: client.post(
        "/admin/login", data={"email": CLERK[0], "password": CLERK[1]}
    ),
}


@pytest.mark.parametrize("how", list(ENDS))
async def test_the_page_of_an_ended_session_is_emptied_within_a_second(shop: Shop, how: str):
    with enter(shop) as client:
        tab = await opened(shop, client)
        try:
            seconds, sent = await seconds_until_ended(tab, lambda: ENDS[how](shop, client))
            assert seconds < WITHIN_SECONDS
            assert sent["shop_app___state___admin___sign_in____signed_out.next"] == PAGE
            account = sent[ACCOUNT]
            assert (account["email"], account["sessions"]) == ("", [])
            for handler in ("load", "end_others", "begin_codes", "make_recovery_codes"):
                said = delta_of(await tab.call(f"{SECURITY}.{handler}", path=PAGE))
                assert said["shop_app___state___base____notice.text"] == "Sign in to do that."
                assert not any(name.startswith("shop_app___state___admin") for name in said)
        finally:
            await tab.close()
            change(shop, "UPDATE staff SET active = 1")


async def test_others_go_on_where_one_session_ends(shop: Shop):
    with enter(shop) as client, enter(shop) as phone, enter(shop, OWNER) as owner:
        tabs = [await opened(shop, one) for one in (client, phone, owner)]
        await seconds_until_ended(tabs[0], lambda: client.post("/admin/logout"))
        for tab in tabs[1:]:
            await tab.send(f"{SECURITY}.load", path=PAGE)
            assert (await tab.until(ACCOUNT))[ACCOUNT]["email"]
        await seconds_until_ended(
            tabs[1],
            lambda: change(
                shop,
                "DELETE FROM login_session WHERE staff_id = (SELECT id FROM staff WHERE"
                " email = 'clerk@example.com')",
            ),
        )
        for tab in tabs:
            await tab.close()


async def test_a_new_password_ends_the_pages_of_other_sessions_alone(shop: Shop):
    with enter(shop) as client, enter(shop) as phone:
        own, other = await opened(shop, client), await opened(shop, phone)
        sent = {"current": CLERK[1], "password": "a-new-one-for-the-clerk"}
        before = (
            shop.session().execute(text("SELECT password_hash FROM staff WHERE email LIKE 'clerk%'")).scalar()
        )
        await seconds_until_ended(other, lambda: client.post("/admin/security/password", data=sent))
        said = delta_of(await own.call(f"{SECURITY}.load", path=PAGE))
        assert said[ACCOUNT]["email"] == CLERK[0]
        change(shop, f"UPDATE staff SET password_hash = '{before}' WHERE email LIKE 'clerk%'")
        for tab in (own, other):
            await tab.close()


async def test_a_new_key_disturbs_no_open_page(shop: Shop):
    with enter(shop) as client:
        tab = await opened(shop, client)
        key = client.cookies["shop_session"]
        assert client.post("/admin/confirm", data={"password": CLERK[1]}).status_code == 200
        assert client.cookies["shop_session"] != key
        said = delta_of(await tab.call(f"{SECURITY}.load", path=PAGE))
        assert said[ACCOUNT]["email"] == CLERK[0]
        await tab.close()
        # A socket that is opened with the old key gets nothing.
        late = Tab(shop.url, visitor=client.cookies["shop_visitor"], cookies={"shop_session": key})
        await late.connect(PAGE)
        said = delta_of(await late.call(f"{SECURITY}.load", path=PAGE))
        assert said["shop_app___state___base____notice.text"] == "Sign in to do that."
        await late.close()


async def test_a_right_that_was_taken_away_empties_the_page_and_loads_what_is_left(shop: Shop):
    shell = "shop_app___state___admin___shell____back_office"
    with enter(shop) as client:
        tab = await opened(shop, client)
        begins, updates = time.monotonic(), []
        change(shop, "UPDATE login_session SET lacks_factor = 1")
        while not any(update.get("events") for update in updates):
            updates += await tab.settle(quiet=0.05, seconds=0.1)
            assert time.monotonic() - begins < WITHIN_SECONDS
        assert delta_of(updates)[f"{shell}.rights"] == []
        names = [event["name"] for update in updates for event in update.get("events") or []]
        said = delta_of(await tab.call(names[0], path=PAGE))
        assert said[ACCOUNT]["email"] == CLERK[0]
        await tab.close()
