"""The kit: what pages are put together from; `rx.el` and the classes of `styles.py` only."""
