"""The guard: lets no event of a browser reach a handler without policy and bounds.

Default-deny. A handler without a policy is refused (and the server doesn't start with one), so are
unknown, missing and ill-typed arguments; who sent the event is looked up on every event that isn't public, or
comes from a browser with a session, once for all handlers of a page that loads. Whoever is someone else than
the tab's States were filled for finds them empty.
A submitted form arrives as the model that its handler declares; errors of its fields go to the handler's
State, field by field, if that keeps them.

`router_data` distinguishes a browser's event from one that a handler chained: Reflex's socket writes the
connection's own entries (headers, address, session) into it for every event that arrives over a socket,
whatever the browser sent, and an event that a handler returned has none.
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
from shop_app.core.access import security_log
from shop_app.core.access.clients import counted, visitor_of
from shop_app.core.access.cookies import session_key
from shop_app.core.access.origin import PAGE, set_origin
from shop_app.core.access.permissions import MissingRight
from shop_app.core.access.policy import Policy, allows, policy_of, set_principal, who, who_of
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.i18n import _
from shop_app.reflex_private import Delta
from shop_app.workflows.note_refused_right import note_refused_right

from . import open_sockets
from .private_states import empty_unless_filled_for

_CONNECTION = frozenset({"token", "headers", "sid", "ip"})

_PUBLIC, _INTERNAL = Policy("public"), Policy("internal")
# Reflex's own handlers, by their function's qualified name. Others are refused: above all `setvar` and
# `update_vars_internal`, which set any var to what the browser sent.
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

Refuse = Callable[[str], Delta]
"""From a sentence for people to the delta that shows it on the page."""


class NoPolicy(RuntimeError):
    """Some handlers can't be guarded: the server must not start."""


class Refused(Exception):
    """An event isn't let through. The text is for people, "" where no page of the shop sends such events."""


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
    """What a handler declares: its policy, and its arguments by name."""

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
        if not all(
            isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in entries
        ):
            return None
        return dict(entries)
    return value


class Guard(Middleware):
    """Reflex calls `preprocess` before every event, also before those that handlers chain."""

    def __init__(self, refuse: Refuse) -> None:
        self._refuse = refuse
        self._rules: dict[str, Rule] = {}

    async def preprocess(self, app: Any, state: BaseState, event: Event) -> StateUpdate | None:
        """None lets the event through, with its payload replaced by the validated values."""
        try:
            notice = await self.refusal(state, event)
        except FormRejected as rejected:
            sentence = await _show_errors(state, event.name, rejected.error)
            notice = self._notice(sentence)
        if notice is None:
            return None
        # With the errors of the form, and States that were emptied.
        return StateUpdate(delta={**await reflex_private.changed(state), **notice})

    async def refusal(self, state: BaseState, event: Event, known: Principal | None = None) -> Delta | None:
        """The notice about an event that may not run, empty where there is nothing to say; None where it may.

        The payload is replaced by the validated values. `known` is who sent the event that this is a part of.

        Errors  FormRejected.
        """
        try:
            await self._check(state, event, known)
        except Refused as refused:
            _note(event)
            return self._notice(str(refused))
        return None

    def _notice(self, sentence: str) -> Delta:
        return self._refuse(sentence) if sentence else {}

    async def _check(self, state: BaseState, event: Event, known: Principal | None) -> None:
        rule = self._rules.get(event.name) or self._learn(event.name)
        policy = rule.policy
        if policy is None:
            raise Refused("")
        from_browser = came_from_browser(event)
        if from_browser and policy.kind == "internal":
            raise Refused("")
        set_principal(None)
        set_origin(PAGE, counted(_connection(event).get("ip", "")))
        # Who sent it is checked before what: only staff see what is wrong with a form of the back office.
        needs_someone = policy.kind in ("customer", "staff") or event.name.endswith(_SENDS_ALL)
        if known or needs_someone or session_key(_cookie_header(event)):
            await self._recognise(state, event, policy, known or await _who(event))
        if from_browser:
            values = _framework_payload(event) if rule.framework else rule.checked(event.payload)
            event.payload.clear()
            event.payload.update(values)

    async def _recognise(self, state: BaseState, event: Event, policy: Policy, principal: Principal) -> None:
        """Note who sent the event, and empty the tab's private States where it is someone else now.

        Errors  Refused where the policy doesn't allow them.
        """
        await empty_unless_filled_for(state, principal)
        # An internal event of a browser has been refused before: this one was chained by a handler that ran.
        if policy.kind != "internal" and not allows(policy, principal):
            if policy.kind == principal.kind == "staff":
                await note_refused_right(principal, policy.permission, event.name.rpartition("____")[2])
                raise Refused(MissingRight(policy.permission).message)
            raise Refused(_("Sign in to do that."))
        set_principal(principal)

    def _learn(self, name: str) -> Rule:
        registered = RegistrationContext.get().event_handlers.get(name)
        rule = Rule(None, {}) if registered is None else rule_of(registered.handler.fn)
        if registered is not None:
            self._rules[name] = rule
        return rule


