"""What a member of staff may do changed: all of their open pages load again, and show what is left."""

from __future__ import annotations

from shop_app import reflex_private
from shop_app.core import events
from shop_app.realtime import rooms
from shop_app.realtime.bus import Push, bus


def staff_changed(event: events.StaffChanged) -> None:
    """A listener: the guard looks up who is asking with every event, so loading again is enough."""
    for staff_id in event.staff_ids:
        bus.publish(Push(rooms.STAFF + str(staff_id), ask=(reflex_private.load_again(),)))
