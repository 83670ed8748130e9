"""A customer's own pages, one file for each address below /account."""
