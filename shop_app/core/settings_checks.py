"""Checks of single settings; each raises ValueError with one sentence for a value that can't be used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import available_timezones

from babel.core import get_global
from pydantic import AnyUrl, ValidationError
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from .currencies import CURRENCIES

SECRET_CHARS = 32
SECRET_KINDS = 8
"""A random key of that length has at least so many different characters, even in hexadecimal."""
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]", re.ASCII)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_PREFIX = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*|", re.ASCII)
_REGION = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)
_STRIPE_KEY = re.compile(r"(sk|rk)_(live|test)_\w+", re.ASCII)
_WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=_-]{16,}", re.ASCII)


def address(url: str, *schemes: str) -> AnyUrl:
    """The address, parsed as browsers do.

    Errors  ValueError where its scheme isn't one of these, or it can't be parsed.
    """
    begins = f"it has to begin with {', '.join(f'{scheme}://' for scheme in schemes)}"
    begins = " or".join(begins.rsplit(",", 1))
    try:
        parts = AnyUrl(url)
    except ValidationError as error:
        reason = error.errors()[0].get("ctx", {}).get("error", "")
        relative = reason in ("relative URL without a base", "input is empty")
        raise ValueError(begins if relative else reason) from None
    if parts.scheme not in schemes:
        raise ValueError(begins)
    if parts.host is None and parts.scheme != "unix":
        raise ValueError("empty host")
    return parts


def origin(url: str) -> str:
    """The address as browsers name it: scheme, host in small letters, and a port that isn't the usual one."""
    parts = address(url, "http", "https")
    if parts.username is not None or parts.password is not None:
        raise ValueError("it has a user name or a password in it, which every link would show")
    if parts.path not in (None, "/") or parts.query is not None or parts.fragment is not None:
        raise ValueError("it goes on after the host; the shop has a whole host to itself")
    if not _HOST.fullmatch(parts.host or "") or ".." in (parts.host or "") or parts.port == 0:
        raise ValueError("its host or its port isn't one that a shop can have")
    return str(parts).removesuffix("/")


def database(url: str) -> URL:
    """A database's address as SQLAlchemy parses it, with psycopg as the driver for PostgreSQL.

    Not by pydantic, which rewrites file paths and refuses PostgreSQL at a Unix socket.

    Errors  ValueError for another kind of database, or where it can't be parsed.
    """
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("it has to look like sqlite:///shop.db or postgresql://host/shop") from None
    if parts.drivername in ("postgres", "postgresql"):
        return parts.set(drivername="postgresql+psycopg")
    if parts.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ValueError("it has to begin with sqlite:// or postgresql://")
    return parts


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where pictures are kept on a server that speaks S3; `endpoint` is "" for Amazon's own."""

    name: str
    prefix: str
    region: str
    endpoint: str


def bucket(url: str) -> Bucket:
    """The bucket that an address such as s3://pictures/shop?region=eu-central-1 names.

    Errors  ValueError for anything else, and for keys in it: addresses are shown.
    """
    parts = urlsplit(url)
    if parts.scheme != "s3":
        raise ValueError("it has to begin with s3://")
    if "@" in parts.netloc:
        raise ValueError(
            "keys don't belong into it; SHOP_MEDIA_ACCESS_KEY_ID and SHOP_MEDIA_SECRET_ACCESS_KEY have them"
        )
    if not _BUCKET.fullmatch(parts.netloc):
        raise ValueError("the name after s3:// isn't one that a bucket can have")
    prefix = parts.path.strip("/")
    if not _PREFIX.fullmatch(prefix) or parts.fragment:
        raise ValueError("the path in the bucket may have letters, digits, - and _ between its slashes")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(options.keys() - {"region", "endpoint"}):
        raise ValueError(f"{unknown[0]} isn't an option of it; region and endpoint are")
    region, endpoint = options.get("region", "us-east-1"), options.get("endpoint", "")
    if not _REGION.fullmatch(region):
        raise ValueError("its region has to look like eu-central-1")
    if endpoint and origin(endpoint) != endpoint.rstrip("/"):
        raise ValueError("its endpoint has to be a bare address such as https://s3.example.com")
    return Bucket(parts.netloc, prefix, region, endpoint.rstrip("/"))


