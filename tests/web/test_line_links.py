"""What the link of a letter about a place in line does: nothing by GET, and each step by POST, once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from shop_app.core import db
from shop_app.core.access import cookies
from shop_app.core.access.cookies import key_hash
from shop_app.core.pages import Address
from shop_app.pages.line_link import PAGE
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.search import listing_index
from shop_app.services.stock_alerts import line
from shop_app.state import line_link
from shop_app.web import line_links
from shop_app.worker import waiting
from tests.factories import make_basics, make_product, variant_with
from tests.paying import rows

BROWSER, PHONE = "b" * 43, "p" * 43


@pytest.fixture
def word(engine: Any) -> str:
    """The token of somebody who has asked for a bowl that is sold out."""
    with db.transaction() as session:
        make_basics(session)
        bowl = make_product(session, "Bowl", sku="BOWL", stock=1)
        listing_index.refresh(session, [bowl.id or 0])
    count_in(0)
    with db.transaction() as session:
        line.ask(session, "BOWL", "ada@example.com", key_hash(BROWSER))
    return rows("stock_alert")[0].token


def count_in(units: int) -> None:
    with db.transaction() as session:
        variant_id = variant_with(session, "BOWL").id or 0
        inventory_commands.set_on_hand(session, variant_id, units, reason="stocktake")


@pytest.fixture
def post() -> Iterator[Any]:
    with TestClient(Starlette(routes=line_links.routes), follow_redirects=False) as client:

        def send(path: str, browser: str = BROWSER) -> tuple[int, str]:
            cookie = f"{cookies.visitor_cookie()}={browser}"
            answer = client.post(path, headers={"cookie": cookie})
            return answer.status_code, answer.headers.get("location", "")

        yield send


def shown(word: str) -> str:
    with db.reading() as session:
        return line_link.view(session, Address({"token": word})).state


def test_confirming_taking_and_leaving_are_posts(word: str, post: Any):
    assert shown(word) == "unconfirmed"
    assert post(f"/line/{word}/confirm") == (303, f"/line/{word}")
    assert shown(word) == "waiting"
    assert post(f"/line/{word}/take", PHONE) == (303, f"/line/{word}")
    count_in(1)
    waiting.serve_line(lambda _seconds: None)
    for _time in range(2):
        assert post(f"/line/{word}/take", PHONE) == (303, "/cart")
    assert [(row.key_hash, row.email) for row in rows("stock_offer")] == [
        (key_hash(PHONE), "ada@example.com")
    ]
    assert [row.quantity for row in rows("cart_line")] == [1]
    for _time in range(2):
        assert post(f"/line/{word}/leave") == (303, "/line/left")
    waiting.serve_line(lambda _seconds: None)
    assert (rows("stock_offer"), rows("stock_alert"), rows("stock_level")[0].held) == ([], [], 0)


def test_a_token_that_never_was_does_nothing(word: str, post: Any):
    for action, leads_to in (("confirm", "/line/no"), ("take", "/line/no"), ("leave", "/line/left")):
        assert post(f"/line/no/{action}") == (303, leads_to)
    assert (shown(word), rows("cart")) == ("unconfirmed", [])


@pytest.mark.parametrize("state", ["unconfirmed", "waiting", "kept"])
def test_the_page_is_whole_without_scripts_and_names_nobody(word: str, state: str):
    with db.transaction() as session:
        if state != "unconfirmed":
            line.confirm(session, word, key_hash(BROWSER))
    if state == "kept":
        count_in(1)
        waiting.serve_line(lambda _seconds: None)
    html = PAGE.serve({"token": word}, _no_query()).html
    actions = {"unconfirmed": ["confirm", "leave"], "waiting": ["leave"], "kept": ["take", "leave"]}[state]
    assert [action for action in ("confirm", "take", "leave") if f"/line/{word}/{action}" in html] == actions
    assert "Bowl" in html
    assert "ada@" not in html


def _no_query() -> Any:
    from starlette.datastructures import QueryParams

    return QueryParams("")
