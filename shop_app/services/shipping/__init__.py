"""Shipping methods: their prices and days of arrival."""
