"""Search: from typed text to products, with prefixes, accents, codes and a second try for typos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from ...models import ListingItem
from ..catalog import price_tags
from ..catalog.views import PictureView, Suggestion
from . import cards, index_cache, spelling, word_index
from .categories import navigation
from .word_index import COLUMNS, Vocabulary, vocabulary

MOST = 1000
"""The most products of one search; where more match, the popular ones."""
_RANKED = 60
"""The first products, which are ranked again by their titles."""
_WIDENED = 24
_SUGGESTED_PRODUCTS = 6
_SUGGESTED_CATEGORIES = 2


@dataclass(frozen=True, slots=True)
class Matches:
    product_ids: list[int] = field(default_factory=list)
    """Best first, at most 1,000."""
    corrected: str = ""
    """The words that were searched for instead, "" where the typed ones matched."""


def find(session: Session, text: str, at: str = "", most: int = MOST) -> Matches:
    """The products that have all words of a text; a word matches every word that begins with it.

    `at` is the stamp of the listing index, where the caller has read it already.
    """
    query_words = spelling.query_words(text)
    if not query_words:
        return Matches()
    words = vocabulary.get(session, at or index_cache.stamp(session))
    looks_like_code = any(c.isdigit() or c == "-" for c in text)
    ids = (
        (looks_like_code and _with_code(session, text, most))
        or _with_words(session, words, query_words, most)
        or _with_code(session, text, most)
    )
    if ids:
        return Matches(ids)
    corrected = tuple(spelling.nearest(word, words.frequencies, words.terms) or word for word in query_words)
    if corrected == query_words:
        return Matches()
    ids = _with_words(session, words, corrected, most)
    return Matches(ids, " ".join(corrected)) if ids else Matches()


def _with_code(session: Session, text: str, most: int) -> list[int]:
    """The products with this SKU or barcode, or with one that begins so."""
    code = spelling.squashed(text)
    if len(code) < 3:
        return []
    look = partial(word_index.product_ids, session)
    return look([[code]], ["codes"], most) or look([[code + "*"]], ["codes"], most)


def _with_words(session: Session, vocabulary: Vocabulary, words: Sequence[str], most: int) -> list[int]:
    """Matches in titles first, then in codes and attributes, then in descriptions; each by popularity."""
    groups = [_forms(vocabulary, word) for word in words]
    look = partial(word_index.product_ids, session)
    ids: dict[int, None] = {}
    in_descriptions_only = not all(vocabulary.has(word) for word in words)
    if not in_descriptions_only:
        ids.update(dict.fromkeys(_ranked_by_title(session, look(groups, COLUMNS[:1], most), words)))
        if len(ids) < most:
            ids.update(dict.fromkeys(look(groups, COLUMNS[:3], most)))
    if len(ids) < most:
        ids.update(dict.fromkeys(look(groups, COLUMNS, most)))
    if not ids and in_descriptions_only:
        # Last, because long prefixes that many descriptions have are slow.
        ids.update(dict.fromkeys(look([_beginning(word) for word in words], COLUMNS, most)))
    return list(ids)[:most]


def _forms(vocabulary: Vocabulary, word: str) -> list[str]:
    """The terms for a word: itself and the words of the vocabulary that begin so, or its prefix."""
    longer = vocabulary.beginning(word)
    if len(word) > 3 and len(longer) <= _WIDENED:
        # Whole words are read lazily; of a prefix, all matches are read before the first is known.
        return list(dict.fromkeys([word, *longer]))
    return _beginning(word)


def _beginning(word: str) -> list[str]:
    return [word] if len(word) == 1 else [word + "*"]


_titles = select(col(ListingItem.product_id), col(ListingItem.title), col(ListingItem.sold_count)).where(
    col(ListingItem.product_id).in_(bindparam("ids", expanding=True))
)


def _ranked_by_title(session: Session, ids: list[int], query_words: Sequence[str]) -> list[int]:
    """The same list, its first products ranked by how much of the title was typed, then by units sold."""
    front = ids[:_RANKED]
    if len(front) < 2:
        return ids
    scores = {}
    for product_id, title, sold_count in session.connection().execute(_titles, {"ids": front}).all():
        words = spelling.words(title)
        whole = sum(word in words for word in query_words)
        begins = words[: len(query_words)] == list(query_words)
        scores[product_id] = (-(words == list(query_words)), -whole, -begins, -sold_count)
    return sorted(front, key=lambda key: (*scores.get(key, (1, 0, 0, 0)), key)) + ids[_RANKED:]


_shown = select(
    col(ListingItem.product_id),
    col(ListingItem.slug),
    col(ListingItem.title),
    col(ListingItem.price_minor),
    col(ListingItem.price_max_minor),
    col(ListingItem.card),
).where(col(ListingItem.product_id).in_(bindparam("ids", expanding=True)))


def suggest(session: Session, text: str) -> list[Suggestion]:
    """At most 8 rows for what is typed so far, [] for less than two letters."""
    words = spelling.query_words(text)
    if sum(map(len, words)) < 2:
        return []
    rows = [
        _labelled("category", f"/products?category={link.slug}", link.title, words, link.picture, "")
        for link in navigation(session)
        if _begins(link.title, words)
    ][:_SUGGESTED_CATEGORIES]
    ids = find(session, text, most=_RANKED).product_ids[:_SUGGESTED_PRODUCTS]
    if not ids:
        return rows
    items = {row[0]: row for row in session.connection().execute(_shown, {"ids": ids}).all()}
    for product_id in ids:
        if product_id in items:
            _id, slug, title, low, high, card = items[product_id]
            price = price_tags.tag(low, high, None).price
            rows.append(
                _labelled("product", f"/products/{slug}", title, words, cards.picture(card["picture"]), price)
            )
    return rows


def _begins(title: str, words: Sequence[str]) -> bool:
    return all(any(word.startswith(part) for word in spelling.words(title)) for part in words)


def _labelled(
    kind: str, href: str, label: str, words: Sequence[str], picture: PictureView, price: str
) -> Suggestion:
    start, end = _typed(label, words[-1])
    return Suggestion(kind, href, label[:start], label[start:end], label[end:], picture, price)


def _typed(label: str, word: str) -> tuple[int, int]:
    """Where the typed word begins a word of the label, (0, 0) where it doesn't."""
    for start in range(len(label)):
        if start and label[start - 1].isalnum():
            continue
        for end in range(start + 1, min(len(label), start + len(word)) + 1):
            if spelling.normalise(label[start:end]) == word:
                return start, end
    return 0, 0
