"""Packing slips to be printed: of one order, or of those that a list's bulk action has opened."""

from __future__ import annotations

import reflex as rx

from shop_app.core import db
from shop_app.core.errors import NotFound
from shop_app.services.order_desk import slip
from shop_app.services.order_desk.slip import Slip

from ..base import asked_by, staff


class PackingSlips(rx.State):
    slips: list[Slip] = []
    loaded: bool = False

    @rx.event
    @staff("orders.view")
    async def load(self):
        """One by the number in the address, or several by the ids behind it."""
        by, parts = await asked_by(self), self.router.url.path.strip("/").split("/")
        try:
            if parts[-1] == "slips":
                ids = _ids(self.router.url.query_parameters.get("ids", ""))
                self.slips = await db.read(slip.slips, ids, by=by)
            else:
                self.slips = await db.read(slip.slip, _ids(parts[2])[0], by=by)
        except (NotFound, IndexError):
            self.slips = []
        self.loaded = True


def _ids(text: str) -> list[int]:
    """Numbers with commas between; what is none is left out."""
    return [int(one) for one in text[:4000].split(",") if one.isascii() and one.isdigit() and len(one) <= 15]
