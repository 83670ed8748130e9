"""Replies in Stripe's shapes: errors with type, code, parameter and message, and lists with `has_more`."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """An answer of Stripe's error shape."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str = "",
        param: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"error": {"type": kind, "message": message}}
        if code:
            self.body["error"] |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code}"}
        if param:
            self.body["error"]["param"] = param


class WrongParameters(Refused):
    """Refused before anything was done; such a reply isn't stored under the idempotency key."""


def missing(kind: str, id: str) -> Refused:
    return Refused(f"No such {kind}: '{id}'", status=404, code="resource_missing", param="id")


def listed(url: str, data: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """A list as Stripe gives it; `data` holds one object more than `limit` where there are more."""
    return {"object": "list", "url": url, "has_more": len(data) > limit, "data": data[:limit]}
