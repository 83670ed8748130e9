"""Realtime: the bus and the rooms that push what has happened to open pages."""
