"""Going back to an earlier schema, and migrations of a test's own after those that there are."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import pytest
from alembic.config import Config
from sqlalchemy import Engine

from alembic import command
from shop_app.core import migrate
from shop_app.core.settings import ROOT
from tests.upgrade import dumps

FORMER = dumps.former()
"""The newest migration of the release before this one."""

Add = Callable[[str, str], None]


def to(engine: Engine, revision: str) -> None:
    """Take migrations back until the database has this revision."""
    config = migrate._config()
    with engine.connect().execution_options(writes=True) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        connection.commit()


def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Add:
    """A copy of the migrations; `add(revision, body)` puts one more at their end."""
    copy = tmp_path / "alembic"
    shutil.copytree(ROOT / "alembic", copy, ignore=shutil.ignore_patterns("__pycache__"))

    def config() -> Config:
        made = Config()
        made.set_main_option("script_location", str(copy))
        return made

    def add(revision: str, body: str) -> None:
        before = migrate.newest()
        (copy / "versions" / f"{revision}.py").write_text(
            f'"""Of a test."""\n\nimport sqlalchemy as sa\n\nfrom alembic import op\n'
            f"from shop_app.core import short_locks\n\n"
            f"revision = {revision!r}\ndown_revision = {before!r}\n\n\n"
            f"def upgrade():\n{indent(body, '    ')}\n"
        )
        migrate._known.cache_clear()

    monkeypatch.setattr(migrate, "_config", config)
    return add
