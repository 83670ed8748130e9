"""The cookies: ours are found among whatever a browser sends, and written so that no script reads them."""

from __future__ import annotations

import time
from http.cookies import CookieError

import pytest

from shop_app.core.access import cookies

KEY = "A" * 43
OTHER = "B" * 43


@pytest.mark.parametrize(
    "sent",
    [
        f"shop_visitor={KEY}",
        f' shop_visitor="{KEY}" ',
        f"a=b;shop_visitor={KEY};",
        # Of someone else, and not as a cookie should be: ours is found all the same.
        f'prefs={{"a":1, "b":[2]}}; shop_visitor={KEY}',
        f"a b=c; =; ;;; ; novalue; shop_visitor={KEY}",
        f'open="never closed; shop_visitor={KEY}',
        f"nul=\0\x01\x7f; shop_visitor={KEY}",
        f"näme=wert; shop_visitor={KEY}",
        f"$Version=1; $Path=/; shop_visitor={KEY}; $Domain=x",
        # The first counts: browsers send the one of the nearest path first.
        f"shop_visitor={KEY}; shop_visitor={OTHER}",
        f"shop_visitor={KEY}; shop_visitor=",
        f"Shop_Visitor={OTHER}; SHOP_VISITOR={OTHER}; shop_visitor={KEY}",
    ],
)
def test_ours_is_found_among_anything(sent: str) -> None:
    assert cookies.visitor_key(sent) == KEY
    assert cookies.session_key(sent) is None


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "shop_visitor",
        "shop_visitor=",
        f"shop_visitor={KEY}\0",
        f"shop_visitor=\0{KEY}",
        f"shop_visitor=%41{KEY[1:]}",
        f'shop_visitor="{KEY[:-1]}',
        f"shop_visitor='{KEY}'",
        f"shop_visitor = {KEY}",
        f"shop_visitor={KEY},shop_visitor={KEY}",
        f"shop_visitor={KEY * 1000}",
        f"shop_visitor={KEY[:-1]}é",
        f"shop_visitor={KEY[:-1]}\u0661",
        f"shop_visitor=; shop_visitor={KEY}",
        f"a=shop_visitor={KEY}",
        f"shop_visitor\n={KEY}",
        f"shop_visitor=={KEY}",
    ],
)
def test_another_shape_than_ours_is_no_key(sent: str) -> None:
    assert cookies.visitor_key(sent) is None


def test_sixty_thousand_characters_are_read_in_milliseconds() -> None:
    sent = f"{';' * 20_000}{'a=' * 10_000}{'x;' * 10_000}; shop_visitor={KEY}"
    began = time.process_time()
    for _ in range(10):
        assert cookies.visitor_key(sent) == KEY
    assert time.process_time() - began < 1


def test_no_script_reads_it_and_over_https_no_other_host_sets_it(configure) -> None:
    assert set(cookies.set_cookie("shop_visitor", KEY, max_age=60).split("; ")) == {
        f"shop_visitor={KEY}",
        "Path=/",
        "Max-Age=60",
        "HttpOnly",
        "SameSite=Lax",
    }
    configure(SHOP_BASE_URL="https://shop.example")
    made = cookies.set_cookie(cookies.session_cookie(), KEY, max_age=60)
    assert set(made.split("; ")) == {
        f"__Host-shop_session={KEY}",
        "Path=/",
        "Max-Age=60",
        "HttpOnly",
        "SameSite=Lax",
        "Secure",
    }
    assert cookies.session_key(made) == KEY


def test_zero_seconds_take_it_away() -> None:
    assert "Max-Age=0" in cookies.set_cookie("shop_session", "", max_age=0).split("; ")


def test_a_value_writes_no_further_attribute_and_no_further_header() -> None:
    try:
        made = cookies.set_cookie("shop_visitor", "x; Domain=evil.example\r\nSet-Cookie: a=b", max_age=1)
    except CookieError:
        # Newer releases of Python don't write it at all.
        made = ""
    assert "\r" not in made
    assert "\n" not in made
    assert not any(part.startswith(("Domain", " Domain")) for part in made.split(";")[1:])
