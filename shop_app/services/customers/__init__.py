"""Shoppers: their accounts and their addresses."""
