"""The same running server as for the edge."""

from tests.web.conftest import open_tab, probe

__all__ = ["probe", "open_tab"]
