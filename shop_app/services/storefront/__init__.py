"""Views of storefront pages that draw on several subjects."""
