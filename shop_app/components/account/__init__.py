"""Parts of a customer's own pages."""
