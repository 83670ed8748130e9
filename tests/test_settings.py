"""Tests of settings: typed, read once, and a wrong one ends the start with one clear sentence."""

from __future__ import annotations

import secrets
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shop_app.core.settings import ROOT, Settings, WrongSetting, settings
from shop_app.serve import sources_hash
from shop_app.services.shop import shown
from tests.production import PRODUCTION

Configure = Callable[..., Settings]


def test_without_any_setting_it_is_a_demo_on_port_3000(monkeypatch: pytest.MonkeyPatch, configure: Configure):
    monkeypatch.delenv("SHOP_DATA_DIR")
    chosen = configure()
    assert (chosen.mode, chosen.port, chosen.workers) == ("demo", 3000, 1)
    assert chosen.public_url == "http://localhost:3000"
    assert chosen.data_dir == ROOT / "data"
    assert chosen.sqlalchemy_url == f"sqlite:///{ROOT / 'data' / 'shop.db'}"
    assert chosen.uses_sandbox is True


def test_they_are_read_once(configure: Configure, monkeypatch: pytest.MonkeyPatch):
    configure(PORT="4100")
    monkeypatch.setenv("PORT", "4101")
    assert settings().port == 4100


def test_the_public_address_follows_the_port_and_loses_its_last_slash(configure: Configure):
    assert configure(PORT="4100").public_url == "http://localhost:4100"
    assert configure(SHOP_BASE_URL="https://shop.example/").public_url == "https://shop.example"


@pytest.mark.parametrize("typed", ["isk", " ISK ", "Isk"])
def test_a_currency_is_named_in_capitals(configure: Configure, typed: str):
    assert configure(SHOP_CURRENCY=typed).currency == "ISK"


@pytest.mark.parametrize(
    "url", ["postgresql://u:p@h/d", "postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"]
)
def test_postgresql_is_spoken_to_through_psycopg(configure: Configure, url: str):
    assert configure(SHOP_DATABASE_URL=url).sqlalchemy_url == "postgresql+psycopg://u:p@h/d"


@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("sqlite:///data/shop.db", "sqlite:///data/shop.db"),
        ("sqlite:////x/a b/shop.db", "sqlite:////x/a b/shop.db"),
        ("postgresql://shop@/d?host=%2Frun%2Fpg", "postgresql+psycopg://shop@/d?host=%2Frun%2Fpg"),
        (
            "postgresql://u:p%40%2F%3A@h:5433/d?sslmode=require",
            "postgresql+psycopg://u:p%40%2F%3A@h:5433/d?sslmode=require",
        ),
    ],
)
def test_a_databases_address_is_opened_as_it_was_written(configure: Configure, url: str, opened: str):
    assert configure(SHOP_DATABASE_URL=url).sqlalchemy_url == opened


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "PORT",
            "lots",
            "The setting PORT can't be used: Input should be a valid integer, unable to parse "
            "string as an integer.",
        ),
        ("PORT", "0", "The setting PORT can't be used: Input should be greater than or equal to 1."),
        ("SHOP_MODE", "live", "The setting SHOP_MODE can't be used: Input should be 'demo' or 'production'."),
        (
            "SHOP_BASE_URL",
            "shop.example",
            "The setting SHOP_BASE_URL can't be used: it has to begin with http:// or https://.",
        ),
        (
            "SHOP_DATABASE_URL",
            "mysql://h/d",
            "The setting SHOP_DATABASE_URL can't be used: it has to begin with sqlite:// or postgresql://.",
        ),
        (
            "SHOP_REDIS_URL",
            "localhost",
            "The setting SHOP_REDIS_URL can't be used: it has to begin with redis://, rediss:// or unix://.",
        ),
        ("SHOP_REDIS_URL", "redis://h:x", "The setting SHOP_REDIS_URL can't be used: invalid port number."),
        ("SHOP_REDIS_URL", "redis://", "The setting SHOP_REDIS_URL can't be used: empty host."),
        (
            "SHOP_DATABASE_URL",
            "shop",
            "The setting SHOP_DATABASE_URL can't be used: it has to look like "
            "sqlite:///shop.db or postgresql://host/shop.",
        ),
        (
            "SHOP_DATABASE_URL",
            "postgresql://h:x/d",
            "The setting SHOP_DATABASE_URL can't be used: it has to "
            "look like sqlite:///shop.db or postgresql://host/shop.",
        ),
        (
            "SHOP_DATABASE_URL",
            "postgresql+asyncpg://h/d",
            "The setting SHOP_DATABASE_URL can't be used: it has to begin with sqlite:// or postgresql://.",
        ),
        *(
            (
                "SHOP_CURRENCY",
                code,
                "The setting SHOP_CURRENCY can't be used: it has to be the three letters of a currency that "
                "Stripe charges in, such as EUR, ISK or KWD.",
            )
            for code in ("XTS", "EURO", "€", "", "E U", "IQD", "978", "HRK", "LVL", "BTC")
        ),
        (
            "STRIPE_API_BASE",
            "payments.example",
            "The setting STRIPE_API_BASE can't be used: it has to begin with http:// or https://.",
        ),
        (
            "SHOP_SMTP_URL",
            "mail",
            "The setting SHOP_SMTP_URL can't be used: it has to begin with smtp:// or smtps://.",
        ),
        (
            "SHOP_WORKERS",
            "2",
            "The settings don't fit together: SHOP_WORKERS is more than 1, which needs "
            "PostgreSQL in SHOP_DATABASE_URL and Redis in SHOP_REDIS_URL.",
        ),
        (
            "SHOP_DATA_DIR",
            "shop_app/data",
            "The setting SHOP_DATA_DIR can't be used: it lies inside the "
            "package; choose a folder outside of shop_app.",
        ),
        (
            "STRIPE_SECRET_KEY",
            "sk_live_1",
            "The settings don't fit together: a live STRIPE_SECRET_KEY is "
            "set, and demo mode never takes real money.",
        ),
    ],
)
def test_a_wrong_one_is_refused_with_one_sentence(configure: Configure, name: str, value: str, sentence: str):
    with pytest.raises(WrongSetting) as refused:
        configure(**{name: value})
    assert str(refused.value) == sentence


