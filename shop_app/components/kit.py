"""The elements that pages are made of: one function gives the reactive page and its HTML.

A page is a function of a view. While Reflex compiles the pages, the view's fields are Vars and these
functions return Reflex's components. Inside `as_html`, the fields are values and the same functions return
escaped HTML.

In a page or component:
- `el.div(…)` for elements; event handlers and what only React needs are left out of the HTML.
- `when(condition, a, b)`, `each(items, row)`, `match(value, cases, default)`; a branch may be a function,
  which is then called only where it is needed: `when(view.hero, _hero)`.
- `length`, `text`, `not_`, `both`, `either`, `contains` where Python and Vars have no common word.
  Comparisons, `+` of texts, f-strings, slices, indices and attributes work on both.
- `without_scripts(make)` for what the HTML has besides, where no script runs.
- `of(State)` for a State that the page wasn't given: its Vars, or the values that the HTML is made with.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache, wraps
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import quote

import reflex as rx
from markupsafe import escape

Component = Any
"""What an element is: a component of Reflex, or `Html`."""
Text = Any
"""A text, or the Var of one."""
T = TypeVar("T")

_html_values: ContextVar[Mapping[type, Any] | None] = ContextVar("html_values", default=None)
"""What the HTML that is being made shows of each State; None while components are made."""


@contextmanager
def as_html(values: Mapping[type, Any]) -> Iterator[None]:
    """Inside, elements are HTML, and `of(State)` is the values of that State given here, or its defaults."""
    token = _html_values.set(values)
    try:
        yield
    finally:
        _html_values.reset(token)


def is_html() -> bool:
    """Whether HTML is being made."""
    return _html_values.get() is not None


def of(state: type[T]) -> type[T]:
    """The Vars of a State, or, in HTML, its values: those given to `as_html`, else as a new tab has them."""
    values = _html_values.get()
    if values is None:
        return state
    return values.get(state) or values_of(state)


def values_of(state: type, view: Any = None) -> Any:
    """A State's values with the fields of `view` (a dataclass, or None) in place of the defaults."""
    values = SimpleNamespace(**_defaults(state))
    for name in getattr(view, "__dataclass_fields__", ()):
        setattr(values, name, getattr(view, name))
    return values


@cache
def _defaults(state: Any) -> dict[str, Any]:
    return {name: field.default_value() for name, field in state.get_fields().items() if name[0] != "_"}


# --- Elements -------------------------------------------------------------------------------------

_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_HTML_NAMES = {
    "class_name": "class",
    "html_for": "for",
    "default_value": "value",
    "default_checked": "checked",
    "auto_complete": "autocomplete",
    "input_mode": "inputmode",
    "max_length": "maxlength",
    "min_length": "minlength",
    "read_only": "readonly",
    "tab_index": "tabindex",
    "src_set": "srcset",
    "enter_key_hint": "enterkeyhint",
    "no_validate": "novalidate",
    "auto_capitalize": "autocapitalize",
    "spell_check": "spellcheck",
    "cross_origin": "crossorigin",
    "date_time": "datetime",
    "col_span": "colspan",
    "row_span": "rowspan",
    "view_box": "viewBox",
    "fetchPriority": "fetchpriority",
    "key": "",
    "replace": "",
    "prevent_scroll_reset": "",
    "reset_on_submit": "",
    "autoFocus": "",
}
"""What a prop is called in HTML where it isn't itself with hyphens; "" for those that only React has."""
_TRUE_OR_FALSE = frozenset({"spellcheck", "draggable", "contenteditable"})
_SHORT = 1000
"""Texts of fewer characters are kept with their escaped form: class names and labels come again and again."""
_SVG = frozenset({"path", "circle", "line", "rect", "g"})


