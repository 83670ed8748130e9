"""What of a list is asked for, read from its address and written back: search, sort, filters, columns, place.

    ?q=lind&sort=-placed&status=paid,pending&total=min:3000&placed=from:2026-11-01&after=CURSOR&columns=number,total

Names of sorts, filters and columns come from the list's own; whatever else stands in an address is left out,
and said where it looks like a filter. Writing what was read gives the same address again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal
from urllib.parse import parse_qs, quote

from ...core.clock import start_of, today
from ...core.i18n import _
from ...core.pages import MAX_FIELDS
from ...core.typed_text import prose
from .spec import Condition, Filter, ListSpec

Density = Literal["", "comfortable", "compact"]

MAX_TEXT = 200
MAX_LENGTH = 4000
MAX_WORDS = 50
"""Choices of one filter."""
MAX_NUMBER = 10**13
MAX_DAYS = 3650
RESERVED = frozenset({"q", "sort", "after", "before", "view", "columns", "density", "tab"})
_PART = re.compile(r"(min|max|from|to|on|last|is|not|starts|has):(.*)", re.DOTALL)
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_PLAIN = ",:-._~"


@dataclass(frozen=True, slots=True)
class Asked:
    """One filter in force: its key and what it is asked, such as (("min", "3000"), ("max", "5000"))."""

    key: str
    parts: tuple[tuple[str, str], ...]

    def of(self, op: str) -> str:
        """The value of one part, "" where it isn't asked."""
        return next((value for name, value in self.parts if name == op), "")


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What is asked of a list. `sort` is a column's key, with "-" for the largest first, or "" for the usual.

    `after` and `before` are places between pages as the engine writes them; `view` the id of a saved view
    that the rest was begun from, 0 for none.
    """

    text: str = ""
    sort: str = ""
    filters: tuple[Asked, ...] = ()
    columns: tuple[str, ...] = ()
    density: Density = ""
    after: str = ""
    before: str = ""
    view: int = 0
    unread: tuple[str, ...] = ()
    """Sentences about what stood in the address and couldn't be used."""

    def asked(self, key: str) -> Asked | None:
        return next((one for one in self.filters if one.key == key), None)

    def first_page(self) -> ListQuery:
        return replace(self, after="", before="", unread=())

    def with_filter(self, key: str, parts: Iterable[tuple[str, str]]) -> ListQuery:
        """The same, on its first page, with this filter asked that; without it where there are no parts."""
        asked = Asked(key, tuple(parts))
        others = [one for one in self.filters if one.key != key]
        at = next((place for place, one in enumerate(self.filters) if one.key == key), len(others))
        if asked.parts:
            others.insert(at, asked)
        return replace(self.first_page(), filters=tuple(others))

    @property
    def is_limited(self) -> bool:
        """Whether it leaves out any record."""
        return bool(self.text or self.filters)


# --- Reading ----------------------------------------------------------------------------------------


def read(spec: ListSpec, fields: Mapping[str, Sequence[str] | str]) -> ListQuery:
    """The query of an address, whose fields are as `parse_qs` gives them, or plain texts.

    "tab=unpaid" stands for what that built-in view asks.
    """
    values = {name: value if isinstance(value, str) else value[0] for name, value in fields.items() if value}
    if tab := spec.tab(values.get("tab", "")):
        values = {name: value[0] for name, value in fields_of(tab.query).items()} | values
    filters, unread = [], []
    for name, value in values.items():
        one = spec.filter(name)
        if one and name not in RESERVED:
            asked = _asked(one, value[:2000])
            filters += [asked] if asked else []
            if not asked:
                unread.append(_("{filter} can't be “{value}”; it is left out.").format(
                    filter=one.label, value=prose(value)[:40]
                ))  # fmt: skip
    columns = dict.fromkeys(values.get("columns", "")[:2000].split(","))
    density = values.get("density", "")
    view = values.get("view", "")
    return ListQuery(
        text=prose(values.get("q", "")[: 2 * MAX_TEXT])[:MAX_TEXT],
        sort=_sort(spec, values.get("sort", "")[:80]),
        filters=tuple(filters),
        columns=tuple(key for key in columns if spec.column(key)),
        density=density if density in ("comfortable", "compact") else "",
        after=values.get("after", "")[:800],
        before=values.get("before", "")[:800],
        view=int(view) if view.isascii() and view.isdigit() and len(view) <= 15 else 0,
        unread=tuple(unread),
    )


def _sort(spec: ListSpec, text: str) -> str:
    column = spec.column(text.removeprefix("-"))
    return text if column and column.sort is not None else ""


