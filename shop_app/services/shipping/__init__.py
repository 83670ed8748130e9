"""Ways of delivery: what they cost and when they arrive."""
