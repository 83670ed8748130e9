"""The history of the record at hand: what the audit has about it, read when somebody opens it."""

from __future__ import annotations

from typing import Annotated

import reflex as rx
from pydantic import StringConstraints

from shop_app.core import db
from shop_app.services.staff import audit
from shop_app.services.staff.audit_words import AuditView

from ..base import asked_by, staff
from ..input_types import Name

RecordKey = Annotated[str, StringConstraints(strict=True, max_length=255)]


class History(rx.State):
    kind: str = ""
    key: str = ""
    """The record that `entries` are about."""
    entries: list[AuditView] = []

    @rx.event
    @staff()
    async def open(self, kind: Name, key: RecordKey):
        entries = await db.read(audit.of_record, kind, key, await asked_by(self))
        self.kind, self.key, self.entries = kind, key, entries
