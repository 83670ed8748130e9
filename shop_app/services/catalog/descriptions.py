"""Descriptions of products: which HTML they may have, and what is left out of other HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import nh3

_TAGS = {
    "p",
    "br",
    "strong",
    "em",
    "b",
    "i",
    "u",
    "s",
    "sub",
    "sup",
    "ul",
    "ol",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "a",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "hr",
    "span",
    "div",
}
_ATTRIBUTES = {"a": {"href", "title"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
LEFT_OUT_WHOLE = {
    "audio",
    "canvas",
    "embed",
    "iframe",
    "math",
    "object",
    "script",
    "style",
    "svg",
    "video",
}
"""Elements that are left out with all that is in them."""
_MISSED = (LEFT_OUT_WHOLE - {"style"}) | {"button", "form", "img", "input", "select", "textarea"}
"""Elements without which a description says or does less than its author meant."""
_HEADING = re.compile(r"(</?h)([1-5])(?=[\s>])")


def clean_html(html: str) -> str:
    """The HTML with allowed tags, attributes and link schemes alone: nothing that could run a script.

    A page has one <h1>, the product's title. So where a description has one too, all of its headings move
    down a level.
    """
    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        clean_content_tags=LEFT_OUT_WHOLE,
    ).strip()
    if not re.search(r"<h1[\s>]", cleaned):
        return cleaned
    return _HEADING.sub(lambda tag: f"{tag[1]}{int(tag[2]) + 1}", cleaned)


def left_out(html: str) -> list[str]:
    """The names of the elements that `clean_html` leaves out of a description and that will be missed.

    >>> left_out('<p>See <img src="chart.png"></p><IFRAME src="film"></IFRAME>')
    ['iframe', 'img']
    """
    finder = _Finder()
    finder.feed(html)
    finder.close()
    return sorted(finder.missed)


class _Finder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.missed: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _MISSED:
            self.missed.add(tag)
