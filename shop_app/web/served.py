"""Served pages: a page's content as HTML, which can be read before any script has run.

A page's function gets the parameters of its address and its query, runs in a thread, may call services, and
returns a `Served`, or raises NotFound or MovedTo. Its `html` has to be escaped already; all else is escaped
here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from starlette.datastructures import QueryParams

from shop_app.core.pages import absolute


@dataclass(frozen=True, slots=True)
class Served:
    """A page's head and its plain block of content.

    `canonical` and `image` are paths ("/products/lamp") or whole addresses. `robots` is "noindex" for pages
    that search engines leave out.
    `states` has the values of vars that the content was made with, by State and name: the reactive page takes
    them from the document.
    """

    html: str = ""
    title: str = ""
    description: str = ""
    canonical: str = ""
    image: str = ""
    json_ld: Sequence[Mapping[str, Any]] = ()
    status: int = 200
    robots: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[type[Any], Mapping[str, Any]] = field(default_factory=dict)


ServePage = Callable[[dict[str, str], QueryParams], Served]

# React's nodes stay hidden until the reactive page has loaded; see assets/served.js. What somebody does
# before that script has come is kept for it.
TAKE_OVER = (
    "<style data-served>body>:not(#served){display:none!important}</style>"
    "<script data-served>"
    "early=[];"
    "keepEarly=e=>{early.push(e);"
    'e.type=="submit"&&!e.target.hasAttribute("action")&&e.preventDefault()};'
    'for(const type of["pointerdown","pointerup","click","submit"])addEventListener(type,keepEarly,true)'
    "</script>"
    '<script src="/served.js" async data-served></script>'
)


def script_json(value: Any) -> str:
    """JSON that can't leave a script element, whatever text is in it.

    >>> script_json({"a": "</script>&"})
    '{"a":"\\\\u003c/script\\\\u003e\\\\u0026"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _meta(kind: str, name: str, content: str) -> str:
    return f'<meta {kind}="{name}" content="{escape(content)}" data-served>' if content else ""


def early_head(page: Served) -> str:
    """The first elements of the shell's head: the title and what describes the page."""
    canonical = escape(absolute(page.canonical))
    parts = [
        f"<title data-served>{escape(page.title, quote=False)}</title>" if page.title else "",
        _meta("name", "description", page.description),
        _meta("name", "robots", page.robots),
        f'<link rel="canonical" href="{canonical}" data-served>' if canonical else "",
        _meta("property", "og:title", page.title),
        _meta("property", "og:description", page.description),
        _meta("property", "og:url", absolute(page.canonical)),
        _meta("property", "og:image", absolute(page.image)),
        _meta("property", "og:type", "website" if page.title else ""),
    ]
    return "".join(parts)


def late_head(page: Served) -> str:
    """The last elements of the head: JSON-LD, and the script that shows the reactive page."""
    data = (f'<script type="application/ld+json" data-served>{script_json(d)}</script>' for d in page.json_ld)
    return "".join(data) + (TAKE_OVER if page.html else "")


def block(page: Served, script: str = "") -> str:
    """The last elements of the shell's body, where React leaves nodes alone that aren't its own.

    `script` is the address of the page's values (web/held_values.py), "" for none.
    """
    if not page.html:
        return ""
    return f'<div id="served">{page.html}</div>' + (
        f'<script src="{script}" defer></script>' if script else ""
    )
