"""The guard: no event of a browser reaches a handler that didn't ask for it, with values it didn't ask for.

Default-deny. A handler without a policy is refused (and the server doesn't start with one), so are
unknown, missing and ill-typed arguments; who is asking is looked up on every event that isn't public.
A submitted form arrives as the model that its handler declares; what is wrong with its fields goes to the
State that keeps such errors, field by field.

A browser's event and one that the server chained are told apart by `router_data`: Reflex's socket
writes the connection's own entries (headers, address, session) into it for every event that arrives
over a socket, whatever the browser sent, and an event that a handler returned carries none.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.event import Event
from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext
from reflex_base.utils.form import FORM_DATA_ENTRIES_KEY

from shop_app import reflex_private
from shop_app.core.access.principal import NOBODY
from shop_app.core.i18n import _

from ..core.access import security_log
from ..core.access.clients import counted, visitor_of
from ..core.access.policy import Policy, allows, policy_of, set_principal, who
from .private_states import empty_unless_filled_for

_CONNECTION = frozenset({"token", "headers", "sid", "ip"})

_PUBLIC, _INTERNAL = Policy("public"), Policy("internal")
# Reflex's own handlers, by the name of their function. What isn't here is refused: `setvar` and
# `update_vars_internal` above all, which write what the browser says.
_FRAMEWORK = {
    "State.hydrate": _PUBLIC,
    "State.hydrate_and_load": _PUBLIC,
    "OnLoadInternalState.on_load_internal": _PUBLIC,
    "FrontendEventExceptionState.handle_frontend_exception": _PUBLIC,
    "State.set_is_hydrated": _INTERNAL,
    "OnLoadInternalState.set_is_hydrated": _INTERNAL,
}
_SENDS_ALL = (".hydrate", ".hydrate_and_load")
"""Reflex's events whose answer has every var of every State in it."""
_CLOSED = frozenset({"EventHandlerSetVar.setvar", "UpdateVarsInternalState.update_vars_internal"})

Refuse = Callable[[str], dict[str, dict[str, Any]]]
"""From a sentence for people to the values of a State that show it on the page."""


class NoPolicy(RuntimeError):
    """Some handlers can't be guarded: the server must not start."""


class Refused(Exception):
    """An event isn't let through. The text is for people; "" where there is nobody to tell."""