class Html(str):
    """A text that is HTML already: it isn't escaped again."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


@cache
def _html_name(prop: str) -> str:
    if prop.startswith("on_"):
        return ""
    return _HTML_NAMES.get(prop, prop.replace("_", "-"))


@lru_cache(maxsize=8192)
def _text_attribute(prop: str, value: str) -> str:
    name = _html_name(prop)
    return f' {name}="{escape(value)}"' if name else ""


def _attribute(prop: str, value: Any) -> str:
    name = _html_name(prop)
    if not name or value is None:
        return ""
    if isinstance(value, bool):
        if name in _TRUE_OR_FALSE or name.startswith(("aria-", "data-")):
            return f' {name}="{str(value).lower()}"'
        return f' {name}=""' if value else ""
    if isinstance(value, rx.Var):
        raise TypeError(f"{prop} is a Var in HTML: {value!s:.80}. Take the State by of(State).")
    return f' {name}="{escape(value)}"'


@lru_cache(maxsize=8192)
def _escaped(text: str) -> str:
    return str(escape(text))


def _child(child: Any) -> str:
    kind = child.__class__
    if kind is Html:
        return child
    if kind is str:
        return _escaped(child) if len(child) < _SHORT else escape(child)
    if child is None:
        return ""
    if isinstance(child, rx.Var | rx.Component):
        raise TypeError(f"{child!s:.80} can't be HTML. Take States by of(…), elements from the kit.")
    if isinstance(child, tuple | list):
        return "".join(map(_child, child))
    return escape(child)


def _html(tag: str, children: tuple[Any, ...], props: dict[str, Any]) -> Html:
    inner = "".join(map(_child, children))
    if tag == "select":
        inner = _with_chosen(inner, props.pop("value", props.pop("default_value", None)))
    elif tag == "textarea":
        inner += escape(props.pop("value", props.pop("default_value", "")))
    parts = ["<", tag]
    for prop, value in props.items():
        if value.__class__ is str and len(value) < _SHORT:
            parts.append(_text_attribute(prop, value))
        elif prop == "custom_attrs":
            parts += [_attribute(name, attribute) for name, attribute in value.items()]
        else:
            parts.append(_attribute(prop, value))
    parts.append(">")
    if tag not in _VOID:
        parts += [inner, "</", tag, ">"]
    return Html("".join(parts))


def _with_chosen(options: str, value: Any) -> str:
    """The options of a select with the one of that value marked; React does it by the select's own value."""
    if value is None:
        return options
    mark = f'<option value="{escape(value)}"'
    return options.replace(mark, mark + " selected", 1)


class _Elements:
    """`el.div`, `el.path`: one function for each element, made when it is first asked for."""

    def __getattr__(self, tag: str) -> Callable[..., Component]:
        name = tag.rstrip("_")
        make = getattr(rx.el.svg, tag) if tag in _SVG else getattr(rx.el, tag)

        def element(*children: Any, **props: Any) -> Component:
            if _html_values.get() is not None:
                return _html(name, children, props)
            return make(*(child for child in children if child is not None), **props)

        element.__name__ = tag
        setattr(self, tag, element)
        return element


el = _Elements()


def kept(component: Callable[..., Component]) -> Callable[..., Component]:
    """Decorate a component that shows nothing but its arguments: its HTML is kept for the same ones."""
    made = lru_cache(maxsize=4096)(component)

    @wraps(component)
    def give(*arguments: Any, **named: Any) -> Component:
        return made(*arguments, **named) if is_html() else component(*arguments, **named)

    return give


def fragment(*children: Any) -> Component:
    """Several children without an element around them."""
    return Html("".join(map(_child, children))) if is_html() else rx.fragment(*children)


def raw_html(html: Text, **props: Any) -> Component:
    """An element with HTML that was made safe when it was written."""
    if not is_html():
        return rx.html(html, **props)
    # Reflex gives it this class.
    return el.div(Html(html), **props | {"class_name": f"rx-Html {props.get('class_name', '')}".strip()})


def without_scripts(make: Callable[[], Any]) -> Component:
    """What `make` gives, for browsers that run no scripts: in the HTML alone."""
    return el.noscript(make()) if is_html() else rx.fragment()


def painted(**declarations: Text) -> dict[str, Any]:
    """The props that give an element CSS with values from the data: `painted(background=colour)`.

    A value that isn't a plain one (a colour, a length) is left out.
    """
    names = {name.replace("_", "-"): value for name, value in declarations.items()}
    if not is_html():
        return {"custom_attrs": {"style": rx.Var.create(names)}}
    css = ";".join(f"{name}:{value}" for name, value in names.items() if _PLAIN_CSS.fullmatch(str(value)))
    return {"custom_attrs": {"style": css or None}}


