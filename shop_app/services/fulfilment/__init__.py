"""Shipments, and cancelling what wasn't sent."""
