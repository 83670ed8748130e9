"""The terms cache: read once per database, and again after a change or when the time is over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import Session

from shop_app.core import db, events
from shop_app.services import terms_cache
from shop_app.services.terms_cache import TermsCache


@pytest.fixture
def reads() -> list[Session]:
    return []


def test_it_is_read_once_until_terms_change_or_fresh_ones_are_needed(engine, reads: list[Session]):
    def read(session: Session) -> int:
        reads.append(session)
        return len(reads)

    terms = TermsCache(read)
    with db.reading() as session:
        assert [terms.get(session), terms.get(session)] == [1, 1]
        assert [terms.get(session, fresh=True), terms.get(session)] == [2, 2]
    events.deliver([events.TermsChanged()])
    with db.reading() as session:
        assert [terms.get(session), terms.get(session)] == [3, 3]


def test_what_was_read_from_before_a_change_counts_no_more_after_it(engine, reads: list[Session]):
    def read(session: Session) -> int:
        reads.append(session)
        return len(reads)

    terms = TermsCache(read)
    with db.reading() as before:
        events.deliver([events.TermsChanged()])
        # This session may see the database from before the change.
        assert terms.get(before) == 1
        with db.reading() as after:
            assert [terms.get(after), terms.get(after)] == [2, 2]


def test_each_database_has_its_own(engine, tmp_path, reads: list[Session]):
    terms = TermsCache(lambda session: str(session.get_bind().engine.url))
    other = db.make_engine(f"sqlite:///{tmp_path / 'other.db'}")
    with db.reading() as session, db.reading(on=other) as elsewhere:
        assert terms.get(session) != terms.get(elsewhere)
        assert terms.get(session) == str(db.engine().url)
    other.dispose()


def test_many_threads_read_while_it_is_cleared(engine, reads: list[Session], monkeypatch):
    monkeypatch.setattr(terms_cache, "SECONDS", 0.0001)
    terms = TermsCache(lambda _session: 7)

    def read(number: int) -> int:
        with db.reading() as session:
            answers = {terms.get(session, fresh=number % 3 == 0) for _ in range(200)}
        if number % 5 == 0:
            terms_cache.clear_all()
        return sum(answers)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(read, range(60))) == {7}
