"""E-mail addresses as people type them: one readable form for each, and the one that mail servers take."""

from __future__ import annotations

import pytest

from shop_app.core.email_addresses import ascii_host, mailbox, normal_email, sent_form

LONG_HOST = ".".join(["b" * 63, "c" * 63, "d" * 63, "e" * 56, "com"])


@pytest.mark.parametrize(
    ("typed", "kept", "sent"),
    [
        ("Ada@Example.COM", "ada@example.com", "ada@example.com"),
        ("info@müller.de", "info@müller.de", "info@xn--mller-kva.de"),
        ("INFO@MÜLLER.DE", "info@müller.de", "info@xn--mller-kva.de"),
        ("info@mu\u0308ller.de", "info@müller.de", "info@xn--mller-kva.de"),
        ("info@xn--mller-kva.de", "info@müller.de", "info@xn--mller-kva.de"),
        ("info@XN--MLLER-KVA.DE", "info@müller.de", "info@xn--mller-kva.de"),
        ("info＠müller．de", "info@müller.de", "info@xn--mller-kva.de"),
        ("ｉｎｆｏ＠ｍüｌｌｅｒ。ｄｅ", "info@müller.de", "info@xn--mller-kva.de"),
        (" info@müller.de. ", "info@müller.de", "info@xn--mller-kva.de"),
        ("info @ müller.de", "info@müller.de", "info@xn--mller-kva.de"),
        ("in\u00adfo@mül\u200bler.de\ufeff", "info@müller.de", "info@xn--mller-kva.de"),
        ("ada@straße.de", "ada@straße.de", "ada@xn--strae-oqa.de"),
        ("ada@strasse.de", "ada@strasse.de", "ada@strasse.de"),
        ("ada@xn--fa-hia.de", "ada@faß.de", "ada@xn--fa-hia.de"),
        ("ada@例え.jp", "ada@例え.jp", "ada@xn--r8jz45g.jp"),
        ("ada@شركة١.com", "ada@شركة١.com", "ada@xn--ogbpi5d6h.com"),
        ("Jürgen@example.com", "jürgen@example.com", "jürgen@example.com"),
        ("用户@例子.广告", "用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
        ("O’Brien@example.com", "o'brien@example.com", "o'brien@example.com"),
        (f"a@{LONG_HOST}", f"a@{LONG_HOST}", f"a@{LONG_HOST}"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
    ids=lambda text: ascii(text)[:40],
)
def test_an_address_has_one_form_however_it_is_typed(typed: str, kept: str, sent: str) -> None:
    assert normal_email(typed) == kept == normal_email(kept) == normal_email(sent)
    assert sent_form(kept) == sent
    assert mailbox(typed) == mailbox(sent) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "", "@", "ada", "ada@", "@example.com", "a@b@example.com", "ada@localhost", "ada@example",
        "ada@[1.2.3.4]", "ada@[IPv6:::1]", '"a b"@example.com', "a b@example.com", "ada@exam ple.com",
        "ada@example..com", "ada@example.com..", ".ada@example.com", "ada.@example.com", "a..da@example.com",
        "ada@-example.com", "ada@exam_ple.com", "ada@xn--.de", "ada@☃.net", "Ada <ada@example.com>",
        "ada@example.com, bo@example.com", "ada@example.com\nBcc: bo@example.com", "\u200b@\u200b.de",
        "a" * 65 + "@example.com", "a@" + "ü" * 60 + ".de", f"aa@{LONG_HOST}", "x" * 5_000 + "@example.com",
    ],
    ids=lambda text: ascii(text)[:40],
)  # fmt: skip
def test_what_is_no_address_is_none(typed: str) -> None:
    assert normal_email(typed) == ""
    assert mailbox(typed) == ""


@pytest.mark.parametrize(
    ("host", "sent"), [("läden.example", "xn--lden-loa.example"), ("localhost", "localhost"), ("☃", "☃")]
)
def test_a_host_of_our_own_is_sent_in_ascii_too(host: str, sent: str) -> None:
    assert ascii_host(host) == sent


def test_no_address_stays_none() -> None:
    assert sent_form("") == ""
