"""Finds web and e-mail addresses in what people type: nobody can send links to others in the shop's letters.

Mail programs make a link of anything that looks like one, with http:// or without. The pattern covers what
they take for a link, and leaves names and streets with dots in them ("Dr.Müller", "Co.KG", "No.5") alone.
"""

from __future__ import annotations

import re
import unicodedata

from .i18n import _

_DOT = "[.\u3002\uff0e\uff61]"
_PLAIN = (
    "apt|bldg|ch|co|dipl|dr|fa|fam|fr|frl|geb|gebr|gmbh|hd|hr|hrn|hs|inc|ing|inh|jr|mag|med|mr|mrs|ms|nat|no"
    "|nr|phil|pl|prof|rd|rer|sr|st|str|techn|whg"
)
"""Words before a dot that are titles and abbreviations; what follows them without a space is a name."""
_SINGLE = "ai|biz|cc|co|com|de|eu|gg|gl|io|info|is|it|ly|me|net|nl|org|ru|to|tv|uk|us|ws"
"""Endings of addresses that begin with one letter, as x.com: anything else there is an initial."""
_LINK = re.compile(
    rf"""
    \b[a-z][a-z0-9+-]*:/                  # http:/ and whatever else has a scheme
    | //\S                                # //evil.example
    | \b(?:https?|hxxps?|ftp|mailto|tel|sms|javascript|data):\S
    | \bwww\d{{0,3}}{_DOT}\S
    | \S@\S
    | (?<![\d.])\d{{1,3}}(?:{_DOT}\d{{1,3}}){{3}}(?!\.?\d)    # 93.184.216.34
    | \[[0-9a-f:.]*:[0-9a-f:.]*\]
    | (?<!\w)(?!(?:{_PLAIN}){_DOT})[\w-]{{2,63}}{_DOT}(?:xn--[a-z0-9-]+|[^\W\d_]{{2,}})\b    # evil.com
    | (?<!\w)[\w-]{{2,63}}{_DOT}[^\W\d_]{{2,}}(?:{_DOT}[^\W\d_]{{2,}})*[/:?\#]\S    # dr.com/win
    | (?<![\w.])\w{_DOT}(?:(?:{_SINGLE})\b|[^\W\d_]{{2,}}/\S)         # x.com, t.co/win
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BREAKS = re.compile(rf"(?<={_DOT})(?=\w)|(?<=[:/@])(?=\S)|(?=@)")


def has_link(text: str) -> bool:
    """Whether the text has a web or e-mail address in it, or what a mail program takes for one."""
    return bool(_LINK.search(_seen(text)))


def problem(text: str) -> str:
    """The sentence that refuses a name or a line of an address with a link in it; "" where it has none."""
    if not has_link(text):
        return ""
    return _("Leave web and email addresses out. If it is none, put a space after the dot.")


def unlinked(text: str) -> str:
    """The text with a space inside each link, so that mail programs don't make it one."""
    while match := _LINK.search(text):
        broken = _BREAKS.sub(" ", match[0])
        if broken == match[0]:
            broken = " ".join(match[0])
        text = text[: match.start()] + broken + text[match.end() :]
    return text


def _seen(text: str) -> str:
    """The text as it is shown: without characters that have no width."""
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
