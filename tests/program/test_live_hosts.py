"""Several machines on one database: refused where one of them keeps pictures or payments for itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from shop_app.core import db, live_hosts
from shop_app.core.settings import ROOT, Settings
from tests.production import PRODUCTION

Configure = Callable[..., Settings]
SHARED = PRODUCTION | {
    "SHOP_MEDIA_URL": "s3://pictures",
    "SHOP_MEDIA_ACCESS_KEY_ID": "a",
    "SHOP_MEDIA_SECRET_ACCESS_KEY": "b",
}
CLAIMS = "from shop_app.core import live_hosts; live_hosts.claim(); print('claimed', flush=True); input()"

pytestmark = pytest.mark.postgres


@pytest.fixture(autouse=True)
def _nobody_else(engine) -> Iterator[None]:
    yield
    live_hosts.resign()


@contextmanager
def another_server(data_dir: Path, url: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process of another machine, or of this one where the data folder is the same."""
    ours = os.environ | {"SHOP_DATABASE_URL": url, "SHOP_DATA_DIR": str(data_dir)} | environment
    process = subprocess.Popen(
        [sys.executable, "-c", CLAIMS],
        cwd=ROOT,
        env=ours,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    """What it printed first: "claimed", or the sentence that ended it."""
    assert process.stdout
    assert process.stderr
    return (process.stdout.readline() or process.stderr.read()).strip()


def test_a_second_machine_with_a_media_folder_is_refused_until_the_first_one_ends(
    postgres_url: str, tmp_path: Path
):
    with another_server(tmp_path / "one", postgres_url) as first:
        assert said(first) == "claimed"
        assert live_hosts.any_live()
        with pytest.raises(
            live_hosts.AnotherMachine, match="pictures are kept in the data folder"
        ) as refused:
            live_hosts.claim()
        assert "SHOP_MEDIA_URL" in str(refused.value)
        first.kill()
        first.wait()
        while live_hosts.any_live():
            pass
        live_hosts.claim()


def test_a_second_machine_on_the_sandbox_is_refused(postgres_url: str, tmp_path: Path, configure: Configure):
    in_bucket = {name: value for name, value in SHARED.items() if name.startswith("SHOP_MEDIA")}
    configure(**in_bucket)
    live_hosts.claim()
    with another_server(tmp_path / "two", postgres_url) as second:
        assert "built-in sandbox. Set STRIPE_SECRET_KEY on all of them." in said(second)


def test_servers_of_one_machine_and_folder_are_fine(postgres_url: str, tmp_path: Path):
    live_hosts.claim()
    with another_server(tmp_path / "data", postgres_url) as second:
        assert said(second) == "claimed"


def test_machines_that_share_everything_are_fine(postgres_url: str, tmp_path: Path, configure: Configure):
    configure(**SHARED)
    live_hosts.claim()
    with another_server(tmp_path / "two", postgres_url) as second:
        assert said(second) == "claimed"


def test_a_machine_that_shares_everything_is_refused_beside_one_that_does_not(
    postgres_url: str, tmp_path: Path, configure: Configure
):
    with another_server(tmp_path / "one", postgres_url) as first:
        assert said(first) == "claimed"
        configure(**SHARED)
        with pytest.raises(live_hosts.AnotherMachine, match="that one keeps pictures or payments for itself"):
            live_hosts.claim()


def test_servers_claim_one_after_another():
    with db.engine().begin() as turn:
        turn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({live_hosts.LOCK_CLASS})")
        with pytest.raises(OperationalError, match="lock timeout"):
            live_hosts.claim()
    live_hosts.claim()


def test_the_claim_outlives_the_time_that_a_transaction_may_be_idle(postgres_url: str):
    live_hosts.claim()
    with db.engine().connect() as connection:
        shown = live_hosts._claims[0].exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar()
        assert shown == "0"
        # Nothing that a vacuum would have to keep for it.
        pid = live_hosts._claims[0].exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        held = f"SELECT backend_xid, backend_xmin FROM pg_stat_activity WHERE pid = {pid}"
        assert connection.exec_driver_sql(held).one() == (None, None)


@pytest.mark.postgres
def test_a_server_that_runs_for_months_keeps_nothing_from_being_vacuumed(engine):
    live_hosts.claim()
    with db.engine().connect() as connection:
        kept = connection.execute(
            text("""
            SELECT backend_xid, backend_xmin FROM pg_stat_activity JOIN pg_locks USING (pid)
            WHERE locktype = 'advisory' AND classid = :lock_class AND objsubid = 2
        """),
            {"lock_class": live_hosts.LOCK_CLASS},
        ).all()
    live_hosts.resign()
    assert kept == [(None, None)]