def country(code: str) -> str:
    """A country's code in capitals.

    Errors  ValueError for a code that ISO 3166-1 doesn't have.
    """
    if code.upper() == "ZZ" or code.upper() not in get_global("territory_currencies"):
        raise ValueError("it has to be a country's code of two letters, such as DE or US")
    return code.upper()


def time_zone(name: str) -> str:
    """The name of a time zone.

    Errors  ValueError for a name that the IANA database doesn't have.
    """
    if name not in available_timezones():
        raise ValueError("it has to be a time zone such as Europe/Berlin or America/New_York")
    return name


def region(code: str, country: str) -> str:
    """A region's code without its country: "BE" of "DE-BE".

    Errors  ValueError for a region whose holidays aren't known.
    """
    import holidays

    short = code.upper().removeprefix(f"{country}-")
    known = holidays.list_supported_countries().get(country, [])
    if short not in known:
        one_of = f"has to be one of {', '.join(known)}" if known else f"isn't known for the country {country}"
        raise ValueError(f"it {one_of}")
    return short


def currency(code: str) -> str:
    """The currency's code in capitals.

    Errors  ValueError for one that Stripe doesn't charge in: the shop doesn't know its amounts.
    """
    if code.strip().upper() not in CURRENCIES:
        raise ValueError(
            "it has to be the three letters of a currency that Stripe charges in, such as EUR, ISK or KWD"
        )
    return code.strip().upper()


def https(base_url: str) -> None:
    if not base_url.startswith("https://"):
        raise ValueError(
            "production mode needs SHOP_BASE_URL to begin with https://,"
            " because cookies and addresses would go over the wire for all to read"
        )


def secret(key: str) -> None:
    """Refuse a key that is too short, or that repeats one letter or one piece."""
    if len(key.strip()) < SECRET_CHARS:
        raise ValueError(f"SHOP_SECRET_KEY needs at least {SECRET_CHARS} characters")
    if _repeats(key):
        raise ValueError(
            "SHOP_SECRET_KEY repeats itself, so that it could be guessed;"
            ' python -c "import secrets; print(secrets.token_urlsafe(48))" makes a good one'
        )


def _repeats(key: str) -> bool:
    return len(set(key)) < SECRET_KINDS or key in (key + key)[1:-1]


def stripe_key(key: str, *, takes_test_keys: bool) -> None:
    kind = _STRIPE_KEY.fullmatch(key)
    if not kind:
        raise ValueError(
            "STRIPE_SECRET_KEY is no secret key of Stripe's, which begins with sk_live_ or rk_live_"
        )
    if kind[2] == "test" and not takes_test_keys:
        raise ValueError(
            "STRIPE_SECRET_KEY is a test key, and no money would come;"
            " SHOP_ALLOW_TEST_KEYS=1 takes it all the same"
        )


def webhook_secrets(given: str) -> None:
    """Check each of them, separated by commas: with a guessed one, payments can be forged."""
    parts = [part.strip() for part in given.split(",") if part.strip()]
    if not all(_WEBHOOK_SECRET.fullmatch(part) for part in parts):
        raise ValueError(
            "STRIPE_WEBHOOK_SECRET isn't as Stripe makes it: whsec_ and at least 16 letters and digits"
        )
    if any(_repeats(part.removeprefix("whsec_")) for part in parts):
        raise ValueError("STRIPE_WEBHOOK_SECRET repeats itself, so that it could be guessed")


def api_base(url: str) -> None:
    """Refuse plain http to another machine: every request carries the API key."""
    if url and not url.startswith("https://") and AnyUrl(url).host not in ("localhost", "127.0.0.1", "[::1]"):
        raise ValueError("production mode needs STRIPE_API_BASE to begin with https://")
