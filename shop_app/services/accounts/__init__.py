"""Sign-in: sessions and passwords of staff and customers."""
