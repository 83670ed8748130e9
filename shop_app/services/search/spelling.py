"""Spelling: other forms of a word, and the word of the vocabulary that a mistyped one was meant to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from . import words


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


_HEAD = 4
"""Letters from which on a word is looked for at the end of compounds."""
_MODIFIER = 3
"""Letters that stand before it at least."""
_INFLECTIONS = ("", "n", "en", "e", "s", "es", "er")
_NEGATIONS = {"non", "dis", "mis", "anti"}
_ENDINGS = {"able", "table", "king", "ling", "ting", "wing", "sing", "less", "lace", "port", "late", "some"}
"""Words that end as many others do that are no compounds of them: portable, necklace, chocolate."""
_VOWELS = "aeiou"
MAX_COMPOUNDS = 50


def compounds(word: str, counts: Mapping[str, int], ending: Callable[[str], list[str]]) -> list[str]:
    """The compounds that end with a word, commonest first: Tischlampe for lampe, with its inflected forms.

    `ending` gives the terms that end so. What stands before the word has at least three letters; it has to
    be a word of the catalogue itself where other words end the same way (table in portable, ring in
    flowering), and no known word may begin one or two letters earlier (hair in armchair).
    """
    if len(word) < _HEAD or not word.isalpha() or words.is_run(word):
        return []
    whole = {
        term: counts[term]
        for inflection in _INFLECTIONS
        for term in ending(word + inflection)
        if _is_head(len(word) + len(inflection), word, term, counts)
    }
    return sorted(whole, key=lambda term: (-whole[term], term))[:MAX_COMPOUNDS]


def _is_head(length: int, word: str, term: str, counts: Mapping[str, int]) -> bool:
    modifier = term[:-length]
    if len(modifier) < _MODIFIER or not modifier.isalpha() or modifier in _NEGATIONS:
        return False
    if term[-length - 1 :] in counts or term[-length - 2 :] in counts:
        return False
    looks_alike = word in _ENDINGS or (word == "ring" and modifier[-1] in _VOWELS)
    return not looks_alike or modifier in counts


def nearest(word: str, counts: Mapping[str, int], terms: Sequence[str], *, sure: bool = True) -> str:
    """The term that `word` is a mistyped form of: itself where it is one, "" where none is near enough.

    Units   `counts` maps each term to how many products have it: of equally near ones the commoner wins.
    Source  optimal string alignment: a swap of neighbours counts as one mistake. One mistake is
            forgiven in words of 3 to 5 letters, two from 6 letters on, none where there is a digit or
            where the script is cut into runs.

    Another letter makes another word easily ("sofa" and "soda"), the more so in a short one. So where it
    has to be `sure`, a term that differs in one, or in two mistakes and the first letter, has to be one
    that several products have.
    """
    if word in counts:
        return word
    if len(word) < 3 or words.is_run(word) or any(letter.isdecimal() for letter in word):
        return ""
    allowed = 1 if len(word) < 6 else 2
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
