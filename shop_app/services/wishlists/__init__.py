"""Wish lists: variants that a shopper keeps in view, in lists with names that a link can show to others."""
