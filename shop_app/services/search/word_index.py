"""The word index: one normalised search document per product, and the full-text query of each database.

Documents are ordered by popularity (`place`), so that the first matches of a common word are the popular
ones and reading can stop after them, whatever the size of the catalogue.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Protocol

from sqlalchemy import BigInteger, String, bindparam, column, delete, insert, select, table, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from . import spelling
from .index_cache import IndexCache

_PLACE_BITS = 40
COLUMNS = ("title", "codes", "words", "description")

_documents = table(
    "search_document",
    column("place", BigInteger),
    column("product_id", BigInteger),
    *(column(name, String) for name in COLUMNS),
)
_terms = table("search_term", column("term", String), column("documents", BigInteger))


@dataclass(frozen=True, slots=True)
class Document:
    """The texts by which a product is found, as normalised words separated by spaces."""

    product_id: int
    sold_count: int
    title: str
    codes: str
    words: str
    description: str

    @property
    def place(self) -> int:
        return place_of(self.product_id, self.sold_count)


def place_of(product_id: int, sold_count: int) -> int:
    """The sort key of a document: units sold by powers of two (so that it seldom moves), then product id."""
    return (_PLACE_BITS - min(sold_count.bit_length(), _PLACE_BITS)) << _PLACE_BITS | product_id


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every word of titles and attributes, with the number of products that have it."""

    frequencies: dict[str, int]
    terms: list[str]

    def beginning(self, prefix: str) -> list[str]:
        """The words that begin so, in order."""
        first = bisect_left(self.terms, prefix)
        last = bisect_left(self.terms, prefix + "\uffff", lo=first)
        return self.terms[first:last]

    def has(self, prefix: str) -> bool:
        """Whether any word begins so."""
        first = bisect_left(self.terms, prefix)
        return first < len(self.terms) and self.terms[first].startswith(prefix)


class Index(Protocol):
    """The full-text query of one kind of database."""

    def places(
        self, session: Session, words: Sequence[Sequence[str]], columns: Sequence[str], limit: int
    ) -> list[int]:
        """The first `limit` places of documents with one of each group of words, in order.

        A word that ends in * matches every word that begins so. Only `columns` are searched.
        """
        ...


class _Fts5:
    _matching = text(
        "SELECT rowid FROM search_product WHERE search_product MATCH :expression ORDER BY rowid LIMIT :n"
    )

    def places(
        self, session: Session, words: Sequence[Sequence[str]], columns: Sequence[str], limit: int
    ) -> list[int]:
        groups = " AND ".join("(" + " OR ".join(_quoted(word) for word in group) + ")" for group in words)
        expression = f"{{{' '.join(columns)}}} : ({groups})"
        rows = session.connection().execute(self._matching, {"expression": expression, "n": limit})
        return [place for (place,) in rows.all()]


class _Tsvector:
    _matching = text(
        "SELECT place FROM search_document WHERE vector @@ to_tsquery('simple', :expression)"
        " ORDER BY place LIMIT :n"
        # As literals, so that each query is planned for its own words: the one plan of a prepared statement
        # reads all documents in order, which is right for a common word and slow for a rare one.
    ).bindparams(
        bindparam("expression", type_=String, literal_execute=True),
        bindparam("n", type_=BigInteger, literal_execute=True),
    )

    def places(
        self, session: Session, words: Sequence[Sequence[str]], columns: Sequence[str], limit: int
    ) -> list[int]:
        weights = "".join("ABCD"[COLUMNS.index(name)] for name in columns)
        groups = (" | ".join(_weighted(word, weights) for word in group) for group in words)
        expression = " & ".join(f"({group})" for group in groups)
        rows = session.connection().execute(self._matching, {"expression": expression, "n": limit})
        return [place for (place,) in rows.all()]


def _quoted(word: str) -> str:
    return f'"{word[:-1]}"*' if word.endswith("*") else f'"{word}"'


