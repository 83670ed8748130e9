"""Words: texts cut into the terms by which the word index finds them, as products and as searches have them.

Scripts without spaces, and Korean, whose words carry endings, are cut into runs. Each sign of a run begins a
term of up to three signs, so that every part of a run is found: one or two signs as the beginning of a term,
three as a term, more by all their terms of three.

Amounts have one writing: 50cm for 50 CM, 1.5l for 1,5 l, 10x20cm for 10 × 20 cm. What is written together,
apart or with a sign between (AirPods, air-pods, air pods) is found in all three ways: by its parts, joined,
and by neighbours joined, with `PAIR` before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, combinations, pairwise, product

from .folding import MAX_TEXT, UMLAUTS, composed, folded

MAX_WORDS = 8
MAX_WORD = 48
GRAM = 3
"""Signs of a term that is cut from a run."""
MAX_GRAMS = 16
"""Terms by which a long run is searched for."""
PAIR = "+"
"""What a term begins with that joins two neighbours: no word of its own."""

_UNSPACED = (
    ("\u0e00", "\u0eff"),  # Thai, Lao
    ("\u1000", "\u109f"),  # Myanmar
    ("\u1100", "\u11ff"),  # Hangul's letters
    ("\u1780", "\u17ff"),  # Khmer
    ("\u1950", "\u19ff"),  # Tai Le, New Tai Lue, Khmer symbols
    ("\u1a20", "\u1aaf"),  # Tai Tham
    ("\u3005", "\u3007"),  # ideographic repetition and zero
    ("\u3021", "\u3029"),  # Hangzhou numerals
    ("\u3031", "\u303c"),  # kana repetition
    ("\u3040", "\u318f"),  # kana, Bopomofo, Hangul's letters
    ("\u31a0", "\u31ff"),  # Bopomofo and kana, extended
    ("\u3400", "\u4dbf"),  # Han
    ("\u4e00", "\ua4cf"),  # Han, Yi
    ("\ua960", "\ua97f"),  # Hangul's letters
    ("\ua9e0", "\ua9ff"),  # Myanmar
    ("\uaa60", "\uaadf"),  # Myanmar, Tai Viet
    ("\uac00", "\ud7ff"),  # Hangul
    ("\uf900", "\ufaff"),  # Han
    ("\U0001aff0", "\U0001b16f"),  # kana
    ("\U00020000", "\U0003ffff"),  # Han
)
"""The scripts that are cut into runs, as the first and last sign of their blocks."""


def _between() -> str:
    """The ranges of a character class that lie between those blocks, from the first sign after ASCII on."""
    ends = ["\x7f", *(last for _first, last in _UNSPACED)]
    starts = [ord(first) for first, _last in _UNSPACED]
    return "".join(
        f"{chr(ord(end) + 1)}-{chr(start - 1)}"
        for end, start in zip(ends, [*starts, 0x110000], strict=True)
        if ord(end) + 1 < start
    )


_UNITS = {
    "mm": "millimeter millimetre millimeters millimetres мм",
    "cm": "centimeter centimetre centimeters centimetres zentimeter см",
    "dm": "",
    "m": "meter metre meters metres м",
    "km": "",
    "in": "inch inches zoll",
    "ft": "foot feet",
    "yd": "yard yards",
    "m2": "qm sqm",
    "mg": "мг",
    "g": "gram grams gramm gramme г гр",
    "kg": "kilo kilogram kilograms kilogramm кг",
    "lb": "lbs pound pounds",
    "oz": "ounce ounces",
    "ml": "milliliter millilitre milliliters millilitres мл",
    "cl": "",
    "dl": "",
    "l": "liter litre liters litres л",
    "w": "watt watts вт",
    "kw": "",
    "v": "volt volts",
    "mah": "",
    "wh": "",
    "kwh": "",
    "hz": "hertz",
    "mb": "",
    "gb": "гб",
    "tb": "тб",
    "px": "pixel pixels",
    "lm": "lumen",
    "ct": "carat karat",
}
"""Units as terms have them, and other names of them."""
_UNIT_OF = {name: unit for unit, names in _UNITS.items() for name in (unit, *names.split())} | {
    '"': "in",
    "''": "in",
}
_AFTER_A_SPACE = sorted((name for name in _UNIT_OF if name.isalnum() and name != "in"), key=len, reverse=True)
"""Not `in`, which is another word more often ("3 in 1")."""

_RUN_SIGN = "[" + "".join(f"{first}-{last}" for first, last in _UNSPACED) + "]"
_LETTER = f"[0-9A-Za-z{_between()}]"
_NUMBER = r"\d+(?:[.,/]\d+)?"
_UNIT = rf"(?i:[ -]?(?:{'|'.join(_AFTER_A_SPACE)})(?!{_LETTER})|in(?!{_LETTER})|\"|'')"
_ALONE = rf"{_NUMBER}(?:{_UNIT}|(?= ?[xX*] ?\d)|(?![-'./&_+]?{_LETTER}))"
_AMOUNT = re.compile(rf"({_NUMBER})({_UNIT}?)")
_QUOTED = re.compile(r'(?<![^\s(])"(?=\S)([^"]*)"')
_DIGITS = re.compile(r"\d+")
_MAX_NUMBER = 40
"""Characters of a number; the rest is cut, so that there is room for its unit."""
_JOINT = re.compile(r"(?<!\d)[-'./&_+]|[-'./&_+](?!\d)")
_PIECE = re.compile(
    # An amount or sizes, such as 50 cm, 3/4", 10 x 20 cm; a number alone is one too. Not the 3 of 3-in-1.
    rf"(?P<amount>{_ALONE}(?: ?[xX*] ?{_ALONE}){{0,3}})"
    rf"|(?P<run>{_RUN_SIGN}+)"
    # Letters and digits, with signs between them; but a sign between digits parts them, save in USB3.0.
    rf"|{_LETTER}+(?:[-'./&_+](?:(?<!\d.)|(?!\d))(?!\d+[./,]\d){_LETTER}+)*(?:(?<=\d)\.\d+(?!{_LETTER}))?"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A word as it is written, and the other ways to write it."""

    parts: tuple[tuple[str, ...], ...]
    """Its words one after another, each in its spellings: (("t",), ("shirt",)), (("muller", "mueller"),)."""
    joined: tuple[str, ...] = ()
    """All of it as one word, in its spellings."""
    within: tuple[str, ...] = ()
    """What it is found by as well, such as the number of an amount."""
    is_amount: bool = False


