"""The demo: what `python -m shop_app seed` puts into a database. Only the command line uses it."""
