"""A shop process killed with SIGKILL again and again while people buy: all agrees at last."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests import figures
from tests.faults import kills
from tests.faults.kill_points import POINTS

LONG = os.environ.get("SHOP_TESTS_LONG") == "1"
SEED = int(os.environ.get("TESTS_SEED", "11"))

CAME_OF_IT = (
    "captured at fulfilment",
    "authorised and voided",
    "orders paid with credit",
    "refunds to credit",
    "disputes (won|lost)",
    "returns refunded",
    "orders expired",
    "orders cancelled",
)
"""What lives have to be about, for their end to prove anything."""


def harness(tmp_path, count: int, *more: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "tests.faults.kills",
        "--kills",
        str(count),
        "--seed",
        str(SEED),
        "--data",
        str(tmp_path / "kills"),
        *more,
    ]
    completed = subprocess.run(command, cwd=kills.ROOT, capture_output=True, text=True)
    figures.say(completed.stdout.rstrip())
    return completed


@pytest.mark.timeout(7200 if LONG else 900)
def test_after_every_death_nothing_is_lost_sold_twice_or_paid_without_an_order(tmp_path):
    done = harness(tmp_path, 3000 if LONG else 300)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{3000 if LONG else 300:,} kills on SQLite" in done.stdout
    assert "0 violations" in done.stdout
    reached = [name for name in POINTS if f"{name}: " in done.stdout]
    assert len(reached) >= 18, f"processes died only {reached}"
    for what in CAME_OF_IT:
        assert re.search(rf"{what}: [1-9]", done.stdout), f"nothing of it: {what}\n{done.stdout}"


@pytest.mark.timeout(2400 if LONG else 400)
def test_the_same_on_postgresql(tmp_path, postgres_url):
    done = harness(tmp_path, 500 if LONG else 40, "--database", postgres_url)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "kills on PostgreSQL" in done.stdout