def pieces(text: str) -> list[Piece]:
    """The words of a text as they are written."""
    whole = composed(text)
    plain = _cut(folded(whole))
    spelt_out = whole.translate(UMLAUTS)
    if spelt_out == whole:
        return plain
    others = _cut(folded(spelt_out))
    if len(others) != len(plain):
        return plain
    return [
        piece if piece == other else _both(piece, other) for piece, other in zip(plain, others, strict=True)
    ]


def _both(piece: Piece, other: Piece) -> Piece:
    if len(piece.parts) != len(other.parts):
        # An odd mix of capitals, such as 9Öß, which is cut at other places: all of it as one word stays.
        whole = "".join(part[0] for part in other.parts)
        return replace(piece, joined=tuple(dict.fromkeys((*piece.joined, whole))))
    parts = tuple(tuple(dict.fromkeys(one + two)) for one, two in zip(piece.parts, other.parts, strict=True))
    return Piece(parts, tuple(dict.fromkeys(piece.joined + other.joined)))


def _cut(text: str) -> list[Piece]:
    text = _QUOTED.sub(r" \1 ", text) if '"' in text else text
    return [
        _amount(match[0]) if match["amount"] else _run(match[0]) if match["run"] else _word(match[0])
        for match in _PIECE.finditer(text)
    ]


def _run(text: str) -> Piece:
    return Piece(((text,),))


