"""What this process has done, as numbers for Prometheus; `web/metrics.py` shows those of all processes.

Each is counted where it happens, in a few microseconds. What is in the database is counted there when it is
asked for, so that it is true whichever process did it.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

OWN = CollectorRegistry()
"""The numbers of this process."""

REQUESTS = Histogram(
    "shop_request_seconds",
    "Time until the last byte of an answer was handed over, by kind of address and class of status",
    ["kind", "status"],
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10),
    registry=OWN,
)
_events = Counter(
    "shop_events", "Events that pages sent: taken, or dropped for their shape", ["outcome"], registry=OWN
)
EVENTS_TAKEN, EVENTS_DROPPED = _events.labels("taken"), _events.labels("dropped")
PUSHES = Counter("shop_pushes", "Pushes sent to a room's open pages of one process", registry=OWN)
OPEN_TABS = Gauge("shop_open_tabs", "Open pages with a socket", registry=OWN, multiprocess_mode="livesum")
CONNECTIONS = Gauge(
    "shop_database_connections_in_use",
    "Connections that were in use when it was last looked, every 5 s",
    registry=OWN,
    multiprocess_mode="livesum",
)
CONNECTIONS_MOST = Gauge(
    "shop_database_connections_most",
    "Connections that the processes may open together",
    registry=OWN,
    multiprocess_mode="livesum",
)
