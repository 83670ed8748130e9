"""An event of Stripe's, as far as the shop reads it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field


class Item(BaseModel):
    """What an event is about."""

    object: str = ""
    id: str = ""
    payment_intent: str | dict[str, Any] | None = None
    """Its id, or itself."""
    metadata: dict[str, Any] | None = None


class Data(BaseModel):
    object: Item


class Event(BaseModel):
    """What the shop reads of an event of Stripe's."""

    object: Literal["event"]
    id: Annotated[str, Field(min_length=1)]
    type: str = ""
    data: Data
