"""The word index: the first documents with some words by popularity, however many have them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import text
from sqlmodel import Session

from shop_app.services.search import word_index
from shop_app.services.search.word_index import COLUMNS, Document

COUNT = 600
LONG = " ".join(f"filler{number}" for number in range(60))


@pytest.fixture
def documents(session: Session) -> Session:
    """As many documents as tell a common word from a rare one; the later ones are the more popular."""
    word_index.write(
        session,
        range(1, COUNT + 1),
        [
            Document(
                product_id=number,
                sold_count=2 ** (number // 100),
                title="mug rare" if number % 200 == 0 else "mug",
                codes=f"be{number:04d}",
                words="oak" if number % 2 else "elm",
                description=f"{LONG} always",
            )
            for number in range(1, COUNT + 1)
        ],
    )
    return session


def _expected(numbers: Sequence[int], limit: int) -> list[int]:
    return sorted(numbers, key=lambda number: (-(number // 100), number))[:limit]


@pytest.mark.both
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_the_first_by_popularity_are_found(documents: Session, limit: int) -> None:
    every = range(1, COUNT + 1)
    for words, columns, numbers in (
        ([["mug"]], COLUMNS[:1], every),
        ([["mu*"]], COLUMNS[:3], every),
        ([["oak"]], COLUMNS[:1], []),
        ([["oak"]], COLUMNS[:3], [number for number in every if number % 2]),
        ([["oak", "elm"], ["always"]], COLUMNS, every),
        ([["always"]], COLUMNS[:3], []),
        ([["mug"], ["rare"]], COLUMNS, [number for number in every if number % 200 == 0]),
        ([["be0007"]], ["codes"], [7]),
        ([["mug"]], ["codes"], []),
        ([["nowher*"]], COLUMNS, []),
    ):
        assert word_index.product_ids(documents, words, columns, limit) == _expected(numbers, limit)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("expression", "limit", "read_in_order"),
    [
        ("'Aalways'", 1, True),
        ("'Aal':*", 1, True),
        ("'Aalways'", 100_000, False),
        ("'Arare'", 1, False),
        ("'Anowher':*", 1, False),
    ],
)
def test_documents_are_read_in_order_for_common_words_alone(
    documents: Session, expression: str, limit: int, read_in_order: bool
) -> None:
    statement = word_index._Tsvector._matching
    explained = text(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement.text}").bindparams(
        expression=expression, n=limit
    )
    # Whatever the statistics say, and where there are none.
    for analyzed in (False, True):
        if analyzed:
            documents.connection().execute(text("ANALYZE search_document"))
        steps = documents.connection().execute(explained).scalars().all()
        by_index = [step for step in steps if "Bitmap Index Scan" in step]
        assert len(by_index) == 1, steps
        assert ("never executed" in by_index[0]) == read_in_order, steps
