"""What stands between a cart and its order: addresses, delivery, taxes, and units held meanwhile."""
