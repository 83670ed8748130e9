"""What is typed, as it is kept and compared: a table for each kind of sign, and what holds for any text."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop_app.core.typed_text import MOST_MARKS, code, prose

ZWNJ, ZWJ = "\u200c", "\u200d"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("Ada\u00a0\u2009\u202fLovelace", "Ada Lovelace"),
        ("山田\u3000太郎", "山田 太郎"),
        ("Ada\r\nLovelace\t", "Ada Lovelace"),
        ("Ada\u2028Lovelace\u2029", "Ada Lovelace"),
        ("\u2800Ada\u2800", "Ada"),
        ("Ada\x00 Love\x07lace\x7f\x9b", "Ada Lovelace"),
        ("Love\u00adlace", "Lovelace"),
        ("\ufeffAda\u200b", "Ada"),
        ("Ada\u2060\u2063Lovelace", "AdaLovelace"),
        ("\u202eAda\u202c \u2066Love\u2069lace\u200e\u200f\u061c", "Ada Lovelace"),
        ("A\U000e0041\U000e0042\U000e007fda", "Ada"),
        ("A\u115f\u1160\u3164\uffa0da", "Ada"),
        ("A\u180bd\ufe0fa\U000e0100", "Ada"),
        ("A\ufe0f\u0308", "Ä"),
        ("\ud83d Ada \udc00", "Ada"),
        ("A\ufdd0\ufffeda\uffff\ufffc", "Ada"),
        ("Mu\u0308ller", "Müller"),
        ("Ｏ’Ｂｒｉｅｎ №５ ½", "Ｏ’Ｂｒｉｅｎ №５ ½"),
        ("O’Brien D'Souza Ng J.-P. ʻOkina", "O’Brien D'Souza Ng J.-P. ʻOkina"),
        ("", ""),
        ("\u200b\u00ad\u2800 \ufeff", ""),
    ],
    ids=ascii,
)
def test_prose_has_what_is_seen_and_nothing_else(typed: str, kept: str) -> None:
    assert prose(typed) == kept


@pytest.mark.parametrize(
    "word",
    [
        f"علی{ZWNJ}رضا",
        f"می{ZWNJ}خواهم",
        f"خانه{ZWNJ}ای",
        f"क्{ZWJ}ष",
        f"क्{ZWNJ}ष",
        f"র{ZWJ}্য",
        f"ශ්{ZWJ}රී ලංකා",
        f"👩{ZWJ}👩{ZWJ}👧",
        f"❤\ufe0f{ZWJ}🔥",
        f"👩🏽{ZWJ}🚀",
        f"🏳\ufe0f{ZWJ}🌈",
        f"🙂{ZWJ}↔\ufe0f",
        "❤\ufe0f ☎\ufe0e 1\ufe0f\u20e3 ℹ\ufe0f Ⓜ\ufe0f",
        "葛\U000e0100城",
        "ᠮᠣᠩᠭᠣᠯ\u180eᠠ",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "م\u064fحمد שָׁלוֹם ประเทศไทย",
    ],
    ids=ascii,
)
def test_what_belongs_to_a_word_or_an_emoji_stays(word: str) -> None:
    assert prose(word) == word


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (f"Auf{ZWNJ}lage", "Auflage"),
        (f"{ZWNJ}علی", "علی"),
        (f"علی{ZWNJ}", "علی"),
        (f"علی{ZWNJ} رضا", "علی رضا"),
        (f"علی{ZWNJ}{ZWNJ}{ZWJ}رضا", f"علی{ZWNJ}رضا"),
        (f"علی\u200b{ZWNJ}\u00adرضا", f"علی{ZWNJ}رضا"),
        (f"د{ZWNJ}ر", "در"),
        (f"A{ZWJ}da", "Ada"),
        (f"👩{ZWJ}Ada", "👩Ada"),
        (f"क{ZWJ}ष", "कष"),
        ("❤\ufe0f\ufe0f\ufe0e", "❤\ufe0f"),
        ("\ufe0fAda \ufe0f", "Ada"),
        (f"Ada {ZWNJ} \u2800\ufe0f Lovelace", "Ada Lovelace"),
    ],
    ids=ascii,
)
def test_joiners_and_selectors_that_do_nothing_go(typed: str, kept: str) -> None:
    assert prose(typed) == kept


def test_lines_stay_where_a_text_may_have_them() -> None:
    typed = "  one\u00a0 two \r\n\r\n\tthree\rfour\u2028five\x85six\x00\n\n"
    assert prose(typed, lines=True) == "one two\n\nthree\nfour\nfive\nsix"
    assert prose(typed) == "one two three four five six"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("１０９９９", "10999"),
        ("٠٩٩٩٩", "09999"),
        ("۱۲۳۴۵", "12345"),
        ("११०००१", "110001"),
        ("๑๐๒๐๐", "10200"),
        ("𝟏𝟐𝟑", "123"),
        ("１００－０００１", "100-0001"),
        ("〒100-0001", "〒100-0001"),
        ("100ー0001", "100-0001"),
        ("100ｰ0001", "100-0001"),
        ("コーヒー", "コーヒー"),
        ("a‐b‑c‒d–e—f―g−h﹣i－j˗k⁃l〜m", "a-b-c-d-e-f-g-h-i-j-k-l-m"),
        ("ＳＷ１Ａ　１ＡＡ", "SW1A 1AA"),
        ("WEL\u00adCOME\u200b10\ufeff", "WELCOME10"),
        (f"WEL{ZWNJ}COME{ZWJ}\ufe0f", "WELCOME"),
        ("(＋４９)\u00a030\u2009１２", "(+49) 30 12"),
        ("MEN’S-01", "MEN'S-01"),
        ("PIPE-1⁄2″", 'PIPE-1/2"'),
        ("PIPE-½", "PIPE-1/2"),
        ("５０㎝", "50cm"),
        ("ﬁne", "fine"),
        ("e\x00\u0301X", "éX"),
        ("A\tB\nC\x00D", "A B CD"),
        ("ｍüｌｌｅｒ．ｄｅ", "müller.de"),
    ],
    ids=ascii,
)
def test_codes_that_look_the_same_are_the_same(typed: str, kept: str) -> None:
    assert code(typed) == kept


def test_a_letter_has_no_endless_marks_and_long_texts_are_folded_at_once() -> None:
    began = time.process_time()
    assert prose("e" + "\u0301\u0316" * 20_000) == prose("e" + "\u0301\u0316" * (MOST_MARKS // 2))
    for text in (
        "e" + "\u0301\u0316" * 10_000,
        f"ی{ZWNJ}" * 10_000,
        ("\u064b" * 20 + ZWNJ) * 950,
        "👩\u200d" * 10_000,
    ):
        prose(text, lines=True)
        code(text)
    assert time.process_time() - began < 5


ODD = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "aä\u0308\u200c\u200d\ufe0f\u180b\U000e0100\u200bیر\u094dक👩🏴\U000e0067\U000e007f \n½″`ー1´"
        ),
    ),
    max_size=30,
)


@given(text=ODD)
def test_folding_twice_changes_nothing(text: str) -> None:
    for fold in (prose, code, lambda typed: prose(typed, lines=True)):
        once = fold(text)
        assert fold(once) == once == once.strip()
        assert "  " not in once
        once.encode()


@given(text=ODD)
def test_spellings_of_one_text_are_kept_alike(text: str) -> None:
    assert prose(unicodedata.normalize("NFD", text)) == prose(unicodedata.normalize("NFC", text))
    assert code(unicodedata.normalize("NFKD", text)) == code(unicodedata.normalize("NFKC", text))


@given(
    text=st.text("abcXYZ äßéЖ字가ก1", max_size=20),
    unseen=st.sampled_from("\u00ad\u200b\ufeff\u2060\u202e\x00"),
)
def test_an_invisible_sign_anywhere_makes_no_other_text(text: str, unseen: str) -> None:
    assert prose(unseen.join(text)) == prose(text)
    assert code(unseen.join(text)) == code(text)
