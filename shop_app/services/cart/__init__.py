"""Carts: lines, prices, checkout, and the units held meanwhile."""
