"""Spelling: text as normalised words, and the nearest word of the vocabulary to a mistyped one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

MAX_TEXT = 200
"""Characters of a search that are looked at; the rest is cut."""
MAX_WORDS = 8
MAX_WORD = 48

# Letters that Unicode doesn't take apart into a base and an accent.
_UNDIVIDED = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_WORD = re.compile(r"[^\W_]+")


def normalise(text: str) -> str:
    """Lower case without accents.

    >>> normalise("Crème BRÛLÉE, Smørrebrød, Straße")
    'creme brulee, smorrebrod, strasse'
    """
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c)).translate(_UNDIVIDED)


def words(text: str) -> list[str]:
    """The normalised words of a text: letters and digits only, so that none is an operator of a query."""
    return [word[:MAX_WORD] for word in _WORD.findall(normalise(text))]


@lru_cache(maxsize=2048)
def query_words(text: str) -> tuple[str, ...]:
    """The words of a search text, at most 8, from its first 200 characters.

    >>> query_words('"Speckled" OR mug*')
    ('speckled', 'or', 'mug')
    """
    return tuple(dict.fromkeys(words(text[:MAX_TEXT])))[:MAX_WORDS]


def squashed(text: str) -> str:
    """A code without separators, so that fh-dnm-mos, "FH DNM MOS" and fhdnmmos are one.

    >>> squashed("FH-DNM-MOS")
    'fhdnmmos'
    """
    return "".join(words(text[:MAX_TEXT]))[:MAX_WORD]


def nearest(word: str, counts: Mapping[str, int], terms: Sequence[str]) -> str:
    """The term nearest to `word`: itself where it is one, "" where none is near enough.

    Units   `counts` maps each term to how many products have it: of equally near ones the commoner wins.
    Source  optimal string alignment: a swap of neighbours counts as one mistake. One mistake is
            forgiven in words of 3 to 5 letters, two from 6 letters on, none in numbers.
    """
    if word in counts:
        return word
    allowed = 0 if len(word) < 3 or word.isdigit() else 1 if len(word) < 6 else 2
    if not allowed:
        return ""
    candidates = process.extract(word, terms, scorer=OSA.distance, score_cutoff=allowed, limit=40)
    if not candidates:
        return ""
    return min(candidates, key=lambda hit: (hit[1], hit[0][0] != word[0], -counts[hit[0]], hit[0]))[0]
