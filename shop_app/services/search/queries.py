"""Search: from typed text to products, with prefixes, plurals, synonyms, codes and a second try for typos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from ...core.i18n import _, plural
from ...models import ListingItem
from ..catalog import price_tags
from ..catalog.views import PictureView, Suggestion, Suggestions
from . import cards, facet_counts, index_cache, spelling, word_index
from .categories import Branch
from .categories import tree as category_tree
from .synonyms import Synonyms, synonyms
from .word_index import COLUMNS, Vocabulary, vocabulary

MOST = 1000
"""The most products of one search; where more match, the popular ones."""
_RANKED = 60
"""The first products, which are ranked again by their titles."""
_WIDENED = 24
SUGGESTED_SEARCHES = 3
SUGGESTED_CATEGORIES = 2
SUGGESTED_PRODUCTS = 5
_NO_PICTURE = PictureView()


@dataclass(frozen=True, slots=True)
class Matches:
    product_ids: list[int] = field(default_factory=list)
    """Best first, at most 1,000."""
    corrected: str = ""
    """The words that were searched for instead, "" where the typed ones matched."""
    offered: tuple[str, ...] = ()
    """Other searches, which find something where this one found nothing."""


@dataclass(frozen=True, slots=True)
class _Words:
    """What is known of words."""

    vocabulary: Vocabulary
    synonyms: Synonyms

    def others(self, word: str) -> list[str]:
        """Other words that stand for a word: its plural or singular, and its synonyms."""
        numbers = [other for other in spelling.numbers_of(word) if other in self.vocabulary.frequencies]
        meanings = next(
            (
                self.synonyms.meanings[form]
                for form in (word, *spelling.numbers_of(word))
                if form in self.synonyms.meanings
            ),
            [],
        )
        if not numbers and not meanings and not self.vocabulary.has(word):
            meanings = self.synonyms.of(word)
        return [*numbers, *meanings]

    def knows(self, word: str) -> bool:
        """Whether a word is one of the catalogue, or stands for one."""
        return self.vocabulary.has(word) or bool(self.others(word))


def find(session: Session, text: str, at: str = "", most: int = MOST) -> Matches:
    """The products that have all words of a text; a word matches every word that begins with it.

    `at` is the stamp of the listing index, where the caller has read it already.
    """
    query_words = spelling.query_words(text)
    if not query_words:
        return Matches()
    at = at or index_cache.stamp(session)
    lexicon = _Words(vocabulary.get(session, at), synonyms.get(session, at))
    ids = (
        (spelling.is_code(text) and _with_code(session, text, most))
        or _with_words(session, lexicon, query_words, most)
        or _with_code(session, text, most)
    )
    if ids:
        return Matches(ids)
    corrected = _corrected(session, lexicon, query_words, sure=True)
    if corrected and (ids := _with_words(session, lexicon, corrected, most)):
        return Matches(ids, " ".join(corrected))
    return Matches(offered=_offered(session, lexicon, query_words))


def _corrected(
    session: Session, lexicon: _Words, query_words: Sequence[str], *, sure: bool
) -> tuple[str, ...]:
    """The words with those that nothing has replaced by the nearest; () where none is."""
    words = lexicon.vocabulary
    corrected = tuple(
        word
        if lexicon.knows(word) or word_index.product_ids(session, [_beginning(word)], limit=1)
        else spelling.nearest(word, words.frequencies, words.terms, sure=sure) or word
        for word in query_words
    )
    return corrected if corrected != tuple(query_words) else ()


def _offered(session: Session, lexicon: _Words, query_words: Sequence[str]) -> tuple[str, ...]:
    """Searches near this one that find something: with a guess at mistyped words, and of each word alone."""
    guessed = _corrected(session, lexicon, query_words, sure=False)
    searches = [guessed] if guessed else []
    if len(query_words) > 1:
        searches += [(word,) for word in guessed or query_words]
    found = (words for words in searches if _with_words(session, lexicon, words, 1))
    return tuple(" ".join(words) for words in found)


def _with_code(session: Session, text: str, most: int) -> list[int]:
    """The products with this SKU or barcode, or with one that begins so."""
    code = spelling.squashed(text)
    if len(code) < 3:
        return []
    look = partial(word_index.product_ids, session)
    return look([[code]], ["codes"], most) or look([[code + "*"]], ["codes"], most)


def _with_words(session: Session, lexicon: _Words, words: Sequence[str], most: int) -> list[int]:
    """Matches in titles first, then in codes and attributes, then in descriptions; each by popularity.

    What other words stand for is found after titles and attributes with the words themselves.
    """
    groups = [_forms(lexicon.vocabulary, word) for word in words]
    others = [lexicon.others(word) for word in words]
    look = partial(word_index.product_ids, session)
    ids: dict[int, None] = {}
    in_descriptions_only = not all(lexicon.vocabulary.has(word) for word in words)
    if not in_descriptions_only:
        ids.update(dict.fromkeys(_ranked_by_title(session, look(groups, COLUMNS[:1], most), words)))
        if len(ids) < most:
            ids.update(dict.fromkeys(look(groups, COLUMNS[:3], most)))
    if any(others) and len(ids) < most:
        # Not in descriptions, which may name the words of a synonym by the way.
        wider = [[*group, *more] for group, more in zip(groups, others, strict=True)]
        ids.update(dict.fromkeys(look(wider, COLUMNS[:1], most)))
        ids.update(dict.fromkeys(look(wider, COLUMNS[:3], most)))
    if len(ids) < most:
        ids.update(dict.fromkeys(look(groups, COLUMNS, most)))
    if not ids and in_descriptions_only and not any(others):
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


def suggest(session: Session, text: str) -> Suggestions:
    """Searches, categories and products for what is typed so far; nothing for less than two letters."""
    words = spelling.query_words(text)
    if sum(map(len, words)) < 2:
        return Suggestions()
    at = index_cache.stamp(session)
    ids = find(session, text, at, _RANKED).product_ids
    counts = facet_counts.counts.get(session, at)
    searches = _searches(counts, words)
    categories = _categories(session, counts, words, text, ids, at)
    products = _products(session, words, ids[:SUGGESTED_PRODUCTS])
    number = len(searches) + len(categories) + len(products)
    return Suggestions(
        " ".join(text.split()),
        searches,
        categories,
        products,
        _all_text(" ".join(text.split()), len(ids)) if ids else "",
        plural("{count} suggestion", "{count} suggestions", number) if number else _("Nothing matches."),
    )


def _all_text(text: str, count: int) -> str:
    results = plural("{count} result", "All {count} results", count) if count < _RANKED else _("All results")
    return _("{results} for “{text}”").format(results=results, text=text)


def _searches(counts: facet_counts.Counts, words: Sequence[str]) -> list[Suggestion]:
    """Tags that the typed words begin; of those that begin with them the commoner first, then the others."""
    tags = [
        (not spelling.normalise(tag.label).startswith(words[0]), -tag.fits.bits.bit_count(), tag.label)
        for tag in counts.facets.get("tag", {}).values()
        if _begins(tag.label, words)
    ]
    return [
        _labelled("search", f"/products?q={quote(label)}", label, words)
        for _later, _count, label in sorted(tags)[:SUGGESTED_SEARCHES]
    ]


def _categories(
    session: Session,
    counts: facet_counts.Counts,
    words: Sequence[str],
    text: str,
    ids: Sequence[int],
    at: str,
) -> list[Suggestion]:
    """Categories whose title the words begin, then those that most of the products found are in."""
    tree = category_tree.get(session, at)
    named = [branch for branch in tree.by_id.values() if _begins(branch.title, words)]
    found = counts.among(ids)
    numbers = Counter(
        {branch.id: (_bits(counts, branch) & found).bit_count() for branch in tree.top if branch not in named}
    )
    rows = [
        _counted(branch, f"/products?category={branch.slug}", words, _bits(counts, branch).bit_count())
        for branch in named
    ]
    typed = quote(" ".join(text.split()))
    rows += [
        _counted(tree.by_id[key], f"/products?q={typed}&category={tree.by_id[key].slug}", words, number)
        for key, number in numbers.most_common(SUGGESTED_CATEGORIES)
        if number > 1
    ]
    return rows[:SUGGESTED_CATEGORIES]


def _bits(counts: facet_counts.Counts, branch: Branch) -> int:
    return facet_counts.union(counts.categories.get(key, 0) for key in branch.below)


def _counted(branch: Branch, href: str, words: Sequence[str], count: int) -> Suggestion:
    return _labelled("category", href, branch.title, words, note=str(count))


def _products(session: Session, words: Sequence[str], ids: Sequence[int]) -> list[Suggestion]:
    if not ids:
        return []
    items = {row[0]: row for row in session.connection().execute(_shown, {"ids": list(ids)}).all()}
    rows = []
    for product_id in ids:
        if product_id in items:
            _id, slug, title, low, high, card = items[product_id]
            rows.append(
                _labelled(
                    "product",
                    f"/products/{slug}",
                    title,
                    words,
                    note=card["subtitle"],
                    picture=cards.picture(card["picture"]),
                    price=price_tags.tag(low, high, None).price,
                )
            )
    return rows


def _begins(title: str, words: Sequence[str]) -> bool:
    return all(any(word.startswith(part) for word in spelling.words(title)) for part in words)


def _labelled(
    kind: str,
    href: str,
    label: str,
    words: Iterable[str],
    note: str = "",
    picture: PictureView = _NO_PICTURE,
    price: str = "",
) -> Suggestion:
    spans = [_typed(label, word) for word in words]
    start, end = next((span for span in reversed(spans) if span[1]), (0, 0))
    return Suggestion(kind, href, label[:start], label[start:end], label[end:], note, picture, price)


def _typed(label: str, word: str) -> tuple[int, int]:
    """Where the typed word begins a word of the label, (0, 0) where it doesn't."""
    for start in range(len(label)):
        if start and label[start - 1].isalnum():
            continue
        for end in range(start + 1, min(len(label), start + len(word)) + 1):
            if spelling.normalise(label[start:end]) == word:
                return start, end
    return 0, 0
