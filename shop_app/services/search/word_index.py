"""The word index: one search document of folded terms per product, and the full-text query of each database.

Documents are ordered by popularity (`place`), so that the first matches of a common word are the popular
ones and reading can stop after them, whatever the size of the catalogue.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from typing import Protocol

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    String,
    bindparam,
    column,
    delete,
    exists,
    insert,
    select,
    table,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from . import words
from .folding import squashed
from .index_cache import IndexCache

_PLACE_BITS = 40
COLUMNS = ("title", "codes", "words", "description")
VERSION = 1
"""Of the way in which texts become terms: with another one, all documents are written anew."""

_documents = table(
    "search_document",
    column("place", BigInteger),
    column("product_id", BigInteger),
    column("version", Integer),
    *(column(name, String) for name in COLUMNS),
)
_terms = table("search_term", column("term", String), column("documents", BigInteger))


@dataclass(frozen=True, slots=True)
class Document:
    """The texts by which a product is found, as terms separated by spaces."""

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
    backwards: list[str]
    """The same spelt from their ends, in order."""

    def beginning(self, prefix: str) -> list[str]:
        """The words that begin so, in order."""
        return _beginning(self.terms, prefix)

    def ending(self, suffix: str) -> list[str]:
        """The words that end so."""
        return [term[::-1] for term in _beginning(self.backwards, suffix[::-1])]

    def has(self, prefix: str) -> bool:
        """Whether any word begins so."""
        first = bisect_left(self.terms, prefix)
        return first < len(self.terms) and self.terms[first].startswith(prefix)


def _beginning(terms: list[str], prefix: str) -> list[str]:
    first = bisect_left(terms, prefix)
    return terms[first : bisect_left(terms, prefix + "\U0010ffff", lo=first)]


class Index(Protocol):
    """The full-text query of one kind of database."""

    def places(
        self, session: Session, words: Sequence[Sequence[str]], columns: Sequence[str], limit: int
    ) -> list[int]:
        """The first `limit` places of documents with one of each group of words, in order.

        A word that ends in * matches every word that begins so. Of terms separated by spaces all have to be
        there. Only `columns` are searched.
        """
        ...


class _Fts5:
    _matching = text(
        "SELECT rowid FROM search_product WHERE search_product MATCH :expression ORDER BY rowid LIMIT :n"
    )

    def places(
        self, session: Session, words: Sequence[Sequence[str]], columns: Sequence[str], limit: int
    ) -> list[int]:
        groups = _expression(words, " AND ", " OR ", _quoted)
        expression = f"{{{' '.join(columns)}}} : ({groups})"
        rows = session.connection().execute(self._matching, {"expression": expression, "n": limit})
        return [place for (place,) in rows.all()]


_SIGNS = {COLUMNS[:1]: "T", ("codes",): "C", COLUMNS[:3]: "S", COLUMNS: "A"}
"""What the vector's terms begin with, by the columns that a search may be of."""
_SAMPLE = 100
_OCTETS = 1000
"""Of a document in its table, about. How many rows a table has is known only after an ANALYZE."""
_QUERY = "(SELECT CAST(:expression AS tsquery))"


class _Tsvector:
    """Read in order where many documents have the words; else found by the index and sorted.

    In order, the first `n` are there after n * all / found documents were looked into; the index leads to all
    that are found. Which of the two is less, the first hundred documents tell. PostgreSQL would choose by
    statistics, which are old after an import and have nothing about the beginnings of words: it looked
    into all documents for a word that none had. So no part of this can be executed in another way: a
    query from a sub-select isn't estimated, and a CASE is in no index.
    """

    _matching = text(
        "WITH found AS MATERIALIZED"
        f" (SELECT place FROM search_document WHERE vector @@ {_QUERY})"
        " SELECT CASE WHEN (SELECT count(*) FROM"
        f" (SELECT vector FROM search_document ORDER BY place LIMIT {_SAMPLE}) AS sample"
        f" WHERE vector @@ {_QUERY})"
        f" > {_SAMPLE} * sqrt(:n * {_OCTETS} / greatest(1, pg_relation_size('search_document'))::float)"
        " THEN ARRAY(SELECT place FROM search_document"
        f" WHERE CASE WHEN vector @@ {_QUERY} THEN true ELSE false END ORDER BY place LIMIT :n)"
        " ELSE ARRAY(SELECT place FROM found ORDER BY place LIMIT :n) END"
    ).bindparams(
        bindparam("expression", type_=String), bindparam("n", type_=BigInteger, literal_execute=True)
    )

    _in_titles = text(
        "SELECT DISTINCT place FROM unnest(CAST(:forms AS text[])) AS form,"
        " LATERAL (SELECT place FROM search_title WHERE term = form ORDER BY place LIMIT :n) AS first"
        " ORDER BY place LIMIT :n"
    ).bindparams(bindparam("n", type_=BigInteger, literal_execute=True))

    def places(
        self, session: Session, words: Sequence[Sequence[str]], columns: Sequence[str], limit: int
    ) -> list[int]:
        if len(words) == 1 and tuple(columns) == COLUMNS[:1] and all(map(_is_of_titles, words[0])):
            values = {"forms": list(words[0]), "n": limit}
            return list(session.connection().execute(self._in_titles, values).scalars())
        sign = _SIGNS[tuple(columns)]
        expression = _expression(words, " & ", " | ", partial(_signed, sign=sign))
        values = {"expression": expression, "n": limit}
        return session.connection().execute(self._matching, values).scalar_one()