_PLAIN_CSS = re.compile(r"[#\w%.,() -]+")


# --- Conditions and lists -------------------------------------------------------------------------


def _made(branch: Any) -> Any:
    return branch() if callable(branch) and not isinstance(branch, rx.Var) else branch


def _some(made: Any) -> Any:
    return fragment() if made is None else made


def when(condition: Any, then: Any, otherwise: Any = None) -> Any:
    """`then` where the condition holds, else `otherwise`: elements, texts, or functions that make them."""
    if not isinstance(condition, rx.Var):
        return _some(_made(then if condition else otherwise))
    made, other = _made(then), _made(otherwise)
    if other is None:
        return rx.cond(condition, made, rx.fragment())
    return rx.cond(condition, made, other)


def each(items: Sequence[T], row: Callable[..., Any]) -> Any:
    """`row(item)` for each of them; an item of a mapping is its key and value."""
    if isinstance(items, rx.Var):
        return rx.foreach(items, _with_own_name(row))
    if isinstance(items, Mapping):
        return fragment(*map(row, items.items()))
    return fragment(*map(row, items))


_depth: ContextVar[int] = ContextVar("depth", default=0)
"""How many lists the row that is being made stands in."""


def _with_own_name(row: Callable[..., Any]) -> Callable[..., Any]:
    """`row` with a name for its item that no list around it has: Reflex takes it from the signature."""
    depth = _depth.get() + 1

    def made(item: Any) -> Any:
        token = _depth.set(depth)
        try:
            return row(item)
        finally:
            _depth.reset(token)

    name = inspect.Parameter(f"item_{depth}", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    vars(made)["__signature__"] = inspect.Signature([name])
    return made


def match(value: Any, cases: Mapping[Any, Any], default: Any = None) -> Any:
    """The case of that value, else `default`; each an element, a text, or a function that makes it."""
    if not isinstance(value, rx.Var):
        return _some(_made(cases.get(value, default)))
    made = [(key, _made(case)) for key, case in cases.items()]
    return rx.match(value, *made, rx.fragment() if default is None else _made(default))


# --- Words that Python and Vars don't share ---------------------------------------------------------


def length(items: Any) -> Any:
    """How many there are."""
    return items.length() if isinstance(items, rx.Var) else len(items)


def text(value: Any) -> Any:
    """A number as text, to be joined with others by `+`."""
    return value.to(str) if isinstance(value, rx.Var) else str(value)


_ENCODE = rx.vars.FunctionStringVar.create("encodeURIComponent")


def in_address(value: Any) -> Any:
    """A text as the value of a parameter of an address; written alike in both readings."""
    return _ENCODE.call(value).to(str) if isinstance(value, rx.Var) else quote(value, safe="!'()*")


def not_(condition: Any) -> Any:
    return ~condition if isinstance(condition, rx.Var) else not condition


def both(*conditions: Any) -> Any:
    """Whether all of them hold."""
    return _joined(conditions, all, lambda a, b: a & b)


def either(*conditions: Any) -> Any:
    """Whether one of them holds."""
    return _joined(conditions, any, lambda a, b: a | b)


def _joined(
    conditions: Sequence[Any], plain: Callable[[Any], bool], joined: Callable[[Any, Any], Any]
) -> Any:
    variables = [condition for condition in conditions if isinstance(condition, rx.Var)]
    if not variables:
        return plain(conditions)
    fixed = plain([condition for condition in conditions if not isinstance(condition, rx.Var)])
    if len(variables) < len(conditions) and fixed == (plain is any):
        return fixed
    result = variables[0].bool()
    for condition in variables[1:]:
        result = joined(result, condition.bool())
    return result


def contains(items: Any, item: Any) -> Any:
    return items.contains(item) if isinstance(items, rx.Var) else item in items


def field_of(view: Any, name: Any) -> Any:
    """The field of a view whose name is a value itself."""
    return view.to(dict[str, Any])[name].to(str) if isinstance(view, rx.Var) else getattr(view, name)