async def _who(event: Event) -> Principal:
    """Who has the session that the event's socket was opened with, whatever key it has by now."""
    sid = _connection(event).get("sid", "")
    if session_id := open_sockets.session_of(sid):
        return await who_of(session_id)
    cookie = _cookie_header(event)
    principal = await who(cookie) if cookie else NOBODY
    open_sockets.bind(sid, principal)
    return principal


async def _show_errors(state: BaseState, event_name: str, error: ValidationError) -> str:
    """Give a form's errors to the handler's State and return ""; a sentence where that doesn't keep them."""
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
    """Whether an event arrived over a socket; one entry of a connection is enough."""
    return not _CONNECTION.isdisjoint(event.router_data)


def _cookie_header(event: Event) -> str:
    """The Cookie header of the event's connection."""
    return _connection(event).get("headers", {}).get("cookie", "")


def _connection(event: Event) -> Mapping[str, Any]:
    """The connection that the event arrived on, or the event that chained it."""
    return event.router_data or EventContext.get().router_data or {}


def _framework_payload(event: Event) -> dict[str, Any]:
    """The arguments that Reflex's own handlers may get: bounded, and nothing from the browser's storage."""
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
    """The rule that a handler declares.

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
            # The model would also take fields that it doesn't name, of any size and number.
            return False
        return all(_bounded(part, defs, depth + 1) for part in schema["properties"].values())
    patterns = schema.get("patternProperties", {})
    values = schema.get("additionalProperties") or next(iter(patterns.values()), {})
    return "maxProperties" in schema and isinstance(values, dict) and _bounded(values, defs, depth + 1)


def unguarded() -> list[str]:
    """A sentence for each handler that can't be guarded; the policies of Reflex's own are in `_FRAMEWORK`."""
    problems = []
    for name, registered in RegistrationContext.get().event_handlers.items():
        handler = registered.handler.fn
        try:
            rule = rule_of(handler)
        except NoPolicy as error:
            problems.append(str(error))
            continue
        if rule.framework and rule.policy is None and handler.__qualname__ not in _CLOSED:
            problems.append(f"{name}: a new handler of Reflex's, which has no policy in the guard yet")
        elif not rule.framework and rule.policy is None:
            problems.append(
                f"{handler.__module__}.{handler.__qualname__}: no policy; write @public, @customer, "
                "@staff(…) or @internal above it"
            )
    return problems


def refuse_unknown_permissions(permissions: Collection[str]) -> None:
    """Stop the start where a handler asks for a permission that isn't one of these.

    Errors  NoPolicy with every such handler.
    """
    problems = [
        f"{name}: no part of the shop has the permission {policy.permission}"
        for name, registered in RegistrationContext.get().event_handlers.items()
        if (policy := policy_of(registered.handler.fn))
        and policy.kind == "staff"
        and policy.permission not in {"", *permissions}
    ]
    if problems:
        raise NoPolicy("Handlers that nobody may call:\n" + "\n".join(problems))


def refuse_unguarded() -> None:
    """Stop the start while a handler lacks its policy.

    Errors  NoPolicy with every such handler.
    """
    if problems := unguarded():
        raise NoPolicy("Handlers without a guard:\n" + "\n".join(problems))
