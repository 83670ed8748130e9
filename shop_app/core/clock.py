"""The clock: all code takes the time from here, so that tests can move it."""

from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def tomorrow() -> datetime:
    """The next midnight, in UTC."""
    return now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
