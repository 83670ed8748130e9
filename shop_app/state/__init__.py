"""What one open tab shows: Reflex States, whose handlers ask a service and keep its view."""
