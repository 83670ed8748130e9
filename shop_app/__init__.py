"""A self-hosted shop in pure Python: storefront, back office and payments in one process."""
