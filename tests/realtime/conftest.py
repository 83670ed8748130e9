"""The same running server as for the edge."""

from tests.web.conftest import desk, open_tab

__all__ = ["desk", "open_tab"]
