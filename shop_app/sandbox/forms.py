"""Parameters of requests: bracketed form fields expanded, then validated by the stripe package's own types.

These types are generated from Stripe's specification. They are made strict here: no unknown key, and only the
listed values of an enumeration.
"""

from __future__ import annotations

import re
import sys
import types
from functools import lru_cache
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict, is_typeddict

from .replies import WrongParameters

MAX_FIELDS = 2_000
_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def parse_form(encoded: str) -> dict[str, Any]:
    """The nested values of a form-encoded text: a[0][b]=1 becomes {"a": [{"b": "1"}]}.

    Errors  WrongParameters for a key that can't be read.
    """
    tree: dict[str, Any] = {}
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise WrongParameters("Too many parameters") from None
    for name, value in pairs:
        match = _KEY.fullmatch(name)
        if not match:
            raise WrongParameters(f"Invalid parameter name: {name[:100]}", param=name[:100])
        path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        _put(tree, path, value)
    return {name: _lists(branch) for name, branch in tree.items()}


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part or str(len(tree)), {})
        if not isinstance(tree, dict):
            raise WrongParameters(f"Invalid parameter: {path[0]}", param=path[0])
    tree[path[-1] or str(len(tree))] = value


def _lists(branch: Any) -> Any:
    if not isinstance(branch, dict):
        return branch
    values = [_lists(value) for value in branch.values()]
    if branch and all(name.isdigit() for name in branch):
        return values
    return dict(zip(branch, values, strict=True))


def checked(kind: Any, given: dict[str, Any], *, only: frozenset[str] | None = None) -> dict[str, Any]:
    """The parameters as the stripe package types them, numbers and switches converted.

    Errors  WrongParameters names the first wrong one; also for one that isn't in `only`, which Stripe
            has and the sandbox doesn't.
    """
    try:
        taken: dict[str, Any] = _adapter(kind).validate_python(given)
    except ValidationError as error:
        raise _wrong(error) from None
    for name in taken:
        if only is not None and name not in only:
            raise WrongParameters(f"The sandbox doesn't do {name}.", param=name)
    return taken


def _wrong(error: ValidationError) -> WrongParameters:
    first = min(error.errors(include_url=False, include_context=False), key=lambda e: len(e["loc"]))
    # `loc` also names members of unions; only fields and positions belong into the parameter's name.
    steps = [str(part) for part in first["loc"] if isinstance(part, int) or str(part).isidentifier()]
    param = steps[0] + "".join(f"[{step}]" for step in steps[1:]) if steps else ""
    if first["type"] == "missing":
        return WrongParameters(f"Missing required param: {param}.", code="parameter_missing", param=param)
    if first["type"] == "extra_forbidden":
        return WrongParameters(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)
    if first["type"].startswith("int"):
        return WrongParameters(f"Invalid integer: {param}", code="parameter_invalid_integer", param=param)
    return WrongParameters(f"Invalid {param}: {first['msg']}", param=param)


@lru_cache(maxsize=64)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(_strict(kind))


def _strict(kind: Any) -> Any:
    """A type of the package, made strict."""
    if is_typeddict(kind):
        return _strict_dict(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (NotRequired, Required):
        return origin[_strict(inner[0])]
    if origin in (Union, types.UnionType):
        return _strict_union(inner)
    if origin is list:
        return list[_strict(inner[0])]
    if origin is dict:
        return dict[_strict(inner[0]), _strict(inner[1])]
    return kind


def _strict_union(members: tuple[Any, ...]) -> Any:
    literals = [m for m in members if get_origin(m) is Literal and get_args(m) != ("",)]
    strict = [m for m in members if "UntypedStripeObject" not in repr(m) and not (m is str and literals)]
    return Union[tuple(_strict(member) for member in strict)]  # noqa: UP007


@lru_cache(maxsize=512)
def _strict_dict(kind: Any) -> Any:
    from stripe import RequestOptions

    # Every parameter class also has the options of the request itself; they are no parameters.
    of_the_call = RequestOptions.__annotations__
    own = {name: hint for name, hint in kind.__annotations__.items() if name not in of_the_call}
    holder = type("Parameters", (), {"__annotations__": own})
    hints = get_type_hints(holder, vars(sys.modules[kind.__module__]), include_extras=True)
    fields = {name: _strict(hint) for name, hint in hints.items()}
    strict = TypedDict(kind.__name__, fields)  # pyright: ignore
    strict.__pydantic_config__ = ConfigDict(extra="forbid")  # pyright: ignore
    return strict
