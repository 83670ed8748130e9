"""The invariants of the database, and the check that proves them."""
