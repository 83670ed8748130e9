"""Components that pages are built from, with `rx.el` and the classes of `styles.py` only."""