@lru_cache(maxsize=65536)
def _word(written: str) -> Piece:
    parts = [part.casefold()[:MAX_WORD] for joint in _JOINT.split(written) for part in _humps(joint)]
    joined = "".join(parts)
    alone = len(parts) == 1 or len(joined) > MAX_WORD
    return Piece(tuple((part,) for part in parts), () if alone else (joined,))


def _humps(word: str) -> list[str]:
    """The parts of a word like AirPods or iPhone15Pro.

    >>> _humps("AirPods"), _humps("DVDs"), _humps("iPhone15Pro"), _humps("5GHz")
    (['Air', 'Pods'], ['DVDs'], ['i', 'Phone15', 'Pro'], ['5GHz'])
    """
    if word[1:].islower() or word.isupper() or word.isdecimal():
        return [word]
    starts = [place for place in range(1, len(word)) if _is_hump(word, place)]
    return [word[start:end] for start, end in pairwise([0, *starts, len(word)])]


def _is_hump(word: str, place: int) -> bool:
    before, letter, after = word[place - 1], word[place], word[place + 1 : place + 2]
    return letter.isupper() and (before.islower() or (before.isdecimal() and after.islower()))


@lru_cache(maxsize=65536)
def _amount(written: str) -> Piece:
    amounts = [
        (_numbers(number[:_MAX_NUMBER]), _UNIT_OF[unit.strip(" -").casefold()] if unit else "")
        for number, unit in _AMOUNT.findall(written)
    ]
    if len(amounts) > 1:
        return _sizes([(_without_zeros(numbers[0]), unit) for numbers, unit in amounts])
    [(numbers, unit)] = amounts
    digits = _DIGITS.findall(numbers[-1]) if len(numbers) == 1 else []
    if not unit:
        return Piece((numbers,), within=tuple(digits) if len(digits) > 1 else ())
    spellings = tuple(_without_zeros(number) + unit for number in numbers)
    return Piece((spellings,), within=(*numbers, *digits, unit), is_amount=True)


def _sizes(sides: list[tuple[str, str]]) -> Piece:
    """Lengths of several sides: 10 x 20 cm is 10 cm x 20 cm. Some of the sides are found as well."""
    units = {unit for _number, unit in sides if unit}

    def written(some: list[tuple[str, str]], *, bare: bool = False) -> str:
        each = [number if bare or len(units) == 1 else number + unit for number, unit in some]
        return ("x".join(each) + ("" if bare or len(units) > 1 else "".join(units)))[:MAX_WORD]

    slices = [sides[start:end] for start, end in combinations(range(len(sides) + 1), 2)]
    within = [written(some, bare=bare) for some in slices for bare in (True, False)]
    return Piece(((written(sides),),), within=("x", *units, *within), is_amount=bool(units))


def _numbers(written: str) -> tuple[str, ...]:
    """A number with a point; both readings of one whose separator may part thousands.

    >>> _numbers("1,5"), _numbers("1.000"), _numbers("3/4")
    (('1.5',), ('1000', '1.000'), ('3/4',))
    """
    point = written.replace(",", ".")
    whole, _point, rest = point.partition(".")
    return (whole + rest, point) if len(rest) == 3 and 0 < len(whole) < 4 else (point,)


