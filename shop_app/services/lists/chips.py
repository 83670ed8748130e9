"""Filters as people read and fill them in: the sentence on a chip, and the values of its small form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlmodel import Session

from ...core import dates, money
from ...core.clock import today
from ...core.decimals import Ambiguous, read_decimal
from ...core.errors import Invalid
from ...core.i18n import _, plural
from ...core.shop import shop
from . import query
from .query import Asked, ListQuery
from .spec import Filter, ListSpec, Options


@dataclass(frozen=True, slots=True)
class ChoiceShown:
    key: str = ""
    label: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class FilterShown:
    """A filter of the list, in force or not; `chip` is its sentence, and the rest fills its form in."""

    key: str = ""
    label: str = ""
    kind: str = "choice"
    in_force: bool = False
    chip: str = ""
    remove_href: str = ""
    choices: list[ChoiceShown] = field(default_factory=list)
    op: str = "is"
    text: str = ""
    ops: list[ChoiceShown] = field(default_factory=list)
    low: str = ""
    high: str = ""
    period: str = ""
    """Of days: today, yesterday, or a number of days up to today; "" where the days themselves are given."""


def shown_filters(session: Session, spec: ListSpec, asked: ListQuery, currency: str) -> list[FilterShown]:
    """All filters of a list, those in force in the order of the address first."""
    order = {one.key: place for place, one in enumerate(asked.filters)}
    ordered = sorted(spec.filters, key=lambda one: order.get(one.key, len(order)))
    return [_shown(session, spec, asked, one, currency) for one in ordered]


def _shown(session: Session, spec: ListSpec, asked: ListQuery, one: Filter, currency: str) -> FilterShown:
    now = asked.asked(one.key)
    options = options_of(session, one)
    words = now.parts[0][1].split(",") if now and one.kind == "choice" else []
    is_day = one.kind == "day"
    low, high = ("from", "to") if is_day else ("min", "max")
    op, value = now.parts[0] if now else (one.known_ops[0], "")
    period = _period(now) if now and is_day else ""
    return FilterShown(
        key=one.key,
        label=one.label,
        kind=one.kind,
        in_force=now is not None,
        chip=chip_of(session, spec, now, currency) if now else "",
        remove_href=query.address(spec, asked.with_filter(one.key, ())) if now else "",
        choices=_choices(one, options, words, now),
        op=op,
        text=value if one.kind == "text" else "",
        ops=[ChoiceShown(name, _op_label(name), name == op) for name in one.known_ops],
        low="" if not now or period else _field(one, now.of(low) or now.of("on"), currency),
        high="" if not now or period else _field(one, now.of(high) or now.of("on"), currency),
        period=period,
    )


def _choices(one: Filter, options: Options, words: list[str], now: Asked | None) -> list[ChoiceShown]:
    if one.kind == "flag":
        value = now.parts[0][1] if now else ""
        return [ChoiceShown("yes", _("Yes"), value == "yes"), ChoiceShown("no", _("No"), value == "no")]
    return [ChoiceShown(key, label, key in words) for key, label in options]


def _op_label(op: str) -> str:
    return {"is": _("is"), "not": _("is none of"), "starts": _("begins with"), "has": _("contains")}.get(
        op, op
    )


def _period(now: Asked) -> str:
    on = now.of("on")
    return now.of("last") or (on if on in ("today", "yesterday") else "")


def _field(one: Filter, value: str, currency: str) -> str:
    return money.decimal_text(int(value), currency) if value and one.kind == "amount" else value


def options_of(session: Session, one: Filter) -> Options:
    return one.options(session) if callable(one.options) else one.options


# --- Sentences --------------------------------------------------------------------------------------


def chip_of(session: Session, spec: ListSpec, now: Asked, currency: str) -> str:
    """ "Placed: today", "Total: from €30", "Status: paid or pending"."""
    one = spec.filter(now.key)
    assert one
    return f"{one.label}: {_said(session, one, now, currency)}"


def _said(session: Session, one: Filter, now: Asked, currency: str) -> str:
    if one.kind == "choice":
        labels = dict(options_of(session, one))
        op, value = now.parts[0]
        names = [labels.get(word, word) for word in value.split(",")]
        said = (
            _(" or ").join(names)
            if len(names) < 4
            else plural("{count} of them", "{count} of them", len(names))
        )
        return _("not {what}").format(what=said) if op == "not" else said
    if one.kind == "flag":
        return _("yes") if now.parts[0][1] == "yes" else _("no")
    if one.kind == "text":
        op, value = now.parts[0]
        sentences = {"starts": _("begins with {text}"), "has": _("contains {text}")}
        return sentences.get(op, "{text}").format(text=value)
    if one.kind == "day":
        return _said_days(now)
    low, high = (_number(one, now.of(op), currency) for op in ("min", "max"))
    return _bounds(low, high)


def _number(one: Filter, value: str, currency: str) -> str:
    if not value:
        return ""
    if one.kind == "number":
        return f"{int(value):,}"
    shown = money.show(int(value), currency, shop().locale)
    whole = money.show(int(value), currency, shop().locale).removesuffix(".00")
    return whole if shop().locale.startswith("en") else shown


def _bounds(low: str, high: str) -> str:
    if low and high:
        return low if low == high else _("{low} to {high}").format(low=low, high=high)
    return _("from {low}").format(low=low) if low else _("up to {high}").format(high=high)


def _said_days(now: Asked) -> str:
    if last := now.of("last"):
        return plural("last day", "last {count} days", int(last))
    low, high, on = (_day(now.of(op)) for op in ("from", "to", "on"))
    return on or _bounds(low, high)


def _day(value: str) -> str:
    named = {"": "", "today": _("today"), "yesterday": _("yesterday")}
    return named[value] if value in named else dates.day(date.fromisoformat(value))


# --- What was filled in -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filled:
    """The fields of a filter's form as they were sent."""

    op: str = ""
    text: str = ""
    words: tuple[str, ...] = ()
    low: str = ""
    high: str = ""
    period: str = ""


