"""Returns and withdrawals, as shoppers request them and staff process them."""