def test_production_starts_with_everything_and_names_what_is_missing(configure: Configure):
    assert configure(**PRODUCTION).mode == "production"
    with pytest.raises(WrongSetting) as refused:
        configure(STRIPE_WEBHOOK_SECRET="", SHOP_SECRET_KEY="")
    assert str(refused.value) == (
        "The settings don't fit together: production mode needs SHOP_SECRET_KEY, STRIPE_WEBHOOK_SECRET."
    )


def test_production_wants_a_long_secret(configure: Configure):
    with pytest.raises(WrongSetting, match="SHOP_SECRET_KEY needs at least 32 characters"):
        configure(**{**PRODUCTION, "SHOP_SECRET_KEY": "short"})


def test_no_refusal_shows_the_value(configure: Configure):
    with pytest.raises(WrongSetting) as refused:
        configure(SHOP_DATABASE_URL="mysql://root:CANARY-password@h/d")
    assert "CANARY" not in str(refused.value)


def test_the_demo_makes_its_secret_once_and_for_its_eyes_only(tmp_path: Path, configure: Configure):
    first = configure().signing_key
    assert len(first) >= 43
    assert configure().signing_key == first
    kept = tmp_path / "data" / "secret_key"
    assert kept.read_text() == first
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_wrong_setting_ends_the_process_with_its_sentence_alone():
    completed = subprocess.run(
        [sys.executable, "-c", "from shop_app.core.settings import settings; settings()"],
        cwd=ROOT,
        env={"PORT": "lots", "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert completed.returncode == 1
    assert completed.stdout == ""
    assert completed.stderr.startswith("The setting PORT can't be used:")
    assert completed.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("included", "note", "end"),
    [
        ("true", "incl. VAT, plus ", "© Your shop. Prices include VAT."),
        ("false", "plus tax and ", "© Your shop. Tax is added at checkout."),
    ],
)
def test_pages_say_what_the_prices_include(configure, included: str, note: str, end: str):
    built = sources_hash()
    configure(SHOP_PRICES_INCLUDE_TAX=included)
    around = shown.shown()
    assert (around.price_note, around.footer_end) == (note, end)
    assert sources_hash() == built


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Shop.Example/", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://127.1:03000", "http://127.0.0.1:3000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("HTTPS://shop.example", "https://shop.example"),
        (" https://shop.example\n", "https://shop.example"),
        ("https:///shop.example", "https://shop.example"),
        ("https://@shop.example", "https://shop.example"),
    ],
)
def test_the_base_address_is_kept_as_browsers_name_it(configure: Configure, given: str, kept: str):
    assert configure(SHOP_BASE_URL=given).public_url == kept


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("https://", "empty host"),
        ("https://:443", "empty host"),
        ("http://?q", "empty host"),
        ("https://shop.example/shop", "it goes on after the host"),
        ("https://shop.example//", "it goes on after the host"),
        ("https://shop.example?a=1", "it goes on after the host"),
        ("https://shop.example?", "it goes on after"),
        ("https://shop.example/#top", "it goes on after the host"),
        ("https://shop.example#", "it goes on after"),
        ("https://me:pw@shop.example", "it has a user name or a password"),
        ("https://:pw@shop.example", "it has a user name or a password"),
        ("https://shop.example:lots", "invalid port number"),
        ("https://shop.example:99999", "invalid port number"),
        ("https://shop.example:0", "its host or its port isn't one that a shop can have"),
        ("https://[::1", "invalid IPv6 address"),
        ("https://shop .example", "invalid international domain name"),
        ("https://shop..example", "its host or its port"),
        ("https://-shop.example", "its host or its port"),
        ("https://a,b", "its host or its port"),
        ("https://*.example", "its host or its port"),
        ("https://a;script-src", "its host or its port"),
        ("https://shop.example\\@evil.test", "it goes on after the host"),
        ("ftp://shop.example", "it has to begin with"),
        ("//shop.example", "it has to begin with"),
        ("shop.example", "it has to begin with"),
        ("javascript:alert(1)", "it has to begin with"),
    ],
)
@pytest.mark.parametrize("mode", ["demo", "production"])
def test_a_base_address_that_is_more_or_less_than_a_host_is_refused(
    configure: Configure, given: str, reason: str, mode: str
):
    with pytest.raises(WrongSetting) as refused:
        configure(
            **(PRODUCTION | {"SHOP_MODE": mode, "STRIPE_SECRET_KEY": "sk_test_1", "SHOP_BASE_URL": given})
        )
    assert str(refused.value).startswith(f"The setting SHOP_BASE_URL can't be used: {reason}")
    assert str(refused.value).count(".") == 1
    assert "pw" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        (
            "SHOP_BASE_URL",
            "http://shop.example",
            "production mode needs SHOP_BASE_URL to begin with https://",
        ),
        (
            "SHOP_BASE_URL",
            "http://localhost:3000",
            "production mode needs SHOP_BASE_URL to begin with https://",
        ),
        ("SHOP_SECRET_KEY", "a" * 36, "SHOP_SECRET_KEY repeats itself"),
        ("SHOP_SECRET_KEY", "ab" * 18, "SHOP_SECRET_KEY repeats itself"),
        ("SHOP_SECRET_KEY", "0123456789abcdef" * 3, "SHOP_SECRET_KEY repeats itself"),
        ("SHOP_SECRET_KEY", " " * 36, "production mode needs SHOP_SECRET_KEY"),
        ("SHOP_SECRET_KEY", "\t " * 20, "production mode needs SHOP_SECRET_KEY"),
        ("SHOP_SECRET_KEY", "kZ2rX9vQ" + " " * 30, "SHOP_SECRET_KEY needs at least 32 characters"),
        ("STRIPE_SECRET_KEY", "sk_test_51Habc", "STRIPE_SECRET_KEY is a test key"),
        ("STRIPE_SECRET_KEY", "rk_test_51Habc", "STRIPE_SECRET_KEY is a test key"),
        ("STRIPE_SECRET_KEY", "pk_live_51Habc", "STRIPE_SECRET_KEY is no secret key"),
        ("STRIPE_SECRET_KEY", "x", "STRIPE_SECRET_KEY is no secret key"),
        ("STRIPE_SECRET_KEY", "sk_live_", "STRIPE_SECRET_KEY is no secret key"),
        ("STRIPE_SECRET_KEY", " ", "production mode needs STRIPE_SECRET_KEY"),
        ("STRIPE_WEBHOOK_SECRET", "x", "STRIPE_WEBHOOK_SECRET isn't as Stripe makes it"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_", "STRIPE_WEBHOOK_SECRET isn't as Stripe makes it"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_" + "a" * 32, "STRIPE_WEBHOOK_SECRET repeats itself"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_" + "ab" * 16, "STRIPE_WEBHOOK_SECRET repeats itself"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_short", "STRIPE_WEBHOOK_SECRET isn't as Stripe makes it"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_" + "a1" * 16 + ",x", "STRIPE_WEBHOOK_SECRET isn't as Stripe"),
        ("STRIPE_WEBHOOK_SECRET", ",", "production mode needs STRIPE_WEBHOOK_SECRET"),
        ("STRIPE_WEBHOOK_SECRET", " , ,", "production mode needs STRIPE_WEBHOOK_SECRET"),
        ("STRIPE_API_BASE", "http://payments.example", "production mode needs STRIPE_API_BASE to begin"),
    ],
)
def test_production_refuses_what_only_a_demo_takes(configure: Configure, name: str, value: str, reason: str):
    with pytest.raises(WrongSetting) as refused:
        configure(**(PRODUCTION | {name: value}))
    assert str(refused.value).startswith(f"The settings don't fit together: {reason}")
    assert "\n" not in str(refused.value)
    assert value not in str(refused.value) or len(value) < 10