def parts_of(one: Filter, filled: Filled, currency: str) -> tuple[tuple[str, str], ...]:
    """What the filter is asked by a form; () where nothing was filled in, which takes it away.

    Errors  Invalid for what isn't a number, an amount or a day.
    """
    parts: Mapping[str, str] = {}
    if one.kind in ("choice", "flag"):
        parts = {filled.op if filled.op == "not" else "is": ",".join(filled.words[: query.MAX_WORDS])}
    elif one.kind == "text":
        parts = {filled.op if filled.op in one.known_ops else one.known_ops[0]: filled.text}
    elif one.kind == "day" and filled.period:
        parts = {"on" if filled.period in ("today", "yesterday") else "last": filled.period}
    else:
        low, high = ("from", "to") if one.kind == "day" else ("min", "max")
        parts = {low: _typed(one, filled.low, currency), high: _typed(one, filled.high, currency)}
    return tuple((op, value) for op, value in parts.items() if value)


def _typed(one: Filter, text: str, currency: str) -> str:
    """A typed bound as addresses have it."""
    if not text:
        return ""
    try:
        if one.kind == "day":
            return date.fromisoformat(text).isoformat()
        if one.kind == "amount":
            return str(money.parse_minor(text, currency))
        number = read_decimal(text, places=0)
        if number != number.to_integral_value() or abs(number) > query.MAX_NUMBER:
            raise ValueError("not a whole number")
        return str(int(number))
    except Ambiguous as ambiguous:
        low, high = ambiguous.readings
        raise Invalid(
            _("Write {low} or {high}: “{text}” could be either.").format(low=low, high=high, text=text[:40])
        ) from None
    except ValueError:
        examples = {"day": today().isoformat(), "amount": money.decimal_text(4990, currency)}
        raise Invalid(
            _("“{text}” can't be read. Write it like {example}.").format(
                text=text[:40], example=examples.get(one.kind, "12")
            ),
            field=one.key,
        ) from None
