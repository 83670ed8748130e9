"""Typed text as the shop keeps and compares it: two spellings that look the same are one text.

Text comes in from keyboards, phones, spreadsheets and copied pages, with signs that nobody sees (Unicode's
Default_Ignorable_Code_Point) and several code points for one letter. `prose` is for what people read, `code`
for what has to match: postcodes, phones, codes, numbers. Folding twice changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import idna

_UNSEEN = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffc\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
"""Signs without a look of their own, halves of surrogate pairs, and code points that are no characters."""
_REGION_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
"""A black flag whose invisible tags make it the flag of England, Scotland, Wales or another region."""
_UNSEEN_BUT_FLAGS = re.compile(f"({_REGION_FLAG})|{_UNSEEN}")
_JOINER = re.compile("[\u200c\u200d]")
_JOINERS = re.compile("([\u200c\u200d])[\u200c\u200d]+")
_SELECTOR = re.compile("[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Signs that choose how the one before them looks: as an emoji, as another form of an ideograph."""
_BESIDE = re.compile(f"{_JOINER.pattern}|{_SELECTOR.pattern}")
_UNSEEN_OR_BESIDE = re.compile(f"{_UNSEEN}|{_BESIDE.pattern}")

_CONTROL = re.compile(r"(?!\s)[\x00-\x1f\x7f-\x9f]")
_BREAK = re.compile("\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_BLANKS = re.compile("[\\s\u2800]+")
_BLANKS_OF_A_LINE = re.compile("(?:(?!\n)[\\s\u2800])+")

_NON_JOINER, _ZERO_WIDTH_JOINER = "\u200c\u200d"
_VIRAMA = 9
"""The combining class of the signs that make one conjunct of two letters in the scripts of India."""
_CONTEXT = 8
"""So many signs around a joiner decide whether the script has a use for it: a letter and its marks."""
MOST_MARKS = 30
"""Marks on one letter, as in UAX #15's Stream-Safe Text Format: to put more of them in order takes long."""
_STRAIGHT = str.maketrans(dict.fromkeys("‘’‚‛ʹʼ′´`", "'") | dict.fromkeys("“”„‟″", '"') | {"⁄": "/"})
_DASHES = "\u02d7\u2043\u2212"
"""Those that Unicode doesn't count among the dashes (Pd)."""
_LONG_VOWEL_AS_DASH = re.compile("(?<=[0-9])ー(?=[0-9])")


def prose(text: str, *, lines: bool = False) -> str:
    """Text for people: NFC, without controls and invisible signs, its spaces single and none around it.

    What belongs to a word or an emoji stays: joiners where the script has a use for them (RFC 5892, A.1 and
    A.2), variation selectors behind what can vary. With `lines`, line breaks stay too, as "\\n".

    >>> prose("  Ada\\u00a0 Love\\u00adlace\\n"), len(prose("علی\\u200cرضا")), prose("a\\u200cb")
    ('Ada Lovelace', 7, 'ab')
    """
    text = _JOINERS.sub(r"\1", _CONTROL.sub("", _UNSEEN_BUT_FLAGS.sub(r"\1", text)))
    text = unicodedata.normalize("NFC", _with_few_marks(text))
    if _BESIDE.search(text):
        text = unicodedata.normalize("NFC", _without_stray(text))
    if not lines:
        return _BLANKS.sub(" ", text).strip()
    text = _BLANKS_OF_A_LINE.sub(" ", _BREAK.sub("\n", text))
    return "\n".join(line.strip() for line in text.split("\n")).strip()


def code(text: str) -> str:
    """Text that has to match: NFKC, digits of every script as 0 to 9, dashes as "-", quotes straight.

    Nothing invisible stays in it, and its spaces are single. Its case stays as it is.

    >>> code("１００－０００１"), code("٠٩٩٩٩"), code("A\\u200d\\u2011b")
    ('100-0001', '09999', 'A-b')
    """
    text = _with_few_marks(_CONTROL.sub("", _UNSEEN_OR_BESIDE.sub("", text))).translate(_STRAIGHT)
    text = "".join(_plain(sign) for sign in unicodedata.normalize("NFKC", text).translate(_STRAIGHT))
    return _BLANKS.sub(" ", _LONG_VOWEL_AS_DASH.sub("-", text)).strip()


def _plain(sign: str) -> str:
    if sign.isascii():
        return sign
    digit = unicodedata.decimal(sign, None)
    if digit is not None:
        return str(digit)
    return "-" if sign in _DASHES or unicodedata.category(sign) == "Pd" else sign


def _with_few_marks(text: str) -> str:
    """The text without the marks above `MOST_MARKS` in a row."""
    if text.isascii():
        return text
    kept, marks = [], 0
    for sign in text:
        marks = marks + 1 if unicodedata.combining(sign) else 0
        if marks <= MOST_MARKS:
            kept.append(sign)
    return "".join(kept)


def _without_stray(text: str) -> str:
    """The text without the joiners and selectors that do nothing where they are."""
    kept = ""
    for at, sign in enumerate(text):
        if _JOINER.match(sign):
            keeps = _joins(kept[-_CONTEXT:], sign, text[at + 1 : at + 1 + _CONTEXT])
        else:
            keeps = not _SELECTOR.match(sign) or _varies(kept[-1:])
        kept += sign if keeps else ""
    return kept


def _joins(before: str, joiner: str, after: str) -> bool:
    """Whether a joiner changes how what is around it is written."""
    if not before or not after:
        return False
    if _VIRAMA in (unicodedata.combining(before[-1]), unicodedata.combining(after[0])):
        return True
    if joiner == _ZERO_WIDTH_JOINER:
        return _is_pictorial(before[-1]) and _is_pictorial(after[0])
    # Marks don't come between two letters.
    left, right = _first_but_marks(reversed(before)), _first_but_marks(after)
    return _connects(left, before=True) and _connects(right, before=False)


def _first_but_marks(signs: Iterable[str]) -> str:
    return next((sign for sign in signs if unicodedata.category(sign) not in ("Mn", "Me")), "")


@lru_cache(maxsize=4096)
def _connects(letter: str, *, before: bool) -> bool:
    """Whether a letter is written in one with the next one, or with the one before it, as Arabic's are."""
    text = f"{letter}{_NON_JOINER}ب" if before else f"ب{_NON_JOINER}{letter}"
    try:
        return idna.core.valid_contextj(text, 1)
    except ValueError:
        return False


def _is_pictorial(sign: str) -> bool:
    """Whether it is, or ends, an emoji; unassigned ones above U+1F000 are emoji of a newer Unicode."""
    kind = unicodedata.category(sign)
    return kind in ("So", "Sm", "Sk") or sign == "\ufe0f" or (kind == "Cn" and sign >= "\U0001f000")


def _varies(sign: str) -> bool:
    """Whether a variation selector may stand behind it: emoji, digits, ideographs, no letter with case."""
    if not sign or _BLANKS.match(sign) or _BESIDE.match(sign):
        return False
    return not (unicodedata.category(sign)[0] == "L" and sign.upper() != sign.lower())