@pytest.mark.parametrize("key", ["sk_test_51Habc", "rk_test_51Habc"])
def test_production_takes_a_test_key_where_it_is_told_to(configure: Configure, key: str):
    assert (
        configure(**(PRODUCTION | {"SHOP_ALLOW_TEST_KEYS": "1", "STRIPE_SECRET_KEY": key})).stripe_key == key
    )


def test_what_a_generator_makes_is_random_enough(configure: Configure):
    for secret in (secrets.token_urlsafe(48), secrets.token_hex(16), secrets.token_hex(32)):
        assert configure(**(PRODUCTION | {"SHOP_SECRET_KEY": secret})).signing_key == secret


def test_a_demo_listens_on_this_machine_alone_unless_told_otherwise(configure: Configure):
    assert configure().listen_host == "127.0.0.1"
    assert configure(SHOP_HOST="0.0.0.0").listen_host == "0.0.0.0"
    with pytest.raises(WrongSetting, match="SHOP_HOST can't be used: it has to be an IP address"):
        configure(SHOP_HOST="everywhere")
    assert configure(**PRODUCTION, SHOP_HOST="").listen_host == "0.0.0.0"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://pictures", "it has to begin with s3://"),
        ("s3://", "the name after s3:// isn't one that a bucket can have"),
        ("s3://key:secret@pictures", "keys don't belong into it"),
        ("s3://pictures/../other", "the path in the bucket may have"),
        ("s3://pictures?acl=public", "acl isn't an option of it"),
        ("s3://pictures?region=Europe!", "its region has to look like"),
        ("s3://pictures?endpoint=ftp://x", "it has to begin with http:// or https://"),
        ("s3://pictures?endpoint=https://a:b@x", "it has a user name or a password in it"),
    ],
)
def test_a_bucket_s_address_is_checked(url: str, reason: str, configure: Configure):
    with pytest.raises(WrongSetting, match="SHOP_MEDIA_URL can't be used") as refused:
        configure(SHOP_MEDIA_URL=url, SHOP_MEDIA_ACCESS_KEY_ID="a", SHOP_MEDIA_SECRET_ACCESS_KEY="b")
    assert reason in str(refused.value)


def test_a_bucket_needs_its_keys(configure: Configure):
    with pytest.raises(WrongSetting, match="SHOP_MEDIA_URL needs the bucket's keys"):
        configure(SHOP_MEDIA_URL="s3://pictures", SHOP_MEDIA_ACCESS_KEY_ID="a")


def test_a_bucket_s_address_is_taken_apart(configure: Configure):
    keys = {"SHOP_MEDIA_ACCESS_KEY_ID": "a", "SHOP_MEDIA_SECRET_ACCESS_KEY": "b"}
    bucket = configure(
        SHOP_MEDIA_URL="s3://pictures/shop/one/?region=eu-central-1&endpoint=https://s3.example:9000", **keys
    ).media_bucket
    assert bucket
    assert (bucket.name, bucket.prefix) == ("pictures", "shop/one")
    assert (bucket.region, bucket.endpoint) == ("eu-central-1", "https://s3.example:9000")
