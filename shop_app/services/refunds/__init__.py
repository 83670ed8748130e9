"""The money that goes back: how much can, over which payments, and how far it is."""
