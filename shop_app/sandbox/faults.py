"""Faults on demand: errors of the API, and of the delivery of webhooks, until they are switched off."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .store import Tables


class ApiFault(BaseModel):
    """The next `times` calls of `path` go wrong."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field("", max_length=200)
    """Such as "POST /v1/checkout/sessions"; "" fits every call."""
    do: Literal["500", "500_kept", "429", "lost_reply", "slow"]
    """500_kept is saved under the idempotency key, as Stripe saves its own failures; lost_reply does
    the work and cuts the connection; slow waits in the middle of the work."""
    times: int = Field(1, ge=1, le=1_000_000)
    seconds: float = Field(0, ge=0, le=60)


class WebhookFaults(BaseModel):
    """How events are delivered from now on."""

    model_config = ConfigDict(extra="forbid")

    duplicates: int = Field(default=0, ge=0, le=20)
    shuffle: bool = False
    delay_seconds: float = Field(default=0, ge=0, le=86_400)
    drop: int = Field(default=0, ge=0)
    """So many deliveries get lost and are retried."""
    forge: bool = False
    """Each event is also sent with a wrong signature."""
    paused: bool = False
    refund_status: Literal["succeeded", "pending", "failed"] = "succeeded"
    """The first status of new refunds."""


class Faults(BaseModel):
    model_config = ConfigDict(extra="forbid")

    api: list[ApiFault] = []
    webhooks: WebhookFaults = WebhookFaults()


def keep(tables: Tables, faults: Faults) -> None:
    """Put these faults in force, in place of all others."""
    tables.keep_note("api_faults", [fault.model_dump() for fault in faults.api])
    tables.keep_note("webhook_faults", faults.webhooks.model_dump())


def in_force(tables: Tables) -> Faults:
    return Faults(
        api=tables.note("api_faults") or [], webhooks=tables.note("webhook_faults") or WebhookFaults()
    )


def take(tables: Tables, path: str) -> ApiFault | None:
    """The fault for this call, counted down; None where there is none."""
    waiting: list[dict[str, Any]] = tables.note("api_faults") or []
    for fault in waiting:
        if fault["path"] in ("", path) and fault["times"] > 0:
            fault["times"] -= 1
            tables.keep_note("api_faults", [left for left in waiting if left["times"] > 0])
            return ApiFault.model_validate(fault | {"times": 1})
    return None


def drops_delivery(tables: Tables) -> bool:
    """Whether this delivery gets lost, counted down."""
    faults = tables.note("webhook_faults") or {}
    if not faults.get("drop"):
        return False
    tables.keep_note("webhook_faults", faults | {"drop": faults["drop"] - 1})
    return True
