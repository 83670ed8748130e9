"""The session keys of the people that tests/web/probe_app.py knows."""

CUSTOMER, CLERK, REVOKED, LEAVER = "C" * 43, "S" * 43, "R" * 43, "L" * 43
