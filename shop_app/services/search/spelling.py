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


def is_code(text: str) -> bool:
    """Whether a search looks like a SKU or a barcode.

    >>> is_code("FH-DNM-MOS"), is_code("moss mug")
    (True, False)
    """
    return any(char.isdigit() or char == "-" for char in text)


def numbers_of(word: str) -> list[str]:
    """The singulars that an English plural may have, or the plural of a singular.

    >>> numbers_of("dishes"), numbers_of("knives"), numbers_of("berries"), numbers_of("glass")
    (['dish', 'dishe'], ['knif', 'knife', 'knive'], ['berry', 'berrie'], ['glasses'])
    """
    if len(word) < 3 or not word.isalpha():
        return []
    if not word.endswith("s") or word.endswith("ss"):
        return [word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s")]
    singulars = [
        word.removesuffix(plural) + ending
        for plural, endings in _PLURALS.items()
        if word.endswith(plural) and len(word) > len(plural) + 1
        for ending in endings
    ]
    return [*singulars, word[:-1]]


_PLURALS = {
    "ies": ("y",),
    "ves": ("f", "fe"),
    "ses": ("s",),
    "xes": ("x",),
    "zes": ("z",),
    "ches": ("ch",),
    "shes": ("sh",),
}


def nearest(word: str, counts: Mapping[str, int], terms: Sequence[str], *, sure: bool = True) -> str:
    """The term that `word` is a mistyped form of: itself where it is one, "" where none is near enough.

    Units   `counts` maps each term to how many products have it: of equally near ones the commoner wins.
    Source  optimal string alignment: a swap of neighbours counts as one mistake. One mistake is
            forgiven in words of 3 to 5 letters, two from 6 letters on, none in numbers.

    Another letter makes another word easily ("sofa" and "soda"), the more so in a short one. So where it
    has to be `sure`, a term that differs in one, or in two mistakes and the first letter, has to be one
    that several products have.
    """
    if word in counts:
        return word
    allowed = 0 if len(word) < 3 or word.isdigit() else 1 if len(word) < 6 else 2
    if not allowed:
        return ""
    candidates = process.extract(word, terms, scorer=OSA.distance, score_cutoff=allowed, limit=40)
    likely = [
        hit for hit in candidates if not sure or counts[hit[0]] >= _COMMON or _is_slip(word, hit[0], hit[1])
    ]
    if not likely:
        return ""
    return min(likely, key=lambda hit: (hit[1], hit[0][0] != word[0], -counts[hit[0]], hit[0]))[0]


_COMMON = 3
"""Products that a term needs for being what was meant by a word that may be another one."""


def _is_slip(word: str, term: str, distance: float) -> bool:
    """Whether it may be a slip: letters swapped, missing or doubled, or one wrong in a long word."""
    if word[0] != term[0] and distance > 1:
        return False
    same_letters = sorted(word) == sorted(term) or len(word) != len(term)
    return same_letters or len(word) > 5
