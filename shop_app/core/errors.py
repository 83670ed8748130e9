"""Refusals: errors that a person reads. Anything else that is raised is a bug."""

from __future__ import annotations

from collections.abc import Sequence


class ShopError(Exception):
    """A refusal with a `code` for machines and a `message` that is safe to show to anyone.

    Errors  Raising one inside a transaction rolls everything back: a refusal changes nothing.
    """

    code = "refused"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code:
            self.code = code


class NotFound(ShopError):
    """What was asked for isn't there, or isn't the client's to see: the two look alike."""

    code = "not_found"


class Invalid(ShopError):
    """A value that can't be taken. `field` names the input it came from, "" where there is none."""

    code = "invalid"

    def __init__(self, message: str, *, field: str = "", code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.field = field


class OutOfStock(ShopError):
    """Fewer units are left than were asked for. `left` maps SKU to the units that could be had.

    `lines` has a sentence for each line that is short; the message is all of them.
    """

    code = "out_of_stock"

    def __init__(self, message: str, *, left: dict[str, int], lines: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.left = left
        self.lines = tuple(lines) or (message,)


class Conflict(ShopError):
    """Something changed since the page was shown: a price, a version, or what another writer wrote."""

    code = "conflict"


class Forbidden(ShopError):
    """Whoever asks is signed in and lacks the permission."""

    code = "forbidden"


class TooMany(ShopError):
    """A limit was reached; trying again later may work."""

    code = "too_many"


class ProviderDown(ShopError):
    """A provider didn't give a usable answer; whether it did what it was asked to isn't known.

    `reason` is for whoever runs the shop, and for its log: which provider, and what is wrong with it.
    """

    code = "provider_down"

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason or message
