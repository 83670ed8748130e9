"""Tests of settings: typed, read once, and a wrong one ends the start with one clear sentence."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shop_app.serve import sources_hash
from shop_app.settings import ROOT, Settings, WrongSetting, settings

PRODUCTION = {
    "SHOP_MODE": "production",
    "SHOP_BASE_URL": "https://shop.example",
    "SHOP_SECRET_KEY": "s" * 32,
    "STRIPE_SECRET_KEY": "sk_live_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_1",
}
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


@pytest.mark.parametrize(
    "url", ["postgresql://u:p@h/d", "postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"]
)
def test_postgresql_is_spoken_to_through_psycopg(configure: Configure, url: str):
    assert configure(SHOP_DATABASE_URL=url).sqlalchemy_url == "postgresql+psycopg://u:p@h/d"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "lots", "The setting PORT can't be used: Input should be a valid integer, unable to parse "
         "string as an integer."),
        ("PORT", "0", "The setting PORT can't be used: Input should be greater than or equal to 1."),
        ("SHOP_MODE", "live", "The setting SHOP_MODE can't be used: Input should be 'demo' or 'production'."),
        ("SHOP_BASE_URL", "shop.example", "The setting SHOP_BASE_URL can't be used: it has to begin with "
         "http:// or https://."),
        ("SHOP_DATABASE_URL", "mysql://h/d", "The setting SHOP_DATABASE_URL can't be used: it has to begin "
         "with sqlite:// or postgresql://."),
        ("SHOP_REDIS_URL", "localhost", "The setting SHOP_REDIS_URL can't be used: it has to begin with "
         "redis://, rediss:// or unix://."),
        ("SHOP_SMTP_URL", "mail", "The setting SHOP_SMTP_URL can't be used: it has to begin with smtp:// or "
         "smtps://."),
        ("SHOP_WORKERS", "2", "The settings don't fit together: SHOP_WORKERS is more than 1, which needs "
         "PostgreSQL in SHOP_DATABASE_URL and Redis in SHOP_REDIS_URL."),
        ("SHOP_DATA_DIR", "shop_app/data", "The setting SHOP_DATA_DIR can't be used: it lies inside the "
         "package; choose a folder outside of shop_app."),
        ("STRIPE_SECRET_KEY", "sk_live_1", "The settings don't fit together: a live STRIPE_SECRET_KEY is "
         "set, and demo mode never takes real money."),
    ],
)  # fmt: skip
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
    done = subprocess.run(
        [sys.executable, "-c", "from shop_app.settings import settings; settings()"],
        cwd=ROOT, env={"PORT": "lots", "PATH": ""}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("The setting PORT can't be used:")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("included", "note", "end"),
    [
        ("true", "incl. VAT, plus ", "© Fennholm. Prices include VAT."),
        ("false", "plus tax and ", "© Fennholm. Tax is added at checkout."),
    ],
)
def test_pages_say_what_the_prices_include_and_are_built_anew_with_it(included: str, note: str, end: str):
    told = "from shop_app import serve; from shop_app.components import texts; import json;" + (
        "print(json.dumps([texts.PRICE_NOTE, texts.FOOTER_END, serve.sources_hash()]))"
    )
    environment = os.environ | {"SHOP_PRICES_INCLUDE_TAX": included}
    asked = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    said = json.loads(asked.stdout)
    assert said[:2] == [note, end]
    assert (said[2] == sources_hash()) is (included == "true")
