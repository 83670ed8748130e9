"""What the tests of several processes share: a PostgreSQL, a Redis, and a shop of three workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.conftest import skip_or_fail
from tests.shop import Shop

from .servers import NoRedis, Redis, redis_server, scaled_shop


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """A Redis that runs; a test that stops it starts it again."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(redis_server())
        except NoRedis as error:
            skip_or_fail("redis", f"REDIS TESTS SKIPPED: {error}")
        yield server


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, postgres_server: str, redis: Redis) -> Iterator[Shop]:
    """The demo shop with three workers, for the tests of one file."""
    with scaled_shop(tmp_path_factory.mktemp("scaled"), postgres_server, redis.url) as started:
        yield started
