"""Descriptions of products: their Markdown, which HTML they may have, and what is left out of other HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import nh3
from markdown_it import MarkdownIt
from markdownify import markdownify

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
_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
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


def html_of(markdown: str) -> str:
    """The HTML of a description that is written in Markdown, sanitised; HTML inside it counts as such.

    >>> html_of("Stoneware, **glazed**.")
    '<p>Stoneware, <strong>glazed</strong>.</p>'
    """
    return clean_html(_MARKDOWN.render(markdown))


def markdown_of(html: str) -> str:
    """HTML as Markdown to edit. What Markdown has no signs for is lost, so it is stored only when it changed.

    >>> markdown_of("<p>Stoneware, <strong>glazed</strong>.</p><ul><li>one</li></ul>")
    'Stoneware, **glazed**.\\n\\n- one'
    """
    text = markdownify(html, heading_style="ATX", bullets="-", strip=["span", "div"])
    return re.sub(r"\n{3,}", "\n\n", text).strip()


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