def _weighted(word: str, weights: str) -> str:
    return f"'{word[:-1]}':*{weights}" if word.endswith("*") else f"'{word}':{weights}"


_INDEXES: dict[str, Index] = {"sqlite": _Fts5(), "postgresql": _Tsvector()}


def product_ids(
    session: Session, words: Sequence[Sequence[str]], columns: Sequence[str] = COLUMNS, limit: int = 1000
) -> list[int]:
    """The products whose document has one word of each group, popular ones first."""
    index = _INDEXES[session.get_bind().dialect.name]
    mask = (1 << _PLACE_BITS) - 1
    return [place & mask for place in index.places(session, words, columns, limit)]


def _read_vocabulary(session: Session) -> Vocabulary:
    statement = select(_terms.c.term, _terms.c.documents).where(_terms.c.documents > 0)
    counts = {row[0]: row[1] for row in session.connection().execute(statement).all()}
    return Vocabulary(counts, sorted(counts))


vocabulary = IndexCache(_read_vocabulary)

_old = select(_documents).where(_documents.c.product_id.in_(bindparam("ids", expanding=True)))
_drop = delete(_documents).where(_documents.c.product_id.in_(bindparam("ids", expanding=True)))


_places = select(_documents.c.product_id, _documents.c.place).where(
    _documents.c.product_id.in_(bindparam("ids", expanding=True))
)


def misplaced(session: Session, sold_counts: Mapping[int, int]) -> list[int]:
    """The products among these whose document has another place than their units sold give."""
    rows = session.connection().execute(_places, {"ids": list(sold_counts)}).all()
    return [row[0] for row in rows if row[1] != place_of(row[0], sold_counts[row[0]])]


def write(session: Session, product_ids: Sequence[int], documents: Iterable[Document]) -> None:
    """Make these the documents of these products; a product without one can't be found any more."""
    connection = session.connection()
    held = {row.product_id: tuple(row) for row in connection.execute(_old, {"ids": list(product_ids)})}
    rows = {doc.product_id: (doc.place, doc.product_id, *astuple(doc)[2:]) for doc in documents}
    gone = [key for key, row in held.items() if rows.get(key) != row]
    fresh = [row for key, row in rows.items() if held.get(key) != row]
    if gone:
        connection.execute(_drop, {"ids": gone})
    if fresh:
        names = ("place", "product_id", *COLUMNS)
        connection.execute(insert(_documents), [dict(zip(names, row, strict=True)) for row in fresh])
    _count_terms(session, [held[key] for key in gone], fresh)


def _count_terms(session: Session, gone: Iterable[tuple], fresh: Iterable[tuple]) -> None:
    counts: Counter[str] = Counter()
    for row in fresh:
        counts.update(set(f"{row[2]} {row[4]}".split()))
    for row in gone:
        counts.subtract(set(f"{row[2]} {row[4]}".split()))
    # In one order, so that two writers on PostgreSQL can't deadlock.
    changed = [{"term": term, "documents": n} for term, n in sorted(counts.items()) if n]
    if changed:
        dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        statement = dialect.insert(_terms)
        statement = statement.on_conflict_do_update(
            index_elements=[_terms.c.term],
            set_={"documents": _terms.c.documents + statement.excluded.documents},
        )
        session.connection().execute(statement, changed)


def document(
    product_id: int,
    sold_count: int,
    title: str,
    codes: Iterable[str],
    attributes: Iterable[str],
    description: str,
) -> Document:
    """The document of a product from its plain texts."""
    return Document(
        product_id,
        sold_count,
        title=" ".join(spelling.words(title)),
        codes=" ".join(dict.fromkeys(word for code in codes if (word := spelling.squashed(code)))),
        words=" ".join(dict.fromkeys(word for part in attributes for word in spelling.words(part))),
        description=" ".join(dict.fromkeys(spelling.words(description[:20_000]))),
    )
