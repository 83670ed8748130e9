"""Sign-in: sessions, passwords and second factors of staff, sessions and passwords of customers."""