def _without_zeros(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number


# --- What is searched and what is found ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """One word of a search."""

    text: str
    others: tuple[str, ...] = ()
    """Other spellings, and what it is a part of, joined."""
    is_amount: bool = False

    @property
    def writings(self) -> tuple[str, ...]:
        return (self.text, *self.others)


@lru_cache(maxsize=2048)
def asked(text: str) -> tuple[Asked, ...]:
    """The words of a search text, at most 8, from its first 200 characters.

    >>> [word.text for word in asked('"Speckled" OR mug*')]
    ['speckled', 'or', 'mug']
    >>> asked("50 cm T-Shirt")[:2]
    (Asked(text='50cm', others=(), is_amount=True), Asked(text='t', others=('tshirt',), is_amount=False))
    """
    found: dict[str, Asked] = {}
    for piece in pieces(text[:MAX_TEXT]):
        for first, *others in piece.parts:
            found.setdefault(first, Asked(first, (*others, *piece.joined), piece.is_amount))
    return tuple(found.values())[:MAX_WORDS]


def of(text: str) -> list[str]:
    """The words of a text in one spelling: letters and digits of any script.

    >>> of("Crème BRÛLÉE, Smørrebrød, Straße"), of("½ l ﾏｸﾞ")
    (['creme', 'brulee', 'smorrebrod', 'strasse'], ['1/2l', 'マグ'])
    """
    return [part[0] for piece in pieces(text) for part in piece.parts]


@lru_cache(maxsize=16384)
def whole_and_writings(title: str) -> tuple[str, frozenset[str]]:
    """A title's words without spaces, and all writings of its words.

    >>> whole_and_writings("T-Shirt rot")[0], sorted(whole_and_writings("T-Shirt rot")[1])
    ('tshirtrot', ['rot', 'shirt', 't', 'tshirt'])
    """
    cut = pieces(title)
    parts = [part for piece in cut for part in piece.parts]
    joined = [(*piece.joined, *piece.within) for piece in cut]
    return "".join(part[0] for part in parts), frozenset(chain(*parts, *joined))


def terms(text: str, *, neighbours: bool = False) -> Iterator[str]:
    """The terms by which a text is found; with those of joined neighbours where it is short enough for that.

    >>> list(terms("Air-Pods")), list(terms("マグカップ"))
    (['air', 'pods', 'airpods'], ['マグカ', 'グカッ', 'カップ', 'ップ', 'プ'])
    """
    before: tuple[str, ...] = ()
    for piece in pieces(text):
        for part in piece.parts:
            yield from grams(part[0]) if is_run(part[0]) else part
            if neighbours:
                yield from _pairs(before, part)
            before = part
        yield from piece.joined
        yield from piece.within
        before += piece.joined


def _pairs(before: Iterable[str], after: Iterable[str]) -> Iterator[str]:
    for one, two in product(before, after):
        if joined := together(one, two):
            yield PAIR + joined


def together(one: str, two: str) -> str:
    """Two neighbours as one word; "" where nobody writes them so.

    >>> together("air", "pods"), together("usb", "充電"), together("10", "20")
    ('airpods', '', '')
    """
    numbers = one[-1].isdecimal() and two[0].isdecimal()
    fits = len(one) + len(two) <= MAX_WORD and is_run(one) == is_run(two) and not numbers
    return one + two if fits else ""


def apart(word: str) -> list[str]:
    """The parts of a word of letters and digits in turn, with spaces between; [] for less than three.

    >>> apart("iphone15pro"), apart("a4"), apart("10x20")
    (['iphone 15 pro'], [], [])
    """
    parts = _LETTERS_OR_DIGITS.findall(word)
    return [" ".join(parts)] if len(parts) > 2 and not word[0].isdecimal() else []


_LETTERS_OR_DIGITS = re.compile(r"\d+(?:\.\d+)?|[^\d.]+")


def is_run(word: str) -> bool:
    """Whether it is of a script that is cut into runs."""
    return not word.isascii() and _RUN.match(word) is not None


_RUN = re.compile(_RUN_SIGN)


def grams(run: str) -> Iterable[str]:
    """The terms of a run: the signs from each place on, three at most."""
    return (run[place : place + GRAM] for place in range(len(run)))


def sought(run: str) -> str:
    """What finds a part of a run: terms that all have to be there, separated by spaces.

    >>> sought("茶"), sought("カップ"), sought("マグカップ")
    ('茶*', 'カップ', 'マグカ グカッ カップ')
    """
    if len(run) < GRAM:
        return run + "*"
    every = [run[place : place + GRAM] for place in range(len(run) - GRAM + 1)]
    step = -(-len(every) // MAX_GRAMS)
    return " ".join(every[::step])
