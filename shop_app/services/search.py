"""Search: from what somebody types to products, with prefixes, accents, codes and a second try for typos."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from ..models import ShelfItem
from . import cards, kept, prices, search_index, spelling
from .catalog import PictureView, Suggestion
from .search_index import COLUMNS, Vocabulary, vocabulary
from .storefront import navigation

MOST = 1000
"""Products that a search finds at most; beyond it the popular ones."""
_RANKED = 60
"""Products at the front that are put in a finer order."""
_WIDENED = 24
_SUGGESTED_PRODUCTS = 6
_SUGGESTED_CATEGORIES = 2


class Found(NamedTuple):
    product_ids: list[int]
    """Best first, at most 1,000."""
    corrected: str
    """The words that were searched for instead, "" where the typed ones were found."""


NOTHING = Found([], "")


def find(session: Session, text: str, at: str = "") -> Found:
    """The products that have all words of a text, each as the beginning of one of theirs.

    `at` is the stamp of the shelf, where the caller has read it already.
    """
    asked = spelling.asked(text)
    if not asked:
        return NOTHING
    words = vocabulary.get(session, at or kept.stamp(session))
    found = _with_words(session, words, asked, text)
    if found:
        return Found(found, "")
    meant = tuple(spelling.nearest(word, words.known, words.terms) or word for word in asked)
    if meant == asked:
        return NOTHING
    found = _with_words(session, words, meant, "")
    return Found(found, " ".join(meant)) if found else NOTHING


def _with_words(session: Session, known: Vocabulary, asked: Sequence[str], text: str) -> list[int]:
    groups = [_forms(known, word) for word in asked]
    look = partial(search_index.product_ids, session)
    found: dict[int, None] = {}
    # From the strongest place to the weakest, each in the order of popularity.
    code = spelling.squashed(text)
    if any(c.isdigit() for c in code) or "-" in text:
        found.update(dict.fromkeys(look([[code]], ["codes"], MOST)))
        if len(code) >= 3:
            found.update(dict.fromkeys(look([[code + "*"]], ["codes"], MOST)))
    for columns in (COLUMNS[:1], COLUMNS[:3], COLUMNS):
        if len(found) < MOST:
            found.update(dict.fromkeys(look(groups, columns, MOST)))
            if columns == COLUMNS[:1]:
                found = dict.fromkeys(_finer(session, list(found), asked, bool(text)))
    return list(found)[:MOST]


def _forms(known: Vocabulary, word: str) -> list[str]:
    """The ways to ask for a word: as the beginning of the words that are known, or of any."""
    if len(word) == 1:
        return [word]
    if len(word) > 3:
        # A handful of whole words streams; a long prefix is gathered whole before its first match.
        longer = known.beginning(word)
        if 0 < len(longer) <= _WIDENED:
            return list(dict.fromkeys([word, *longer]))
    return [word + "*"]


_titles = select(col(ShelfItem.product_id), col(ShelfItem.title), col(ShelfItem.sold_count)).where(
    col(ShelfItem.product_id).in_(bindparam("ids", expanding=True))
)


def _finer(session: Session, found: list[int], asked: Sequence[str], _plain: bool) -> list[int]:
    """The front of the list again, by how much of the title was typed, then by units sold."""
    front = found[:_RANKED]
    if len(front) < 2:
        return found
    scores = {}
    for product_id, title, sold_count in session.connection().execute(_titles, {"ids": front}):
        words = spelling.words(title)
        whole = sum(word in words for word in asked)
        scores[product_id] = (-(words == list(asked)), -whole, -(words[: len(asked)] == list(asked)), -sold_count)
    return sorted(front, key=lambda key: (*scores.get(key, (1, 0, 0, 0)), key)) + found[_RANKED:]


_shown = select(
    col(ShelfItem.product_id), col(ShelfItem.slug), col(ShelfItem.title), col(ShelfItem.price_minor),
    col(ShelfItem.price_max_minor), col(ShelfItem.card),
).where(col(ShelfItem.product_id).in_(bindparam("ids", expanding=True)))  # fmt: skip


def suggest(session: Session, text: str) -> list[Suggestion]:
    """At most 8 rows for what is typed so far, [] for less than two letters."""
    asked = spelling.asked(text)
    if sum(map(len, asked)) < 2:
        return []
    rows = [
        _labelled("category", f"/products?category={link.slug}", link.title, asked, link.picture, "")
        for link in navigation(session)
        if _begins(link.title, asked)
    ][:_SUGGESTED_CATEGORIES]
    ids = find(session, text).product_ids[:_SUGGESTED_PRODUCTS]
    if not ids:
        return rows
    items = {row[0]: row for row in session.connection().execute(_shown, {"ids": ids})}
    for product_id in ids:
        if product_id in items:
            _id, slug, title, low, high, card = items[product_id]
            price = prices.tag(low, high, None).price
            rows.append(
                _labelled("product", f"/products/{slug}", title, asked, cards.picture(card["picture"]), price)
            )
    return rows


def _begins(title: str, asked: Sequence[str]) -> bool:
    return all(any(word.startswith(part) for word in spelling.words(title)) for part in asked)


def _labelled(
    kind: str, href: str, label: str, asked: Sequence[str], picture: PictureView, price: str
) -> Suggestion:
    start, end = _typed(label, asked[-1])
    return Suggestion(kind, href, label[:start], label[start:end], label[end:], picture, price)


def _typed(label: str, word: str) -> tuple[int, int]:
    """Where the typed word begins a word of the label, (0, 0) where it doesn't."""
    for start in range(len(label)):
        if start and label[start - 1].isalnum():
            continue
        for end in range(start + 1, min(len(label), start + len(word)) + 1):
            if spelling.fold(label[start:end]) == word:
                return start, end
    return 0, 0
