"""The folder that the server processes of one start count into, so that any of them can answer for all.

Apart from `metrics`: prometheus_client has to be imported after the folder is named.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that prometheus_client takes the folder from, as it is imported."""


def share() -> None:
    """Have the processes that are started from now on count into one folder, gone when this one ends."""
    folder = tempfile.mkdtemp(prefix="shop-metrics-")
    os.environ[SHARED_FOLDER] = folder
    own_pid = os.getpid()

    def remove() -> None:
        # A forked process inherits this.
        if os.getpid() == own_pid:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
