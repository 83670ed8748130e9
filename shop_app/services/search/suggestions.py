"""Suggestions: searches, categories and products for what is typed so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from ...core.i18n import _, plural
from ...models import ListingItem
from ..catalog import price_tags
from ..catalog.views import PictureView, Suggestion, Suggestions
from . import cards, facet_counts, facet_fold, index_cache
from . import words as texts
from .categories import Branch
from .categories import tree as category_tree
from .folding import squashed
from .queries import RANKED, find
from .words import asked

SUGGESTED_SEARCHES = 3
SUGGESTED_CATEGORIES = 2
SUGGESTED_PRODUCTS = 5
_NO_PICTURE = PictureView()

_cards = select(
    col(ListingItem.product_id),
    col(ListingItem.slug),
    col(ListingItem.title),
    col(ListingItem.price_minor),
    col(ListingItem.price_max_minor),
    col(ListingItem.card),
).where(col(ListingItem.product_id).in_(bindparam("ids", expanding=True)))


def suggest(session: Session, text: str) -> Suggestions:
    """Searches, categories and products for what is typed so far.

    Nothing for less than two letters, save of scripts that are cut into runs: 茶 is a word.
    """
    words = [word.text for word in asked(text)]
    if sum(map(len, words)) < 2 and not any(map(texts.is_run, words)):
        return Suggestions()
    at = index_cache.stamp(session)
    ids = find(session, text, at, RANKED).product_ids
    counts = facet_fold.counts.get(session, at)
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
    results = plural("{count} result", "All {count} results", count) if count < RANKED else _("All results")
    return _("{results} for “{text}”").format(results=results, text=text)


def _searches(counts: facet_counts.Counts, words: Sequence[str]) -> list[Suggestion]:
    """Tags that the typed words begin; of those that begin with them the commoner first, then the others."""
    tags = [
        (not squashed(tag.label).startswith(words[0]), -tag.fits.bits.bit_count(), tag.label)
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
    items = {row[0]: row for row in session.connection().execute(_cards, {"ids": list(ids)}).all()}
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
    whole, writings = texts.whole_and_writings(title)
    return all(
        part in whole if texts.is_run(part) else any(word.startswith(part) for word in writings)
        for part in words
    )


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
    """Where the typed word begins a word of the label, or is a part of a run; (0, 0) where it doesn't."""
    for start in range(len(label)):
        inside = start and label[start - 1].isalnum() and not texts.is_run(word)
        if inside or not label[start].isalnum():
            continue
        for end in range(start + 1, min(len(label), start + 2 * len(word)) + 1):
            if squashed(label[start:end]) == word:
                return start, end
    return 0, 0
