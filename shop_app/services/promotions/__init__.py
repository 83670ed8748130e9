"""Promotions: offers, codes and limits, and the discounts that they give."""
