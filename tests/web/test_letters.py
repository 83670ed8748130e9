"""A letter's link: one click ends what it was about, opening it changes nothing, and nobody forges one."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.datastructures import QueryParams

from shop_app.core import db
from shop_app.core.errors import NotFound
from shop_app.pages import letters as letters_page
from shop_app.services import consents
from shop_app.web import letters
from shop_app.web.edge import Edge
from tests.paying import rows

ORIGIN = "http://localhost:3000"
ADA = "ada@example.com"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = Edge(Starlette(routes=letters.routes), origins=[ORIGIN])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN)


@pytest.fixture
def path() -> str:
    """The link of a letter to somebody who agreed to two things, about one of them."""
    with db.transaction() as session:
        for purpose in ("reviews", "reminders"):
            consents.give(session, ADA, purpose, consents.PURPOSES[purpose], "checkout")
    return f"/letters/{consents.token_of(ADA, 'reviews')}"


def said() -> list[tuple[str, bool, str]]:
    return [(row.purpose, row.given, row.source) for row in rows("consent")]


def is_on() -> set[str]:
    with db.reading() as session:
        return {one.purpose for one in consents.choices(session, ADA) if one.is_on}


GIVEN = [("reviews", True, "checkout"), ("reminders", True, "checkout")]


@pytest.mark.parametrize("form", [{"data": ONE_CLICK}, {"files": {"List-Unsubscribe": (None, "One-Click")}}])
async def test_one_click_ends_what_the_letter_was_about(client, path, form) -> None:
    for _twice in range(2):
        answer = await client.post(path, **form)
        assert (answer.status_code, answer.text) == (200, "You are unsubscribed.")
    assert said() == [*GIVEN, ("reviews", False, "one-click")]
    assert is_on() == {"back_in_stock", "reminders"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
async def test_nothing_else_that_a_scanner_sends_changes_anything(client, path, method) -> None:
    answer = await client.request(method, path)
    assert answer.status_code in (403, 405)
    assert said() == GIVEN


async def test_opening_the_page_changes_nothing_and_shows_what_is_on_without_scripts(path) -> None:
    html = letters_page.PAGE.serve({"token": path.rpartition("/")[2]}, QueryParams("")).html
    assert said() == GIVEN
    assert f'action="{path}/choices"' in html
    assert html.count('data-testid="letter-choice"') == len(consents.PURPOSES)
    assert html.count(" checked") == 3
    assert "a…@example.com" in html
    assert ADA not in html
    assert "Yes to “Ask me by e-mail" in html


async def test_the_form_says_what_is_on_and_off(client, path) -> None:
    sent = {"news": "1", "reviews": "1", "everything": "1"}
    answer = await client.post(f"{path}/choices", data=sent, headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?saved=1")
    assert is_on() == {"news", "reviews"}
    answer = await client.post(f"{path}/choices", data=sent | {"none": "1"}, headers={"Origin": ORIGIN})
    assert answer.status_code == 303
    assert is_on() == set()
    assert ("news", True, "preferences") in said()


async def test_the_form_is_taken_from_our_own_page_alone(client, path) -> None:
    for headers in ({}, {"Origin": "https://evil.test"}):
        answer = await client.post(f"{path}/choices", data={"news": "1"}, headers=headers)
        assert answer.status_code == 403
    assert said() == GIVEN


@pytest.mark.parametrize("token", ["x", "A" * 120, "%00", "..", "A" * 1200])
async def test_a_forged_link_is_not_found_and_changes_nothing(client, path, token) -> None:
    for address in (f"/letters/{token}", f"/letters/{token}/choices"):
        answer = await client.post(address, data=ONE_CLICK, headers={"Origin": ORIGIN})
        assert answer.status_code in (400, 404)
    with pytest.raises(NotFound):
        letters_page.PAGE.serve({"token": token}, QueryParams(""))
    assert said() == GIVEN


async def test_a_link_without_a_purpose_ends_nothing_by_itself(client, path) -> None:
    answer = await client.post(f"/letters/{consents.token_of(ADA)}", data=ONE_CLICK)
    assert answer.status_code == 200
    assert said() == GIVEN


async def test_a_body_that_is_too_large_is_refused(client, path) -> None:
    answer = await client.post(path, content=b"x" * 100_000)
    assert answer.status_code in (400, 413)
    assert said() == GIVEN
