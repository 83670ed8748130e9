"""Every setting: typed, read once from the environment or `.env`, refused with one clear sentence."""

from __future__ import annotations

import difflib
import ipaddress
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Literal

from dotenv import dotenv_values
from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from . import own_files, settings_checks
from .cant_start import CantStart, ExitCode

ROOT = Path(__file__).resolve().parent.parent.parent
DEMO_ACCOUNT = "DE89 3704 0044 0532 0130 00 (an example: nothing arrives there)"

OTHER_VARIABLES = ("SHOP_STAFF_PASSWORD", "SHOP_LOAD_TEST")
"""Variables that are no settings: the password that `create-staff` reads, and what load tests set."""
_SCHEMES = {
    "redis_url": ("redis", "rediss", "unix"),
    "smtp_url": ("smtp", "smtps"),
    "stripe_api_base": ("http", "https"),
}


class WrongSetting(CantStart):
    """A setting that can't be used."""

    exit_code = ExitCode.SETTINGS


SEVERAL_NEED = "needs PostgreSQL in SHOP_DATABASE_URL and Redis in SHOP_REDIS_URL"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", env_prefix="SHOP_", extra="ignore", frozen=True, populate_by_name=True
    )

    port: int = Field(3000, ge=1, le=65535, validation_alias="PORT")
    mode: Literal["demo", "production"] = "demo"
    base_url: str = ""
    database_url: str = ""
    redis_url: str = ""
    workers: int = Field(1, ge=1, le=64)
    jobs: Literal["here", "elsewhere"] = "here"
    """Whether servers do background work, or `python -m shop_app work` does."""
    data_dir: Path = Path("data")
    secret_key: str = ""
    stripe_secret_key: str = Field("", validation_alias="STRIPE_SECRET_KEY")
    stripe_webhook_secret: str = Field("", validation_alias="STRIPE_WEBHOOK_SECRET")
    stripe_api_base: str = Field("", validation_alias="STRIPE_API_BASE")
    smtp_url: str = ""
    media_url: str = ""
    """Where pictures are kept: s3://BUCKET/PATH?region=…&endpoint=…; "" for the data folder."""
    media_access_key_id: str = ""
    media_secret_access_key: str = Field("", repr=False)
    media_cache_mb: int = Field(1024, ge=64)
    """Of pictures from the bucket that each machine keeps on its own disk."""
    # Beyond the contract.
    locale: str = "en"
    country: str = Field("DE", min_length=2, max_length=2)
    region: str = ""
    """The region that the shop is in, as ISO 3166-2 has it ("BE"), for holidays of its own."""
    time_zone: str = ""
    """The zone of the shop's days, such as Europe/Berlin; "" for the country's (`core/clock.py`)."""
    currency: str = "EUR"
    bank_account: str = Field(default_factory=lambda given: DEMO_ACCOUNT if given["mode"] == "demo" else "")
    """Where shoppers transfer money to, as it stands on an order that is paid later; "" for no transfers."""
    hold_minutes: int = Field(15, ge=1, le=120)
    """So long the units of a cart in checkout are kept, from the last thing that the shopper did."""
    hold_most_minutes: int = Field(60, ge=1, le=24 * 60)
    """And so long at most, from the first."""
    transfer_days: int = Field(10, ge=1, le=90)
    """So many days an order that is paid by transfer waits for the money, and keeps its units."""
    unpaid_units: int = Field(100, ge=1)
    """So many units one visitor may keep without having paid: in unpaid orders, and in checkout."""
    unpaid_units_per_address: int = Field(200, ge=1)
    """And so many all that come from one address."""
    letters_a_day: int = Field(10, ge=1)
    """So many letters that strangers can cause go to one mailbox a day; the next ones wait."""
    prices_include_tax: bool = True
    """Whether catalogue prices are what the shopper pays, or tax comes on top."""
    capture: Literal["at_order", "at_fulfilment"] = "at_order"
    """When a card is charged: with the order, or when its first shipment leaves."""
    vat_number: str = ""
    """The shop's own EU VAT number: without it no order goes out by reverse charge."""
    cart_days: int = Field(180, ge=1, le=3650)
    """So long a cart is kept after its last change."""
    visitor_days: int = Field(400, ge=1, le=400)
    """So long a browser keeps the visitor's cookie; browsers take no longer one."""
    customer_session_days: int = Field(60, ge=1, le=400)
    staff_session_hours: int = Field(12, ge=1, le=24 * 30)
    """So long a member of staff stays signed in at most."""
    staff_idle_minutes: int = Field(60, ge=5, le=24 * 60)
    """And so long without doing anything."""
    staff_proof_minutes: int = Field(15, ge=1, le=24 * 60)
    """So long after proving who they are staff may do what asks for it, such as refunds above a limit."""
    refund_limit_minor: int = Field(50_000, ge=0)
    """Refunds of more than this, in minor units, ask for such a proof."""
    message_days: int = Field(90, ge=7, le=3650)
    """So long letters, and the payloads of webhooks, are kept."""
    order_link_days: int = Field(365, ge=30, le=3650)
    """So long the link to an order opens it; number and e-mail find it afterwards."""
    unpaid_order_days: int = Field(90, ge=30, le=3650)
    """So long an order that ended without a payment keeps who placed it."""
    order_years: int = Field(10, ge=1, le=30)
    """So long any other order does, to the end of the calendar year: as the law has it for invoices."""
    stock_alert_days: int = Field(180, ge=1, le=3650)
    """So long the address of somebody who waits for a sold-out variant is kept."""
    offer_seconds: int = Field(24 * 3600, ge=1, le=30 * 24 * 3600)
    """So long a unit that came back is kept for somebody who was waiting, and was asked by a letter."""
    offer_open_seconds: int = Field(10 * 60, ge=1, le=24 * 3600)
    """And for somebody whose page is open when their turn comes."""
    allow_test_keys: bool = False
    """Whether production mode takes a test key of Stripe: for a rehearsal, never for a shop that sells."""
    database_connections: int = Field(12, ge=6, le=200)
    """Connections to PostgreSQL that one process opens at most."""
    host: str = ""
    """The address to bind to; "" means this machine alone in demo mode, and all of its addresses else."""
    trusted_proxy_hops: int = Field(0, ge=0, le=8)
    most_tabs: int = Field(2_000, ge=10, le=100_000)
    """Open pages that one process keeps live at the same time, some 250 KB of memory each."""
    start_wait_seconds: int = Field(30, ge=0, le=3600)
    """So long a start waits for PostgreSQL and Redis to answer."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        path = (ROOT / value.expanduser()).resolve()
        package = Path(__file__).resolve().parent.parent
        if path == package or package in path.parents:
            raise ValueError("it lies inside the package; choose a folder outside of shop_app")
        return path

    @field_validator("host")
    @classmethod
    def _an_address(cls, value: str) -> str:
        try:
            return str(ipaddress.ip_address(value)) if value else ""
        except ValueError:
            raise ValueError("it has to be an IP address of this machine, such as 0.0.0.0") from None

    @field_validator("country")
    @classmethod
    def _known_country(cls, value: str) -> str:
        return settings_checks.country(value)

    @field_validator("region")
    @classmethod
    def _known_region(cls, value: str, info: ValidationInfo) -> str:
        return settings_checks.region(value, info.data.get("country", "")) if value else ""

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return settings_checks.time_zone(value) if value else ""

    @field_validator("base_url")
    @classmethod
    def _origin(cls, value: str) -> str:
        return settings_checks.origin(value) if value else ""

    @field_validator("currency")
    @classmethod
    def _can_be_charged(cls, value: str) -> str:
        return settings_checks.currency(value)

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value:
            settings_checks.database(value)
        return value

    @field_validator("media_url")
    @classmethod
    def _known_bucket(cls, value: str) -> str:
        if value:
            settings_checks.bucket(value)
        return value

    @field_validator(*_SCHEMES)
    @classmethod
    def _known_address(cls, value: str, info: ValidationInfo) -> str:
        if value:
            settings_checks.address(value, *_SCHEMES[info.field_name or ""])
        return value

    @model_validator(mode="after")
    def _whole(self) -> Settings:
        if not self.can_be_several:
            if self.workers > 1:
                raise ValueError(f"SHOP_WORKERS is more than 1, which {SEVERAL_NEED}")
            if self.jobs == "elsewhere":
                raise ValueError(f"SHOP_JOBS is elsewhere, which {SEVERAL_NEED}")
        if self.media_url and not (self.media_access_key_id and self.media_secret_access_key):
            raise ValueError(
                "SHOP_MEDIA_URL needs the bucket's keys in SHOP_MEDIA_ACCESS_KEY_ID and"
                " SHOP_MEDIA_SECRET_ACCESS_KEY"
            )
        if self.mode == "production":
            self._refuse_what_only_a_demo_takes()
        if self.mode == "demo" and self.stripe_secret_key.startswith(("sk_live", "rk_live")):
            raise ValueError("a live STRIPE_SECRET_KEY is set, and demo mode never takes real money")
        return self

    def _refuse_what_only_a_demo_takes(self) -> None:
        needed = {
            "SHOP_BASE_URL": self.base_url,
            "SHOP_SECRET_KEY": self.secret_key.strip(),
            "STRIPE_SECRET_KEY": self.stripe_secret_key.strip(),
            "STRIPE_WEBHOOK_SECRET": self.stripe_webhook_secret.strip(" ,"),
        }
        missing = [name for name, value in needed.items() if not value]
        if missing:
            raise ValueError(f"production mode needs {', '.join(missing)}")
        settings_checks.https(self.base_url)
        settings_checks.secret(self.secret_key)
        settings_checks.stripe_key(self.stripe_secret_key, takes_test_keys=self.allow_test_keys)
        settings_checks.webhook_secrets(self.stripe_webhook_secret)
        settings_checks.api_base(self.stripe_api_base)

    @property
    def can_be_several(self) -> bool:
        """Whether several processes can be this shop."""
        return bool(self.redis_url) and self.database_url.startswith("postgres")

    @property
    def listen_host(self) -> str:
        """The address that the server binds to: this machine alone in demo mode, everywhere else."""
        return self.host or ("127.0.0.1" if self.mode == "demo" else "0.0.0.0")

    @property
    def ages(self) -> tuple[int, ...]:
        """The retention times that the privacy page names, in its order."""
        return (
            self.cart_days,
            self.visitor_days,
            self.customer_session_days,
            self.staff_session_hours,
            self.message_days,
            self.order_link_days,
            self.unpaid_order_days,
            self.order_years,
            self.stock_alert_days,
        )

    @property
    def own_host(self) -> str:
        """The host by which this machine reaches the server itself, as written in a URL."""
        host = "127.0.0.1" if self.listen_host in ("0.0.0.0", "::") else self.listen_host
        return f"[{host}]" if ":" in host else host

    @property
    def public_url(self) -> str:
        """The address that shoppers use, without a slash at the end."""
        return self.base_url or f"http://localhost:{self.port}"

    @property
    def sqlalchemy_url(self) -> str:
        """The database's address as SQLAlchemy takes it, with its driver."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir / 'shop.db'}"
        return settings_checks.database(self.database_url).render_as_string(hide_password=False)

    @property
    def media_bucket(self) -> settings_checks.Bucket | None:
        """The bucket that pictures are kept in; None where that is the data folder."""
        return settings_checks.bucket(self.media_url) if self.media_url else None

    @property
    def uses_sandbox(self) -> bool:
        """Whether payments go to the built-in sandbox instead of Stripe."""
        return not self.stripe_secret_key

    @property
    def stripe_key(self) -> str:
        """The API key for Stripe, or for the sandbox in its place."""
        return self.stripe_secret_key or "sk_test_sandbox_" + _kept_secret(self.data_dir / "sandbox_key")

    @property
    def stripe_base(self) -> str:
        """The base URL of Stripe's API, or of the sandbox on this machine."""
        if self.stripe_api_base or not self.uses_sandbox:
            return self.stripe_api_base.rstrip("/") or "https://api.stripe.com"
        return f"http://{self.own_host}:{self.port}/sandbox"

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets that sign webhooks: several, with commas between, while one replaces another."""
        given = tuple(part.strip() for part in self.stripe_webhook_secret.split(",") if part.strip())
        return given or ("whsec_" + _kept_secret(self.data_dir / "sandbox_webhook_secret"),)

    @property
    def folder_id(self) -> str:
        """What tells this data folder from all others."""
        return _kept_secret(self.data_dir / "folder_id")

    @property
    def signing_key(self) -> str:
        """The key that signs links and cookies; in demo mode made once and kept in the data folder."""
        return self.secret_key or _kept_secret(self.data_dir / "secret_key")


@lru_cache(maxsize=8)
def _kept_secret(path: Path) -> str:
    if not path.exists():
        own_files.folder(path.parent)
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48), encoding="utf-8")
        # Linking is atomic: of two processes that start at once, the first one's secret counts.
        with suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process.

    Errors  WrongSetting names the setting and what is wrong with it.
    """
    try:
        chosen = Settings()  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        reason = first["msg"].removeprefix("Value error, ")
        name = str(first["loc"][0]) if first["loc"] else ""
        if not name:
            raise WrongSetting(f"The settings don't fit together: {reason}.") from None
        shown = name if name.isupper() else f"SHOP_{name.upper()}"
        raise WrongSetting(f"The setting {shown} can't be used: {reason}.") from None
    if chosen.mode == "production" and (unknown := unknown_settings()):
        raise WrongSetting(unknown[0])
    return chosen


def unknown_settings() -> list[str]:
    """A sentence for each variable whose name begins as the shop's do and that the shop doesn't know."""
    known = {*(f"SHOP_{name.upper()}" for name in Settings.model_fields), *OTHER_VARIABLES}
    env_file = Settings.model_config.get("env_file")
    written = dotenv_values(env_file) if isinstance(env_file, Path) and env_file.is_file() else {}
    given = {name.upper() for name in (*os.environ, *written)}
    unknown = sorted(
        name for name in given if name.startswith("SHOP_") and name not in known | _names_of_tests(given)
    )
    return [_unknown(name, known) for name in unknown]


def _names_of_tests(given: set[str]) -> set[str]:
    return {name for name in given if name.startswith(("SHOP_TEST", "SHOP_BENCH"))}


def _unknown(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), 1)
    return f"There is no setting {name}" + (f"; did you mean {near[0]}?" if near else ".")


def load_test() -> bool:
    """Whether limits are lifted: SHOP_LOAD_TEST=1, for load tests only, never in production."""
    return os.environ.get("SHOP_LOAD_TEST") == "1" and settings().mode != "production"