def _expression(groups: Sequence[Sequence[str]], every: str, any_of: str, term: Callable[[str], str]) -> str:
    """The query of these groups, in the words of a database."""
    return every.join(
        "(" + any_of.join("(" + every.join(map(term, form.split())) + ")" for form in group) + ")"
        for group in groups
    )


def _quoted(word: str) -> str:
    return f'"{word[:-1]}"*' if word.endswith("*") else f'"{word}"'


def _is_of_titles(form: str) -> bool:
    """Whether `search_title` has it, which has terms and their beginnings of two and three signs."""
    return " " not in form and (not form.endswith("*") or len(form) in (3, 4))


def _signed(word: str, sign: str) -> str:
    return f"'{sign}{word[:-1]}':*" if word.endswith("*") else f"'{sign}{word}'"


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
    return Vocabulary(counts, sorted(counts), sorted(term[::-1] for term in counts))


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
    rows = {doc.product_id: (doc.place, doc.product_id, VERSION, *astuple(doc)[2:]) for doc in documents}
    gone = [key for key, row in held.items() if rows.get(key) != row]
    fresh = [row for key, row in rows.items() if held.get(key) != row]
    if gone:
        connection.execute(_drop, {"ids": gone})
    if fresh:
        names = ("place", "product_id", "version", *COLUMNS)
        connection.execute(insert(_documents), [dict(zip(names, row, strict=True)) for row in fresh])
    _count_terms(session, [held[key] for key in gone], fresh)


def _count_terms(session: Session, gone: Iterable[tuple], fresh: Iterable[tuple]) -> None:
    counts: Counter[str] = Counter()
    for row in fresh:
        counts.update(_known_words(row))
    for row in gone:
        counts.subtract(_known_words(row))
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


def _known_words(row: tuple) -> set[str]:
    """The words of a document's title and attributes; no joined neighbours, and nothing cut from runs."""
    terms = set(f"{row[3]} {row[5]}".split())
    return {term for term in terms if term[0] != words.PAIR and not words.is_run(term)}


def outdated(session: Session) -> bool:
    """Whether documents were written by another version of this module."""
    old = select(_documents.c.place).where(_documents.c.version != VERSION).limit(1)
    return session.connection().execute(old).first() is not None


def clear(session: Session) -> None:
    """Delete all documents and the vocabulary, for writing them anew."""
    for each in (_documents, _terms):
        session.connection().execute(delete(each))


def without_document(product_id: ColumnElement[int]) -> ColumnElement[bool]:
    """The condition that there is no document for a product."""
    return ~exists().where(_documents.c.product_id == product_id)


def document(
    product_id: int,
    sold_count: int,
    title: str,
    codes: Iterable[str],
    attributes: Iterable[str],
    description: str,
) -> Document:
    """The document of a product from its plain texts."""
    parts = (term for part in attributes for term in words.terms(part, neighbours=True))
    return Document(
        product_id,
        sold_count,
        title=_text(words.terms(title, neighbours=True)),
        codes=_text(form for code in codes for form in code_forms(code)),
        words=_text(parts),
        description=_text(words.terms(description[:20_000])),
    )


def _text(terms: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(terms))


_GTIN = 8
"""Digits from which on a code is taken for a barcode."""


def code_forms(code: str) -> list[str]:
    """A SKU or barcode without separators; a barcode without leading zeros too, which its shorter forms lack.

    >>> code_forms("FH-DNM-MOS"), code_forms("0 12345 67890 5"), code_forms("-")
    (['fhdnmmos'], ['012345678905', '12345678905'], [])
    """
    plain = squashed(code)
    forms = [plain, plain.lstrip("0")] if plain.isdecimal() and len(plain) >= _GTIN else [plain]
    return list(dict.fromkeys(form for form in forms if form))
