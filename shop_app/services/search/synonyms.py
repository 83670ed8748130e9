"""Synonyms: words that shoppers type, and the words of the catalogue that they mean by them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlmodel import Session, col

from ...core.errors import Invalid
from ...core.i18n import _
from ...models import Synonym
from ..staff import audit
from . import listing_index
from . import words as texts
from .index_cache import IndexCache

_BEGINNING = 3
"""Letters from which on the beginning of a word is taken for it."""
_all = select(col(Synonym.word), col(Synonym.meaning)).order_by(col(Synonym.word), col(Synonym.meaning))


@dataclass(frozen=True, slots=True)
class Synonyms:
    """What each word means beside itself."""

    meanings: dict[str, list[str]]
    words: list[str]

    def of(self, word: str) -> list[str]:
        """What a word means, or the first word that begins so; [] where there is none."""
        if word in self.meanings:
            return self.meanings[word]
        place = bisect_left(self.words, word)
        begun = len(word) >= _BEGINNING and place < len(self.words) and self.words[place].startswith(word)
        return self.meanings[self.words[place]] if begun else []


def _read(session: Session) -> Synonyms:
    meanings: dict[str, list[str]] = defaultdict(list)
    for word, meaning in session.connection().execute(_all):
        meanings[word].append(meaning)
    return Synonyms(dict(meanings), sorted(meanings))


synonyms = IndexCache(_read)


def pairs(session: Session) -> list[tuple[str, str]]:
    """All of them as (word, meaning), in the order of the alphabet."""
    return [(word, meaning) for word, meaning in session.connection().execute(_all)]


def add(session: Session, word: str, meaning: str, *, actor: str) -> bool:
    """Let a search for `word` also find what has `meaning`; False where it does already.

    Errors  Invalid where either isn't one word, or both are the same.
    """
    pair = (_one_word(word), _one_word(meaning))
    if pair[0] == pair[1]:
        raise Invalid(_("A word is no synonym of itself."))
    if pair in pairs(session):
        return False
    session.connection().execute(insert(Synonym).values(word=pair[0], meaning=pair[1]))
    audit.record(session, actor, "synonym.add", "synonym", pair[0], after={"meaning": pair[1]})
    listing_index.changes(session)
    return True


def remove(session: Session, word: str, meaning: str, *, actor: str) -> bool:
    """Take a synonym away; False where there is none.

    Errors  Invalid where either isn't one word.
    """
    pair = (_one_word(word), _one_word(meaning))
    statement = delete(Synonym).where(col(Synonym.word) == pair[0], col(Synonym.meaning) == pair[1])
    if not session.connection().execute(statement).rowcount:
        return False
    audit.record(session, actor, "synonym.remove", "synonym", pair[0], before={"meaning": pair[1]})
    listing_index.changes(session)
    return True


def _one_word(text: str) -> str:
    words = texts.of(text)
    if len(words) != 1:
        raise Invalid(_("Enter one word."))
    return words[0]
