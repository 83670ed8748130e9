"""Search: from typed text to products, with plurals, compounds, synonyms, codes and corrections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from ...models import ListingItem
from . import index_cache, spelling, word_index
from . import words as texts
from .folding import looks_like_code, squashed
from .synonyms import Synonyms, synonyms
from .word_index import COLUMNS, Vocabulary, vocabulary
from .words import PAIR, Asked, asked

MOST = 1000
"""The most products of one search; where more match, the popular ones."""
RANKED = 60
"""The first products, which are ranked again by their titles."""
_WIDENED = 24
_JOINED = 4
"""Words that two neighbours of a search stand for, at most."""


@dataclass(frozen=True, slots=True)
class Matches:
    product_ids: list[int] = field(default_factory=list)
    """Best first, at most 1,000."""
    corrected: str = ""
    """The words that were searched for instead, "" where the typed ones matched."""
    offered: tuple[str, ...] = ()
    """Other searches, which find something where this one found nothing."""


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """What is known of words."""

    vocabulary: Vocabulary
    synonyms: Synonyms

    def asked(self, text: str) -> tuple[Asked, ...]:
        """The words of a text; two that are one word of the catalogue ("air pods") stand for that too."""
        query_words = list(asked(text))
        for place in range(1, len(query_words)):
            # In order, so that what two stand for can be joined with a third.
            sides = query_words[place - 1 : place + 1]
            joined = [texts.together(*pair) for pair in product(*(side.writings for side in sides))]
            known = [word for word in dict.fromkeys(joined) if word and self.vocabulary.has(word)][:_JOINED]
            query_words[place - 1 : place + 1] = [
                replace(side, others=(*side.others, *known)) for side in sides
            ]
        return tuple(query_words)

    def forms(self, word: Asked) -> list[str]:
        """The terms for a word: its writings, the words that begin so, and neighbours that make it up."""
        forms = [form for writing in word.writings for form in self._forms(writing, word)]
        return list(dict.fromkeys([*forms, *_neighbours(word)]))

    def forms_in_short(self, word: Asked) -> list[str]:
        """Those of them that titles, codes and attributes may have: all, or neighbours alone."""
        return self.forms(word) if self.is_known(word) or texts.is_run(word.text) else _neighbours(word)

    def _forms(self, writing: str, word: Asked) -> list[str]:
        """A writing and the words of the vocabulary that begin so, or its beginning."""
        if word.is_amount or texts.is_run(writing):
            return _beginning(writing, word)
        longer = self.vocabulary.beginning(writing)
        if len(writing) > 3 and len(longer) <= _WIDENED:
            # Whole words are read lazily; of a prefix, all matches are read before the first is known.
            return [writing, *longer]
        return _beginning(writing, word)

    def others(self, word: Asked) -> list[str]:
        """Other words that stand for a word: its plural or singular, compounds of it, and its synonyms."""
        known = self.vocabulary.frequencies
        numbers = [other for other in spelling.numbers_of(word.text) if other in known]
        compounds = [
            compound
            for writing in word.writings
            for compound in spelling.compounds(writing, known, self.vocabulary.ending)
        ]
        meanings = next(
            (
                self.synonyms.meanings[form]
                for form in (*word.writings, *spelling.numbers_of(word.text))
                if form in self.synonyms.meanings
            ),
            [],
        )
        if not numbers and not compounds and not meanings and not self.is_known(word):
            meanings = self.synonyms.of(word.text)
        meant = [texts.sought(meaning) if texts.is_run(meaning) else meaning for meaning in meanings]
        return [*numbers, *compounds, *meant]

    def is_known(self, word: Asked) -> bool:
        """Whether a word is one of the titles and attributes."""
        return any(self.vocabulary.has(writing) for writing in word.writings)

    def stands_for_one(self, word: Asked) -> bool:
        """Whether a word is one of the catalogue, or stands for one."""
        return self.is_known(word) or bool(self.others(word))


def _neighbours(word: Asked) -> list[str]:
    """The terms of neighbours in a text that make up the word."""
    return [form for writing in word.writings for form in (PAIR + writing, *texts.apart(writing))]


def _beginning(writing: str, word: Asked) -> list[str]:
    if texts.is_run(writing):
        return [texts.sought(writing)]
    return [writing] if word.is_amount or len(writing) == 1 else [writing + "*"]


def find(session: Session, text: str, at: str = "", most: int = MOST) -> Matches:
    """The products that have all words of a text; a word matches every word that begins with it.

    `at` is the stamp of the listing index, where the caller has read it already.
    """
    if not asked(text):
        return Matches()
    at = at or index_cache.stamp(session)
    lexicon = _Lexicon(vocabulary.get(session, at), synonyms.get(session, at))
    query_words = lexicon.asked(text)
    ids, alone = _with_code(session, text, query_words, most)
    if not (ids and alone):
        ids = list(dict.fromkeys([*ids, *_with_words(session, lexicon, query_words, most)]))[:most]
    if not ids and not _has_amount(query_words):
        ids = _begun_code(session, text, most)
    if ids:
        return Matches(ids)
    corrected = _corrected(session, lexicon, query_words, sure=True)
    if corrected and (ids := _with_words(session, lexicon, corrected, most)):
        return Matches(ids, _shown(corrected))
    return Matches(offered=_offered(session, lexicon, query_words))


def _corrected(
    session: Session, lexicon: _Lexicon, query_words: Sequence[Asked], *, sure: bool
) -> tuple[Asked, ...]:
    """The words with those that nothing has replaced by the nearest; () where none is."""
    known = lexicon.vocabulary
    corrected = []
    for word in query_words:
        nearest = ""
        if not lexicon.stands_for_one(word) and not _is_anywhere(session, word):
            nearest = spelling.nearest(word.text, known.frequencies, known.terms, sure=sure)
        corrected.append(Asked(nearest) if nearest else word)
    return tuple(corrected) if corrected != list(query_words) else ()


def _is_anywhere(session: Session, word: Asked) -> bool:
    forms = [form for writing in word.writings for form in _beginning(writing, word)]
    return bool(word_index.product_ids(session, [forms], limit=1))


def _offered(session: Session, lexicon: _Lexicon, query_words: Sequence[Asked]) -> tuple[str, ...]:
    """Searches near this one that find something: with a guess at mistyped words, and of each word alone."""
    guessed = _corrected(session, lexicon, query_words, sure=False)
    searches = [guessed] if guessed else []
    if len(query_words) > 1:
        searches += [(word,) for word in guessed or query_words]
    return tuple(_shown(words) for words in searches if _with_words(session, lexicon, words, 1))


def _shown(query_words: Iterable[Asked]) -> str:
    return " ".join(word.text for word in query_words)


def _has_amount(query_words: Sequence[Asked]) -> bool:
    return any(word.is_amount for word in query_words)


def _with_code(
    session: Session, text: str, query_words: Sequence[Asked], most: int
) -> tuple[list[int], bool]:
    """The products with this SKU or barcode, or one that begins so; and whether nothing else can be meant."""
    if not looks_like_code(text):
        return [], False
    has_digit = any(char.isdecimal() for char in text)
    if ids := word_index.product_ids(session, [word_index.code_forms(text)], ["codes"], most):
        return ids, has_digit and not _has_amount(query_words)
    if _has_amount(query_words):
        return [], False
    return _begun_code(session, text, most), has_digit and len(text.split()) == 1


def _begun_code(session: Session, text: str, most: int) -> list[int]:
    """The products with a code that begins so, then those with such a word in title or attributes."""
    code = squashed(text)
    if len(code) < 3 or texts.is_run(code):
        return []
    look = partial(word_index.product_ids, session)
    begun = look([[code + "*"]], ["codes"], most)
    written = look([[code + "*", PAIR + code, *texts.apart(code)]], COLUMNS[:3], most)
    return list(dict.fromkeys([*begun, *written]))


def _with_words(session: Session, lexicon: _Lexicon, words: Sequence[Asked], most: int) -> list[int]:
    """Matches in titles first, then in codes and attributes, then in descriptions; each by popularity.

    What other words stand for is found after titles and attributes with the words themselves.
    """
    groups = [lexicon.forms(word) for word in words]
    # What titles and attributes don't have isn't looked for there: common words of descriptions are slow.
    short = [lexicon.forms_in_short(word) for word in words]
    others = [lexicon.others(word) for word in words]
    look = partial(word_index.product_ids, session)
    ids: dict[int, None] = dict.fromkeys(_ranked_by_title(session, look(short, COLUMNS[:1], most), words))
    if len(ids) < most:
        ids.update(dict.fromkeys(look(short, COLUMNS[:3], most)))
    if any(others) and len(ids) < most:
        # Not in descriptions, which may name the words of a synonym by the way.
        wider = [[*group, *more] for group, more in zip(short, others, strict=True)]
        ids.update(dict.fromkeys(look(wider, COLUMNS[:1], most)))
        ids.update(dict.fromkeys(look(wider, COLUMNS[:3], most)))
    if len(ids) < most:
        ids.update(dict.fromkeys(look(groups, COLUMNS, most)))
    if not ids and not any(others):
        # Last, because long prefixes that many descriptions have are slow.
        begun = [[form for writing in word.writings for form in _beginning(writing, word)] for word in words]
        ids.update(dict.fromkeys(look(begun, COLUMNS, most)))
    return list(ids)[:most]


_titles = select(col(ListingItem.product_id), col(ListingItem.title), col(ListingItem.sold_count)).where(
    col(ListingItem.product_id).in_(bindparam("ids", expanding=True))
)


def _ranked_by_title(session: Session, ids: list[int], query_words: Sequence[Asked]) -> list[int]:
    """The same list, its first products ranked by how much of the title was typed, then by units sold."""
    front = ids[:RANKED]
    if len(front) < 2:
        return ids
    typed = "".join(word.text for word in query_words)
    scores = {}
    for product_id, title, sold_count in session.connection().execute(_titles, {"ids": front}).all():
        whole_title, writings = texts.whole_and_writings(title)
        whole = sum(not writings.isdisjoint(word.writings) for word in query_words)
        scores[product_id] = (-(whole_title == typed), -whole, -whole_title.startswith(typed), -sold_count)
    return sorted(front, key=lambda key: (*scores.get(key, (1, 0, 0, 0)), key)) + ids[RANKED:]
