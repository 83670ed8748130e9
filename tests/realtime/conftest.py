"""The same running server as for the edge, and the same Redis as for several processes."""

from tests.scale.conftest import redis
from tests.web.conftest import open_tab, probe

__all__ = ["open_tab", "probe", "redis"]
