"""The first page of the back office: what a new shop needs before it sells."""

from __future__ import annotations

import reflex as rx

from shop_app.core import db
from shop_app.services.opening import tasks
from shop_app.services.opening.tasks import TasksView

from ..base import asked_by, staff


class FirstTasks(rx.State):
    view: TasksView = TasksView()
    loaded: bool = False

    @rx.event
    @staff()
    async def load(self):
        self.view = await db.read(tasks.tasks, by=await asked_by(self))
        self.loaded = True
