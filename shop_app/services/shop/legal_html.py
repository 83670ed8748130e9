"""A legal text as HTML: facts of the shop filled in, Markdown rendered into sections, and sanitised."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ...core.i18n import _, plural
from ...core.settings import settings
from ...core.shop import shop

_FACT = re.compile(r"\{([a-z_]{1,40})\}")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_TAGS = {
    "section", "h2", "h3", "h4", "p", "br", "hr", "strong", "em", "s", "a", "ul", "ol", "li", "blockquote",
    "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "code",
}  # fmt: skip
_reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def html_of(markdown: str) -> str:
    """The HTML of a text: a <section> for what follows each heading, nothing that could run a script.

    A table without headings becomes a list of terms; its rows that have nothing to say are left out.
    """
    tokens = list(_as_terms(_reader.parse(_filled(markdown, _escaped))))
    sections = "".join(
        f"<section>{_reader.renderer.render(part, _reader.options, {})}</section>"
        for part in _sections(tokens)
    )
    return nh3.clean(
        sections,
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    ).strip()


def plain_of(text: str) -> str:
    """A title or a lead with the facts filled in."""
    return _filled(text, lambda value: value)


def unknown_facts(text: str) -> list[str]:
    """The names in braces that aren't facts of the shop."""
    return sorted({name for name in _FACT.findall(text) if name not in FACTS})


def _filled(text: str, write: Callable[[str], str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name == "how_long":
            return how_long_rows(write)
        return write(FACTS[name]()) if name in FACTS else match[0]

    return _FACT.sub(value, text)


def _escaped(value: str) -> str:
    """A value as Markdown that means itself."""
    return _PUNCTUATION.sub(r"\\\1", value)


def _one_line(lines: str) -> str:
    return ", ".join(lines.split("\n"))


FACTS: dict[str, Callable[[], str]] = {
    "name": lambda: shop().name,
    "legal_name": lambda: shop().legal_name or shop().name,
    "address": lambda: _one_line(shop().address),
    "represented_by": lambda: shop().represented_by,
    "register_entry": lambda: shop().register_entry,
    "vat_number": lambda: shop().vat_number,
    "email": lambda: shop().contact_email,
    "phone": lambda: shop().phone,
    "opening_hours": lambda: shop().opening_hours,
    "returns_address": lambda: shop().returns_to,
    "returns_email": lambda: shop().returns_email or shop().contact_email,
    "prices": lambda: (
        _("Prices include VAT.") if shop().prices_include_tax else _("Tax is added at checkout.")
    ),
    "how_long": lambda: "",
}
"""What a text may name in braces, and what stands there then; {how_long} is rows of a table."""


def prices_note() -> str:
    """What prices mean here."""
    return _("Prices include VAT.") if shop().prices_include_tax else _("Tax is added at checkout.")


def how_long_rows(write: Callable[[str], str] = _escaped) -> str:
    """What is kept for how long, as rows of a table: the settings that the hourly job goes by."""
    return "\n".join(f"| {write(what)} | {write(age)} |" for what, age in ages())


def ages() -> tuple[tuple[str, str], ...]:
    """What is kept, and for how long, in words."""
    chosen = settings()
    return (
        (
            _("Your cart, and your lists while you aren't signed in"),
            _("{age} after the last change").format(age=_days(chosen.cart_days)),
        ),
        (_("The cookie of your cart"), _days(chosen.visitor_days)),
        (_("Being signed in"), _days(chosen.customer_session_days)),
        (
            _("Being signed in, as one of our staff"),
            plural("{count} hour", "{count} hours", chosen.staff_session_hours),
        ),
        (
            _("Letters to you, and what the payment company tells us, word for word"),
            _days(chosen.message_days),
        ),
        (
            _("The link to your order"),
            _("{age}; after that your order is found by its number and your e-mail").format(
                age=_days(chosen.order_link_days)
            ),
        ),
        (_("Who you are, on an order that was never paid"), _days(chosen.unpaid_order_days)),
        (
            _("Who you are, on any other order"),
            plural(
                "{count} year, to the end of the calendar year",
                "{count} years, to the end of the calendar year",
                chosen.order_years,
            ),
        ),
        (
            _("Your e-mail, where you asked to be told when something is back"),
            _("until it was your turn or you leave the line, {age} at most").format(
                age=_days(chosen.stock_alert_days)
            ),
        ),
    )


def _days(count: int) -> str:
    return plural("{count} day", "{count} days", count)


def _sections(tokens: list[Token]) -> Iterator[list[Token]]:
    """The tokens up to each heading of the first two levels; those become the page's second level."""
    part: list[Token] = []
    for token in tokens:
        if token.tag == "h1":
            token.tag = "h2"
        if token.type == "heading_open" and token.tag == "h2" and token.level == 0 and part:
            yield part
            part = []
        part.append(token)
    if part:
        yield part


def _as_terms(tokens: list[Token]) -> Iterator[Token]:
    """The tokens, with each table that has no headings as <dl>, <dt> and <dd>."""
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.type != "table_open":
            yield token
            at += 1
            continue
        end = next(place for place in range(at, len(tokens)) if tokens[place].type == "table_close")
        table, at = tokens[at : end + 1], end + 1
        head_end = next(place for place, one in enumerate(table) if one.type == "thead_close")
        if any(one.content for one in table[:head_end]):
            yield from table
        else:
            yield from _terms(table[head_end + 1 :])


def _terms(body: list[Token]) -> Iterator[Token]:
    yield Token("dl_open", "dl", 1)
    rows: list[list[Token]] = []
    for token in body:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            rows[-1].append(token)
    for row in rows:
        if len(row) > 1 and row[-1].content:
            for tag, cell in zip(("dt", "dd"), row, strict=False):
                yield from (Token(f"{tag}_open", tag, 1), cell, Token(f"{tag}_close", tag, -1))
    yield Token("dl_close", "dl", -1)
