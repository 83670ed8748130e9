"""Folding: texts of every script as they are compared, without what people leave out when they type.

- Compatibility forms are one (NFKC), upper and lower case too; invisible signs count for nothing.
- Latin and Greek lose their accents; ä, ö, ü, ø and å can be spelt out too (ae, oe, ue, aa).
- Hebrew and Arabic lose vowel points; forms of alef, of yeh and of kaf that sound the same are one.
- Kana keep their voicing marks, Indic and South East Asian scripts their vowel signs, Cyrillic its й; ё is е.
- Hiragana and katakana are one; digits of every script are one.
"""

from __future__ import annotations

import re
import unicodedata

MAX_TEXT = 200
"""Characters of a search that are looked at; the rest is cut."""

_BARE = {"LATIN", "GREEK", "ARABIC", "HEBREW"}
"""Scripts whose letters are compared without their marks."""
_OPTIONAL_MARKS = {"COMBINING", "HEBREW", "ARABIC", "SYRIAC"}
_VOICING = "\u3099\u309a"
_IGNORED = "\u034f\u115f\u1160\u3164\u17b4\u17b5\u180b\u180c\u180d\u180f\u0640"
"""Signs that are no format characters for Unicode, and yet invisible; and the Arabic tatweel."""
_SAME = {
    **dict(zip("øłđðıħŧØŁĐÐĦŦ", "olddihtOLDDHT", strict=True)),
    **{"æ": "ae", "œ": "oe", "þ": "th", "Æ": "AE", "Œ": "OE", "Þ": "TH"},
    **dict(zip("ёѐѝЁЀЍ", "ееиЕЕИ", strict=True)),
    # Arabic, Persian and Urdu keyboards: yeh, kaf, heh, teh marbuta, alef wasla.
    **dict(zip("یىکہەةٱ", "ييكههها", strict=True)),
    # Devanagari: chandrabindu is written as anusvara.
    "\u0901": "\u0902",
    # Signs between the parts of a word, of a number or of a measure, in their ASCII form.
    **dict.fromkeys("‘’ʼʹʻ‛′׳·", "'"),
    **dict.fromkeys("“”„‟״", '"'),
    **dict.fromkeys("×✕✖⨯", "*"),
    **dict.fromkeys("⁄∕", "/"),
    **{"−": "-", "٫": ".", "٬": ","},
}
_BEFORE = str.maketrans({"™": " ", "℠": " ", "\u309b": "\u3099", "\u309c": "\u309a", "´": "'"})
_MIXED = re.compile(r"(?<=\d)(?=[¼-¾⅐-⅞])")
_NUKTA = re.compile(r"(?<=[कखगजफ])\u093c")
"""The dot below that Hindi's loan words have, and most people leave out."""
UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"}
    | {"Ä": "AE", "Ö": "OE", "Ü": "UE", "Ø": "OE", "Å": "AA"}
)


class _Folds(dict[int, str]):
    """What each sign becomes: itself or its like, a space or nothing."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        self[code] = _SAME.get(sign) or _folded_sign(sign)
        return self[code]


def _folded_sign(sign: str) -> str:
    if sign.isascii():
        return sign if sign.isprintable() else " "
    kind, name = unicodedata.category(sign), unicodedata.name(sign, "")
    script = name.split(" ", 1)[0]
    if kind == "Cf" or sign in _IGNORED or name.startswith("VARIATION SELECTOR"):
        return ""
    if kind == "Nd":
        return str(unicodedata.decimal(sign))
    if kind == "Pd":
        return "-"
    if kind[0] == "M":
        return "" if script in _OPTIONAL_MARKS and sign not in _VOICING else sign
    if kind[0] not in "LN":
        return " "
    if script == "HIRAGANA" and sign <= "ゞ":
        return chr(ord(sign) + ord("ア") - ord("あ"))
    if script in _BARE:
        apart = unicodedata.normalize("NFD", sign)
        return "".join(_SAME.get(part, part) for part in apart if not unicodedata.combining(part))
    return sign


_folds = _Folds()


def composed(text: str) -> str:
    """The text in one form of each sign, before its letters lose their marks."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _MIXED.sub(" ", text.translate(_BEFORE)))


def folded(text: str) -> str:
    """Letters, digits and marks as they are compared, upper case kept; all else is ASCII signs and spaces."""
    if text.isascii():
        return text
    letters = text.translate(_folds)
    return _NUKTA.sub("", letters) if "\u093c" in letters else letters


_SIGNS = re.compile(r"[\x00-/:-@\[-`{-\x7f]+")


def squashed(text: str) -> str:
    """A text without separators, so that fh-dnm-mos, "FH DNM MOS" and fhdnmmos are one.

    >>> squashed("FH-DNM-MOS"), squashed("Crème brûlée"), squashed("ﾏｸﾞ・まぐ")
    ('fhdnmmos', 'cremebrulee', 'マグマグ')
    """
    return _SIGNS.sub("", folded(composed(text[:MAX_TEXT])).casefold())[:MAX_TEXT]


def looks_like_code(text: str) -> bool:
    """Whether a search may be for a SKU or a barcode.

    >>> looks_like_code("FH-DNM-MOS"), looks_like_code("moss mug")
    (True, False)
    """
    return "-" in text or any(char.isdecimal() for char in text)