class FormRejected(Exception):
    """Some fields of a submitted form aren't taken; each of `error` names its field."""

    def __init__(self, error: ValidationError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Argument:
    adapter: TypeAdapter[Any]
    required: bool
    is_form: bool
    """Whether it is a model, whose fields have errors of their own."""

    def checked(self, value: Any) -> Any:
        """The validated value.

        Errors  FormRejected for fields of a form, Refused for everything else.
        """
        try:
            return self.adapter.validate_python(_form(value))
        except ValidationError as error:
            if self.is_form and all(detail["loc"] for detail in error.errors(include_url=False)):
                raise FormRejected(error) from None
        except RecursionError:
            pass
        raise Refused(_("That value can't be used here."))


@dataclass(frozen=True, slots=True)
class Rule:
    """What the guard knows of a handler; `arguments` has a check for each name."""

    policy: Policy | None
    arguments: Mapping[str, Argument]
    framework: bool = False

    def checked(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """The payload with validated values.

        Errors  Refused for anything unknown, missing or outside of its type; FormRejected.
        """
        required = {name for name, argument in self.arguments.items() if argument.required}
        if not required <= payload.keys() <= self.arguments.keys():
            raise Refused(_("That can't be done here."))
        return {name: self.arguments[name].checked(value) for name, value in payload.items()}


def _form(value: Any) -> Any:
    """A submitted form as the dict of its last values; everything else as it came."""
    if isinstance(value, dict) and value.keys() == {FORM_DATA_ENTRIES_KEY}:
        entries = value[FORM_DATA_ENTRIES_KEY]
        if not isinstance(entries, list) or len(entries) > 200:
            return None
        try:
            return dict(entries)
        except (TypeError, ValueError):
            return None
    return value


class Guard(Middleware):
    """Reflex calls `preprocess` before every event, also for those that handlers chain."""

    def __init__(self, refuse: Refuse) -> None:
        self._refuse = refuse
        self._rules: dict[str, Rule] = {}

    async def preprocess(self, app: Any, state: BaseState, event: Event) -> StateUpdate | None:
        """None lets the event through, its payload now made of validated values."""
        try:
            await self._check(state, event)
        except Refused as refused:
            _note(event)
            return StateUpdate(delta=await self._answer(state, str(refused)))
        except FormRejected as rejected:
            sentence = await _show_errors(state, event.name, rejected.error)
            return StateUpdate(delta=await self._answer(state, sentence))
        return None

    async def _answer(self, state: BaseState, sentence: str) -> dict[str, dict[str, Any]]:
        """What a refused event changes on its page: a notice, the errors of its form, what was emptied."""
        emptied = await reflex_private.changed(state)
        return {**emptied, **(self._refuse(sentence) if sentence else {})}

    async def _check(self, state: BaseState, event: Event) -> None:
        rule = self._rules.get(event.name) or self._learn(event.name)
        policy = rule.policy
        if policy is None:
            raise Refused("")
        from_browser = came_from_browser(event)
        if from_browser and policy.kind == "internal":
            raise Refused("")
        set_principal(None)
        # First who asks, then what: nobody else learns what is wrong with a form of the staff's.
        if policy.kind in ("customer", "staff") or event.name.endswith(_SENDS_ALL):
            await self._look_up(state, event, policy)
        if from_browser:
            values = _framework_payload(event) if rule.framework else rule.checked(event.payload)
            event.payload.clear()
            event.payload.update(values)

    async def _look_up(self, state: BaseState, event: Event, policy: Policy) -> None:
        """Find out afresh who asks, for what only some may do, and for what sends all that a tab holds."""
        cookie = _cookie_header(event)
        principal = await who(cookie) if cookie else NOBODY
        await empty_unless_filled_for(state, principal)
        if not allows(policy, principal):
            if policy.kind == principal.kind == "staff":
                raise Refused(_("You don't have the right to do that."))
            raise Refused(_("Sign in to do that."))
        set_principal(principal)

    def _learn(self, name: str) -> Rule:
        registered = RegistrationContext.get().event_handlers.get(name)
        rule = Rule(None, {}) if registered is None else rule_of(registered.handler.fn)
        if registered is not None:
            self._rules[name] = rule
        return rule


async def _show_errors(state: BaseState, event_name: str, error: ValidationError) -> str:
    """Give a form's errors to the State that keeps them; where it keeps none, a sentence for a notice."""
    owner = await state.get_state(RegistrationContext.get().event_handlers[event_name].states[0])
    if (reject := getattr(owner, "_reject", None)) is None:
        return _("That value can't be used here.")
    reject(error)
    return ""


def _note(event: Event) -> None:
    connection = _connection(event)
    security_log.note(
        "event refused",
        address=counted(connection.get("ip", "")),
        visitor=visitor_of(_cookie_header(event)),
        detail=event.name[-80:],
    )


def came_from_browser(event: Event) -> bool:
    """Whether an event arrived over a socket: fails safe, a trace of a connection is enough."""
    return not _CONNECTION.isdisjoint(event.router_data)


def _cookie_header(event: Event) -> str:
    """The Cookie header of the event's connection."""
    return _connection(event).get("headers", {}).get("cookie", "")


def _connection(event: Event) -> Mapping[str, Any]:
    """The connection that the event arrived on, or the event that chained it."""
    return event.router_data or EventContext.get().router_data or {}


def _framework_payload(event: Event) -> dict[str, Any]:
    """What Reflex's own handlers may get: no stored values of the browser, no endless texts."""
    payload = event.payload
    if event.name.endswith(".hydrate_and_load"):
        hashes = payload.get("hashes")
        good = (
            isinstance(hashes, list)
            and len(hashes) <= 500
            and all(isinstance(value, str) and len(value) <= 80 for value in hashes)
        )
        return {"hashes": hashes} if good else {}
    if event.name.endswith(".handle_frontend_exception"):
        return {name: str(payload.get(name, ""))[:2000] for name in ("info", "component_stack")}
    return {}


def rule_of(handler: Callable[..., Any]) -> Rule:
    """What a handler declares about itself.

    Errors  NoPolicy where an argument has no type, or one without bounds.
    """
    if handler.__module__ == "reflex.state" or handler.__module__.startswith("reflex."):
        return Rule(_FRAMEWORK.get(handler.__qualname__), {}, framework=True)
    policy = policy_of(handler)
    if policy is None:
        return Rule(None, {})
    hints = typing.get_type_hints(handler, include_extras=True)
    arguments = {}
    for parameter in list(inspect.signature(handler).parameters.values())[1:]:
        required = parameter.default is parameter.empty
        if policy.kind == "internal":
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or parameter.name not in hints:
            raise NoPolicy(f"{handler.__qualname__}: the argument {parameter.name} has no type")
        adapter: TypeAdapter[Any] = TypeAdapter(hints[parameter.name])
        if not _bounded(schema := adapter.json_schema(), schema.get("$defs", {})):
            raise NoPolicy(f"{handler.__qualname__}: the type of {parameter.name} has no bounds")
        is_form = inspect.isclass(kind := hints[parameter.name]) and issubclass(kind, BaseModel)
        arguments[parameter.name] = Argument(adapter, required, is_form)
    return Rule(policy, arguments)


def _bounded(schema: Mapping[str, Any], defs: Mapping[str, Any], depth: int = 0) -> bool:
    """Whether a JSON schema lets only values of a limited size through."""
    if depth > 8:
        return False
    if "$ref" in schema:
        return _bounded(defs[schema["$ref"].rsplit("/", 1)[-1]], defs, depth + 1)
    if "enum" in schema or "const" in schema:
        return True
    if "anyOf" in schema:
        return all(_bounded(part, defs, depth + 1) for part in schema["anyOf"])
    match schema.get("type"):
        case "boolean" | "null":
            return True
        case "string":
            return "maxLength" in schema
        case "integer" | "number":
            return ("maximum" in schema or "exclusiveMaximum" in schema) and (
                "minimum" in schema or "exclusiveMinimum" in schema
            )
        case "array":
            return "maxItems" in schema and _bounded(schema.get("items", {}), defs, depth + 1)
        case "object":
            return _bounded_object(schema, defs, depth)
    return False


def _bounded_object(schema: Mapping[str, Any], defs: Mapping[str, Any], depth: int) -> bool:
    if "properties" in schema:
        if schema.get("additionalProperties"):
            # Fields that the model doesn't name would come along, of any size and number.
            return False
        return all(_bounded(part, defs, depth + 1) for part in schema["properties"].values())
    patterns = schema.get("patternProperties", {})
    values = schema.get("additionalProperties") or next(iter(patterns.values()), {})
    return "maxProperties" in schema and isinstance(values, dict) and _bounded(values, defs, depth + 1)


def unguarded() -> list[str]:
    """The handlers that can't be guarded, each with its reason; Reflex's own are judged by our table."""
    names = []
    for name, registered in RegistrationContext.get().event_handlers.items():
        handler = registered.handler.fn
        try:
            rule = rule_of(handler)
        except NoPolicy as error:
            names.append(str(error))
            continue
        if rule.framework and rule.policy is None and handler.__qualname__ not in _CLOSED:
            names.append(f"{name}: Reflex added a handler that nobody has judged yet")
        elif not rule.framework and rule.policy is None:
            names.append(
                f"{handler.__module__}.{handler.__qualname__}: no policy; write @public, @customer, "
                "@staff(…) or @internal above it"
            )
    return names


def refuse_unknown_permissions(known: Collection[str]) -> None:
    """Stop the start where a handler asks for a permission that no role can have.

    Errors  NoPolicy with every such handler.
    """
    handler = [
        f"{name}: no part of the shop has the permission {policy.permission}"
        for name, registered in RegistrationContext.get().event_handlers.items()
        if (policy := policy_of(registered.handler.fn))
        and policy.kind == "staff"
        and policy.permission not in known
    ]
    if handler:
        raise NoPolicy("Handlers that nobody may call:\n" + "\n".join(handler))


def refuse_unguarded() -> None:
    """Stop the start while a handler lacks its policy.

    Errors  NoPolicy with every such handler.
    """
    if names := unguarded():
        raise NoPolicy("Handlers without a guard:\n" + "\n".join(names))
