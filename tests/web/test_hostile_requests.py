"""The whole shop over real connections: whatever a request looks like, no 5xx and no traceback in the log."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.shop import Shop
from tests.web.raw_http import Answer, Raw, ask, chunked

LONG = os.environ.get("SHOP_TESTS_LONG") == "1"
COMBINED = 10_000 if LONG else 250
"""So many requests are wrong in two or three ways at once."""


@pytest.fixture
def send(shop: Shop) -> Iterator[Callable[[Raw], Answer]]:
    """Ask the shop; at the end of the test its log has no new traceback, and it is alive."""
    before = len(shop.printed())
    yield lambda request: ask(shop.url, request)
    assert "Traceback" not in shop.printed()[before:]
    assert ask(shop.url, Raw(b"/healthz")).status == 200


def origin(shop: Shop) -> tuple[bytes, bytes]:
    return b"Origin", shop.url.encode()


# --- Each fault by itself -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "signature",
    [
        b"t=" + b"9" * 400 + b",v1=a",
        b"t=" + b"9" * 5000 + b",v1=a",
        b"t=-" + b"9" * 400 + b",v1=a",
        b"t=1795936091,v1=\xe9",
        b"\xff\xfe",
        b"t=\xb2,v1=a",
        b"t=nan,v1=a",
        b"t=1e400,v1=a",
        b"t=1,t=2,v1=" + b"a" * 60_000,
        b"," * 10_000,
        b"t=1_000,v1=a",
    ],
    ids=lambda header: header[:12].decode("latin-1").encode("ascii", "replace").decode(),
)
def test_a_signature_that_cant_be_read_is_refused(send, shop: Shop, signature: bytes):
    before = len(shop.printed())
    answer = send(
        Raw(
            b"/webhooks/stripe",
            b"POST",
            ((b"Stripe-Signature", signature), (b"Content-Length", b"2")),
            b"{}",
        )
    )
    assert (answer.status, answer.body) == (400, b"refused")
    assert "A webhook was refused" in shop.printed()[before:] or "Security: webhook refused" in shop.printed()


@pytest.mark.parametrize(
    "path", [b"/webhooks/stripe", b"/uploads/pictures", b"/sandbox/pay/cs_x", b"/products"]
)
def test_a_body_that_grows_too_large_gets_413_or_is_never_read(send, shop: Shop, path: bytes):
    sent = Raw(
        path,
        b"POST",
        ((b"Transfer-Encoding", b"chunked"), origin(shop)),
        chunked(*[b"x" * 2**20] * 8),
    )
    # Where nobody reads the body, the answer doesn't depend on it.
    allowed = {b"/uploads/pictures": {403, 413}, b"/products": {404, 405, 413}}
    assert send(sent).status in allowed.get(path, {413})


@pytest.mark.parametrize(
    "path", [b"/", b"/products", b"/products/shoal-bowl", b"/sitemap.xml", b"/_event/", b"/x"]
)
@pytest.mark.parametrize("fields", [101, 5_000])
def test_more_fields_than_any_page_has_are_refused(send, path: bytes, fields: int):
    query = b"&".join(b"a%d=1" % number for number in range(fields))
    assert send(Raw(path + b"?" + query)).status in (400, 404, 414)
    assert send(Raw(b"/products?" + b"&".join(b"a%d=1" % number for number in range(101)))).status == 400
    assert send(Raw(b"/products?" + b"&".join(b"a%d=1" % number for number in range(100)))).status == 200


@pytest.mark.parametrize("width", [b"9" * 5000, b"\xd9\xa1", b"%D9%A1", b"0320", b"-320", b"320.0", b""])
def test_a_width_that_no_picture_has_is_not_found(send, width: bytes):
    assert send(Raw(b"/media/ef2e55ae23262294efd1c201/" + width + b".avif")).status == 404


@pytest.mark.parametrize(
    "path", [b"/%00", b"/products/%00", b"/media/%00/320.avif", b"/orders/a%00b", b"/%0d%0aX:1"]
)
def test_an_address_with_control_characters_is_refused(send, path: bytes):
    # A line break in a path isn't for any route of ours, and never comes as far as the check.
    assert send(Raw(path)).status == (404 if b"%0a" in path else 400)


@pytest.mark.parametrize(
    "query",
    [
        b"%00",
        b"a%00b",
        b"%0d%0aX:1",
        b"a%1Fb",
        b"%7f",
        b"%C2%85",
        b"%ff",
        b"%ed%a0%80",
        b"%c3",
    ],
)
@pytest.mark.parametrize("field", [b"q=", b"category=", b"variant=", b"colour=", b"utm=", b""])
def test_a_query_that_is_no_text_is_refused_plainly(send, field: bytes, query: bytes):
    answer = send(Raw(b"/products?page=2&" + field + query))
    assert answer.status == 400
    assert answer.body == b"This address has characters that no address of the shop has."


@pytest.mark.parametrize("path", [b"/products/%ff", b"/orders/a%ffb", b"/%c3"])
def test_a_path_that_is_no_text_is_refused_or_not_found(send, path: bytes):
    assert send(Raw(path)).status in (400, 404)


@pytest.mark.parametrize(("path", "leads_to"), [
    (b"/products/Flute-Vase?variant=x%20y&utm=1", "/products/flute-vase?variant=x%20y&utm=1"),
    (b"/products/%66lute-vase?utm=1", "/products/flute-vase?utm=1"),
    (b"/products//flute-vase/?utm=1", "/products/flute-vase?utm=1"),
    (b"/products?category=Lighting&utm=1", "/products?category=lighting&utm=1"),
    (b"/Products", "/products"),
    (b"/products?page=9999&sort=price&utm=1", None),
])  # fmt: skip
def test_another_writing_of_an_address_redirects_over_the_wire(send, path: bytes, leads_to: str | None):
    answer = send(Raw(path))
    location = answer.headers["location"]
    if leads_to:
        assert (answer.status, location) == (301, leads_to)
    else:
        assert (answer.status, location.endswith("sort=price&utm=1")) == (302, True)
        assert "page=9999" not in location
    assert send(Raw(location.encode())).status == 200


@pytest.mark.parametrize("query", [b"q=a%09b", b"q=a+b", b"q=%F0%9F%98%80", b"utm_source=%25%30%30"])
def test_a_query_that_is_text_is_answered(send, query: bytes):
    assert send(Raw(b"/products?" + query)).status == 200


def test_a_failure_that_nothing_catches_is_logged_and_shows_a_reference_alone(shop: Shop):
    with shop.session() as session:
        session.connection().exec_driver_sql("ALTER TABLE product RENAME TO elsewhere")
        session.commit()
    before = len(shop.printed())
    try:
        answer = ask(shop.url, Raw(b"/sitemap.xml"))
    finally:
        with shop.session() as session:
            session.connection().exec_driver_sql("ALTER TABLE elsewhere RENAME TO product")
            session.commit()
    reference = answer.body.decode().removesuffix(".").rsplit(" ", 1)[-1]
    assert answer.status == 500
    assert answer.body.decode().startswith("Something went wrong on our side.")
    assert re.fullmatch("[0-9a-f]{8}", reference)
    assert not re.search("product|sql|Error|Traceback", answer.body.decode())
    assert answer.headers["server"] == "shop"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    logged = shop.printed()[before:]
    assert f"A request failed, reference {reference}: GET below '/sitemap.xml'" in logged
    assert "Traceback" in logged
    assert "no such table: product" in logged
    assert ask(shop.url, Raw(b"/sitemap.xml")).status == 200


# --- All of them, at every address --------------------------------------------------------------

ADDRESSES = (
    b"/",
    b"/products",
    b"/products/shoal-bowl",
    b"/cart",
    b"/checkout",
    b"/orders/lookup",
    b"/orders/unknown",
    b"/privacy",
    b"/nothing/here",
    b"/media/ef2e55ae23262294efd1c201/320.avif",
    b"/media/x/y.z",
    b"/tokens.css",
    b"/fonts/instrument-sans-latin-wght-normal.woff2",
    b"/icon.svg",
    b"/sitemap.xml",
    b"/robots.txt",
    b"/healthz",
    b"/readyz",
    b"/webhooks/stripe",
    b"/uploads/pictures",
    b"/sandbox/v1/checkout/sessions",
    b"/sandbox/pay/cs_test_x",
    b"/sandbox/_refunds/x",
    b"/_event/",
    b"/ping",
    b"/_upload",
)

Change = Callable[[Raw], Raw]


def with_header(name: bytes, value: bytes) -> Change:
    return lambda request: replace(request, headers=(*request.headers, (name, value)))


def with_path(more: bytes) -> Change:
    return lambda request: replace(request, target=request.target + more)


def with_query(query: bytes) -> Change:
    return lambda request: replace(
        request, target=request.target + (b"&" if b"?" in request.target else b"?") + query
    )


def with_body(body: bytes, *headers: tuple[bytes, bytes]) -> Change:
    length = headers or ((b"Content-Length", b"%d" % len(body)),)
    return lambda request: replace(request, method=b"POST", body=body, headers=(*request.headers, *length))


def with_method(method: bytes) -> Change:
    return lambda request: replace(request, method=method)


FORM = (b"Content-Type", b"application/x-www-form-urlencoded")
CHANGES: tuple[Change, ...] = (
    *map(with_method, (b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE", b"FOO", b"get", b"CONNECT")),
    *map(
        with_path,
        (
            b"/",
            b"//",
            b"%00",
            b"%ff%fe",
            b"%zz",
            b"%",
            b"/%2e%2e/%2e%2e/etc/passwd",
            b"/../../x",
            b"\\x",
            b"%ed%a0%80",
            b"\xff\xfe",
            b"%0d%0aX: 1",
            b"/" + b"a" * 9_000,
            b"/" * 5_000,
            b"%F0%9F%98%80",
            b";a=b",
            b"#x",
            b"%2f%2fevil.test",
        ),
    ),
    *map(
        with_query,
        (
            b"",
            b"&&&&",
            b"q=%00",
            b"q=%ff%fe",
            b"q=%ed%a0%80",
            b"q=%zz%",
            b"=",
            b"q",
            b"page=%D9%A1&page=-1",
            b"page=" + b"9" * 5_000,
            b"price_min=1e400&price_max=%B2",
            b"after=" + b"9" * 18 + b".1",
            b"after=%D9%A1.%D9%A1",
            b"q=" + b"a" * 7_000,
            b"&".join(b"a%d=1" % at for at in range(101)),
            b"q=\xff",
            b"colour=" + b"%2C" * 900,
            b"variant=%00&variant=%F0%9F%98%80",
            b"sort=__proto__",
            b"EIO=4&transport=polling&sid=%00",
            b"EIO=%B2&transport=websocket",
        ),
    ),
    *(
        with_header(name, value)
        for name, value in (
            (b"Cookie", b"\xff\xfe=\x80; shop_visitor=\xff"),
            (b"Cookie", b"shop_visitor=" + b"A" * 43),
            (b"Cookie", b"shop_session=" + b"A" * 43 + b"; =;;; ;"),
            (b"Cookie", b"a=b; " * 2_000),
            (b"Accept-Encoding", b"gzip," * 5_000),
            (b"Accept-Encoding", b"\xff;q=nan"),
            (b"Range", b"bytes=" + b",".join([b"0-1"] * 3_000)),
            (b"Range", b"bytes=0-" + b"9" * 5_000),
            (b"Range", b"bytes=\xb2-"),
            (b"Range", b"bytes=-"),
            (b"Range", b"bytes=5-1"),
            (b"Range", b"x"),
            (b"If-None-Match", b"\xff" * 100),
            (b"If-Modified-Since", b"\xff"),
            (b"If-Range", b"\xff"),
            (b"If-Modified-Since", b"Fri, 99 Foo 99999 99:99:99 GMT"),
            (b"X-Forwarded-For", b"\xff, ::::, 999.9.9.9"),
            (b"X-Forwarded-For", b"1," * 2_000),
            (b"X-Forwarded-Proto", b"javascript"),
            (b"X-Forwarded-Host", b"evil.test"),
            (b"Origin", b"\xff"),
            (b"Origin", b"null"),
            (b"Referer", b"\xff"),
            (b"Sec-Fetch-Dest", b"\xff"),
            (b"Content-Length", b"0"),
            (b"Content-Length", b"-1"),
            (b"Content-Length", b"\xc2\xb2"),
            (b"Content-Length", b"9" * 400),
            (b"Content-Type", b"multipart/form-data; boundary=\xff"),
            (b"Authorization", b"Bearer \xff"),
            (b"Authorization", b"Basic !!!!"),
            (b"Expect", b"100-continue"),
            (b"Upgrade", b"websocket"),
            (b"Upgrade", b"h2c"),
            (b"TE", b"trailers"),
            (b"A\xff", b"b"),
            (b"Access-Control-Request-Method", b"\xff"),
        )
    ),
    with_body(b""),
    with_body(b"{}"),
    with_body(b"\xff\xfe\x00"),
    with_body(b"[" * 50_000),
    with_body(b"a&" * 3_000, FORM, (b"Content-Length", b"6000")),
    with_body(b"a[" * 3_000 + b"=1", FORM, (b"Content-Length", b"6002")),
    with_body(b"a" + b"[]" * 3_000 + b"=1", FORM, (b"Content-Length", b"6003")),
    with_body(b"%00=%00&card-number=%D9%A1", FORM, (b"Content-Length", b"26")),
    with_body(b"zz\r\n", (b"Transfer-Encoding", b"chunked")),
    with_body(chunked(b"x" * 100), (b"Transfer-Encoding", b"chunked")),
    with_body(b"12", (b"Content-Length", b"1"), (b"Content-Length", b"2")),
    with_body(b"0\r\n\r\n", (b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")),
    lambda request: replace(request, version=b"HTTP/1.0"),
    lambda request: replace(request, version=b"HTTP/9.9"),
    lambda request: replace(request, line_end=b"\n"),
    lambda request: replace(request, hosts=(b"evil.test",)),
    lambda request: replace(request, target=b"http://evil.test" + request.target),
    lambda request: replace(request, headers=(*request.headers, *[(b"X-A", b"b")] * 90)),
)


def test_no_address_fails_whatever_is_sent_to_it(send, shop: Shop):
    """Every change at every address, with the page's Origin so that what changes something is reached too."""
    failed = []
    for address in ADDRESSES:
        for number, change in enumerate(CHANGES):
            request = change(Raw(address, headers=(origin(shop),)))
            if (answer := send(request)).status >= 500:
                failed.append((address, number, answer.status))
    assert failed == []


def test_no_address_fails_when_several_things_are_wrong(send, shop: Shop):
    chance = random.Random(20261129)
    failed = []
    for _ in range(COMBINED):
        request = Raw(chance.choice(ADDRESSES), headers=(origin(shop),) if chance.random() < 0.7 else ())
        for change in chance.sample(CHANGES, chance.randint(2, 3)):
            request = change(request)
        if (answer := send(request)).status >= 500:
            failed.append((request, answer.status))
    assert failed == []
