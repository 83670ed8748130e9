"""Workflows: one action a file, read from top to bottom; here alone database and payment provider meet.

Every step is written down before the next one begins, and no step outside happens inside a transaction.
A process may die between any two lines: `recover` and `reconcile` find what is half done and go on with it.
"""
