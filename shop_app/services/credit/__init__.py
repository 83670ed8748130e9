"""Gift cards and store credit: their codes, their entries, and paying with them."""
