"""Who is asking: one address for the edge and for every State, whatever headers are sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shop_app.core.access import clients, cookies
from shop_app.core.settings import Settings

KEY = "V" * 43


def scope(client: str, *forwarded: str, cookie: str = "") -> dict[str, Any]:
    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    return {"client": (client, 7), "headers": [*headers, (b"cookie", cookie.encode()), (b"host", b"x")]}


@pytest.mark.parametrize(
    ("sent", "counts"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("::1", "::"),
        ("unix", "unix"),
        ("x" * 100, "x" * 64),
        ("", ""),
        # Some proxies write the port too, which is another one with every connection.
        ("192.0.2.7:51123", "192.0.2.7"),
        ("[2001:db8:1:2::9]:443", "2001:db8:1:2::"),
        ("[2001:db8:1:2::9]", "2001:db8:1:2::"),
        ("2001:db8:1:2::9:443", "2001:db8:1:2::"),
    ],
)
def test_an_address_counts_in_one_way_however_it_is_written(sent, counts):
    assert clients.counted(sent) == counts
    assert clients.counted(counts) == counts, "once or twice is the same"


def test_several_headers_of_proxies_are_one_list(configure: Callable[..., Settings]):
    configure(SHOP_TRUSTED_PROXY_HOPS="2")
    came = scope("10.0.0.1", "6.6.6.6", "2001:db8:1:2::7", "10.0.0.2")
    assert clients.of_scope(came).address == "2001:db8:1:2::"
    clients.set_client_address(came)
    assert came["client"] == ("2001:db8:1:2::", 7)
    assert [name for name, _value in came["headers"]] == [b"cookie", b"host"]
    assert clients.of_scope(came).address == "2001:db8:1:2::", "settled, it is the same"


def test_without_trusted_proxies_nobody_says_where_they_come_from():
    came = scope("10.0.0.1", "6.6.6.6")
    clients.set_client_address(came)
    assert came["client"] == ("10.0.0.1", 7)


def test_a_visitor_is_known_by_a_good_cookie_alone():
    assert clients.of_scope(scope("10.0.0.1", cookie=f"shop_visitor={KEY}")).visitor == cookies.key_hash(KEY)
    assert clients.of_scope(scope("10.0.0.1", cookie="shop_visitor=short")).visitor == ""
