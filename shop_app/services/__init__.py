"""What happens in the shop: verbs that take a session first, return frozen views and never commit."""
