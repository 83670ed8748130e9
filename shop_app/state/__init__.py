"""The visitor's desk: Reflex State, whose handlers ask a service and keep its view."""
