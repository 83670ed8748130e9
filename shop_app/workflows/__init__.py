"""Workflows: one action a file, read from top to bottom; here alone database and provider meet.

Every step is committed before the next one begins, and no provider is called inside a transaction. A
process may die between any two lines: `recover` and `reconcile` go on with what is half done.
"""