def _asked(one: Filter, text: str) -> Asked | None:
    """What the filter is asked by a text, None where that can't be read."""
    if one.kind == "text":
        parts = _text_parts(one, text)
    elif one.kind == "flag":
        parts = (("is", text),) if text in ("yes", "no") else ()
    elif one.kind == "choice":
        op, words = ("not", text[4:]) if text.startswith("not:") else ("is", text.removeprefix("is:"))
        kept = tuple(word for word in dict.fromkeys(words.split(",")) if _WORD.fullmatch(word))
        # An option that the list doesn't have is left in: it finds nothing, as it should.
        parts = ((op, ",".join(kept[:MAX_WORDS])),) if kept and op in one.known_ops else ()
    else:
        parts = _range_parts(one, text)
    return Asked(one.key, parts) if parts else None


def _text_parts(one: Filter, text: str) -> tuple[tuple[str, str], ...]:
    matched = _PART.fullmatch(text)
    op, value = (matched[1], matched[2]) if matched and matched[1] in one.known_ops else ("is", text)
    value = prose(value)[:MAX_TEXT]
    return ((op, value),) if value and op in one.known_ops else ()


def _range_parts(one: Filter, text: str) -> tuple[tuple[str, str], ...]:
    parts: dict[str, str] = {}
    for piece in text.split(",")[:2]:
        matched = _PART.fullmatch(piece)
        op, value = (matched[1], matched[2]) if matched else ("on" if one.kind == "day" else "is", piece)
        if not _is_value(one.kind, op, value):
            return ()
        if one.kind != "day" and op == "is":
            parts |= {"min": value, "max": value}
        elif op in one.known_ops:
            parts[op] = value
        else:
            return ()
    order = one.known_ops
    return tuple(sorted(parts.items(), key=lambda part: order.index(part[0])))


def _is_value(kind: str, op: str, value: str) -> bool:
    if kind == "day":
        if op == "last":
            return value.isascii() and value.isdigit() and len(value) <= 4 and 1 <= int(value) <= MAX_DAYS
        return value in ("today", "yesterday") or _day(value) is not None
    digits = value.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 14 and abs(int(value)) <= MAX_NUMBER


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day and 1900 <= day.year <= 2200 else None


# --- Writing ----------------------------------------------------------------------------------------


def fields(query: ListQuery) -> dict[str, str]:
    """The query as the fields of an address, in one order, without what is as usual."""
    written = {
        "view": str(query.view or ""),
        "q": query.text,
        **{one.key: _written(one) for one in query.filters},
        "sort": query.sort,
        "columns": ",".join(query.columns),
        "density": query.density,
        "after": query.after,
        "before": query.before,
    }
    return {name: value for name, value in written.items() if value}


def fields_of(text: str) -> dict[str, list[str]]:
    """The fields of a text as it stands after a question mark."""
    return parse_qs("&".join(text[:MAX_LENGTH].split("&")[:MAX_FIELDS]))


def text_of(query: ListQuery) -> str:
    """What stands after the question mark."""
    return "&".join(f"{name}={quote(value, safe=_PLAIN)}" for name, value in fields(query).items())


def address(spec: ListSpec, query: ListQuery, **changes: Any) -> str:
    """The address of a query with these changes. Any change but of the place leads to the first page."""
    if changes and not changes.keys() & {"after", "before"}:
        query = query.first_page()
    query = replace(query, **changes) if changes else query
    if query.view and not fields(replace(query, view=0, after="", before="")):
        # A view alone would mean what the view has.
        query = replace(query, sort=spec.default_sort)
    text = text_of(query)
    return f"{spec.address}?{text}" if text else spec.address


def _written(one: Asked) -> str:
    if len(one.parts) == 1 and one.parts[0][0] == "is" and not _PART.fullmatch(one.parts[0][1]):
        return one.parts[0][1]
    return ",".join(f"{op}:{value}" for op, value in one.parts)


# --- As SQL -----------------------------------------------------------------------------------------


def conditions(spec: ListSpec, query: ListQuery) -> list[Condition]:
    """The conditions of all filters in force."""
    made = []
    for asked in query.filters:
        one = spec.filter(asked.key)
        if one:
            made += [one.sql(op, value) for op, value in values_of(one, asked)]
    return made


def values_of(one: Filter, asked: Asked) -> list[tuple[str, Any]]:
    """What a filter's `sql` is called with; see spec.py."""
    if one.kind == "choice":
        return [(op, tuple(value.split(","))) for op, value in asked.parts]
    if one.kind == "flag":
        return [("is", value == "yes") for _op, value in asked.parts]
    if one.kind == "text":
        return list(asked.parts)
    if one.kind == "day":
        return [part for op, value in asked.parts for part in _moments(op, value)]
    return [(op, int(value)) for op, value in asked.parts]


def _moments(op: str, value: str) -> list[tuple[str, Any]]:
    if op == "last":
        return [("from", start_of(today() - timedelta(days=int(value) - 1)))]
    named = {"today": today(), "yesterday": today() - timedelta(days=1)}
    day = named.get(value) or _day(value)
    assert day
    begins, ends = ("from", start_of(day)), ("before", start_of(day + timedelta(days=1)))
    return {"from": [begins], "to": [ends], "on": [begins, ends]}[op]
