"""Uses of Reflex's private API: a list of every file that has some, and functions that several rooms share.

To take a new version of Reflex: pin it, run tests/house/test_reflex_private.py, review each file that the
test names, and change `VERSION` last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.state import BaseState, OnLoadInternalState
from reflex_base.constants.state import FIELD_MARKER
from reflex_base.vars.function import ArgsFunctionOperation

Delta = dict[str, dict[str, Any]]
"""What an update changes: a State's full name -> the name of a var, with its marker -> its value."""

VERSION = "0.10.1"
"""The version that this list was checked against; requirements.in pins it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file that uses Reflex's private API.

    uses      `module:Class.attribute` for what has to exist
    anchors   (file of the package reflex_base, text that it has exactly once)
    upstream  what Reflex's public API has for it, and why it isn't enough
    """

    file: str
    why: str
    upstream: str
    uses: tuple[str, ...] = ()
    anchors: tuple[tuple[str, str], ...] = ()


_REGISTRY = "reflex_base.registry:RegistrationContext"
_MEMORY = "reflex.istate.manager.memory:StateManagerMemory"
_PROCESSOR = "reflex_base.event.processor.event_processor:EventProcessor"

PLACES = (
    Place(
        "reflex_private.py",
        "Pushes and refusals are deltas of our own, in which a marker follows the name of each var. A"
        " State's name in the browser is a prefix of the names of its vars.",
        "Assigning to a State's vars, which takes the State's lock, one tab after the other.",
        (
            "reflex_base.constants.state:FIELD_MARKER",
            "reflex_base.vars.function:ArgsFunctionOperation.create",
            "reflex.state:BaseState._get_resolved_delta",
            "reflex.state:BaseState._clean",
        ),
    ),
    Place(
        "realtime/wire.py",
        "What many tabs are sent is made JSON once.",
        "Reflex makes every update JSON as a whole.",
        ("reflex.state:StateUpdate", "reflex_base.utils.format:json_dumps"),
    ),
    Place(
        "realtime/page_values.py",
        "A page that connects is sent what its States hold beyond what it has already.",
        "Reflex's own answer makes every var of every State JSON twice, and knows nothing of documents.",
        (
            "reflex.istate.delta:_resolve_delta",
            "reflex.state:BaseState._clean",
            "reflex.state:BaseState.base_vars",
            "reflex.state:BaseState.computed_vars",
            "reflex.state:BaseState.rx_router_headers",
            "reflex.state:BaseState.rx_router_session",
            "reflex.state:BaseState.substates",
            "reflex.state:State",
            "reflex.state:all_base_state_classes",
            "reflex.state:state_snapshot_hashes",
            "reflex_base.constants.state:FIELD_MARKER",
            "reflex_base.utils.format:json_dumps",
            "reflex_base.vars.base:ComputedVar._backend",
        ),
        (
            ("compiler/templates.py", "export const initialEvents = (first = false) => {{"),
            (".templates/web/utils/state.js", "socket.current.auth = bootAuth(true);"),
            (".templates/web/utils/state.js", "socket.current.auth = bootAuth(false);"),
        ),
    ),
    Place(
        "state/base.py",
        "A failure is answered with a delta that goes straight to the page, not with an event. Cookies and"
        " addresses are read from the vars that `State.router` is made of each time that it is read.",
        "An event that shows a toast, which is evaluated script. `State.router` takes eight times as long.",
        (
            "reflex_base.event.context:EventContext.emit_delta",
            "reflex_base.event:EventSpec",
            "reflex.state:BaseState.rx_router_headers",
            "reflex.state:BaseState.rx_router_url",
        ),
    ),
    Place(
        "state/live.py",
        "One message for all pages of a room, instead of one for each tab; pages call a handler by its name.",
        "rx.SharedState, whose cost grows with the square of the tabs.",
        (
            "reflex.app:App.sio",
            "reflex.app:App.event_namespace",
            "reflex.state:BaseState.rx_router_session",
            "reflex.state:OnLoadInternalState.on_load_internal",
            "reflex.state:StateUpdate",
            "reflex_base.event:Event.name",
            "reflex_base.event:EventHandler",
            f"{_REGISTRY}.app",
            "reflex_base.utils.format:format_event_handler",
        ),
    ),
    Place(
        "components/parts.py",
        "What arguments a component's own events carry.",
        "Documented for wrapped components, imported from where the documentation imports it.",
        ("reflex.event:no_args_event_spec", "reflex.event:passthrough_event_spec"),
    ),
    Place(
        "web/event_entry.py",
        "A malformed event, or one too many of a tab, is dropped before Reflex keeps or logs any of it.",
        "None: the namespace and the queues have no hook, and the middleware comes later.",
        (
            "reflex.app:App._event_namespace",
            "reflex.app:App._state_manager",
            "reflex.app:App.event_processor",
            "reflex.app:EventNamespace.on_event",
            "reflex.app:EventNamespace.on_disconnect",
            "reflex.app:EventNamespace.link_token_to_sid",
            "reflex.app:EventNamespace.sid_to_token",
            f"{_PROCESSOR}._futures",
            f"{_PROCESSOR}._token_queues",
            f"{_REGISTRY}.event_handlers",
            "reflex_base.event.context:EventContext.txid",
        ),
    ),
    Place(
        "web/tab_states.py",
        "States are bounded in number and time, and those of open tabs stay.",
        "`redis_token_expiration` bounds the time alone, and ends States of tabs that are open.",
        tuple(
            f"{_MEMORY}.{name}"
            for name in (
                "states",
                "token_expiration",
                "_states_locks",
                "_token_expires_at",
                "_expiration_task",
                "_track_token",
                "_purge_token",
                "_purge_expired_tokens",
                "_expire_states",
                "_ensure_expiration_task",
            )
        )
        + (
            "reflex.istate.manager.token:BaseStateToken",
            "reflex.istate.manager.token:StateToken.cache_key",
            "reflex.state:State",
        ),
    ),
    Place(
        "web/guard.py",
        "Every event is checked against its handler's policy and types, also those of Reflex's own handlers.",
        "Middleware is public, and used; that `router_data` has the connection's entries isn't documented.",
        (
            "reflex.middleware.middleware:Middleware.preprocess",
            "reflex.state:BaseState",
            "reflex.state:StateUpdate",
            "reflex.state:State.set_is_hydrated",
            "reflex_base.event:Event.router_data",
            "reflex_base.event.context:EventContext.router_data",
            "reflex_base.utils.form:FORM_DATA_ENTRIES_KEY",
            f"{_REGISTRY}.event_handlers",
            "reflex.state:State.hydrate",
            "reflex.state:State.hydrate_and_load",
            "reflex.state:OnLoadInternalState.on_load_internal",
            "reflex.state:FrontendEventExceptionState.handle_frontend_exception",
        ),
    ),
    Place(
        "web/page_load.py",
        "A page loads in one event with one answer, instead of one for each handler and two beside them.",
        "Middleware is public, and used; which handlers a page loads with, and Reflex's own events, aren't.",
        (
            "reflex.app:App.get_load_events",
            "reflex.middleware.middleware:Middleware.preprocess",
            "reflex.state:BaseState._get_root_state",
            "reflex.state:BaseState.rx_router_route_id",
            "reflex.state:BaseState.rx_router_url",
            "reflex.state:State.hydrate_and_load",
            "reflex.state:OnLoadInternalState.on_load_internal",
            "reflex.state:OnLoadInternalState.set_is_hydrated",
            "reflex.state:StateUpdate",
            "reflex_base.event:Event.from_event_type",
            "reflex_base.registry:RegisteredEventHandler",
            f"{_REGISTRY}.event_handlers",
        ),
    ),
    Place(
        "web/private_states.py",
        "States with handlers for staff or customers are emptied when the tab's session changes.",
        "None.",
        ("reflex.state:BaseState.reset", "reflex.state:BaseState.get_state", f"{_REGISTRY}.event_handlers"),
    ),
    Place(
        "web/open_sockets.py",
        "The page of somebody whose session has ended is emptied from outside of any event.",
        "`App.modify_state` is public, and used; which tab a socket belongs to, and its rooms, aren't.",
        (
            "reflex.app:App.modify_state",
            "reflex.app:App.sio",
            "reflex.app:App.event_namespace",
            "reflex.app:EventNamespace.emit_update",
            "reflex.app:EventNamespace.sid_to_token",
            "reflex.istate.manager.token:BaseStateToken",
            "reflex.state:State",
            "reflex.state:StateUpdate",
            "reflex_base.event:Event.name",
        ),
    ),
    Place(
        "web/frontend.py",
        "The browser talks to the host and port that served the page; under `reflex run` what isn't a page"
        " goes from Vite's port to the server; Tailwind's theme is CSS.",
        "`add_modify_task` is the public way to change a built file. `api_url` fixes the port at the build;"
        " Vite's `server.proxy` and Tailwind's CSS can't be set.",
        (
            "reflex_base.config:get_config",
            "reflex_base.constants.base:Templates.Dirs",
            "reflex_base.plugins.base:Plugin.pre_compile",
            "reflex_base.plugins.tailwind_v4:TailwindV4Plugin.get_frontend_development_dependencies",
        ),
        (
            (".templates/web/utils/state.js", "endpoint.hostname = frontend_hostname;"),
            ("compiler/templates.py", '    hmr: {"true" if hmr else "false"},{warmup_str}'),
        ),
    ),
    Place(
        "web/back_office_states.py",
        "What the storefront loads has nothing of the back office, down to the first values of its States.",
        "Reflex writes the first values of all States into one file, and has no setting for that.",
        (
            "reflex.compiler.utils:compile_state",
            "reflex.state:BaseState.get_substates",
            f"{_REGISTRY}.event_handlers",
            "reflex_base.utils.format:json_dumps",
        ),
        (
            ("compiler/templates.py", "export const initialState = "),
            ("compiler/templates.py", "  const [store] = useState(() => createStateStore(initialState));"),
        ),
    ),
    Place(
        "components/admin/states.py",
        "A page imports a file of the build for what that does when it is loaded.",
        "Documented for wrapped components, imported from where the documentation imports it.",
        ("reflex_base.utils.imports:ImportVar",),
    ),
    Place(
        "shop_app.py",
        "Two applications in one process; no script that reloads; the build is read in production alone;"
        " handlers may finish before the process ends.",
        "`fork` is what Reflex's error message recommends. The rest has no setting.",
        (
            f"{_REGISTRY}.fork",
            f"{_REGISTRY}.ensure_context",
            "reflex_base.utils.exceptions:ReflexRuntimeError",
            "reflex.state:FrontendEventExceptionState.auto_reload_on_errors",
            "reflex.utils.exec:is_prod_mode",
        ),
    ),
    Place(
        "web/under_way.py",
        "Handlers that have begun finish while their sockets are open.",
        "Reflex waits for handlers with a time-out of its own, but after the server has closed the sockets.",
        (
            "reflex.app:App.event_processor",
            f"{_PROCESSOR}._futures",
            f"{_PROCESSOR}.graceful_shutdown_timeout",
            "reflex_base.event.processor.future:EventFuture.wait_all",
        ),
    ),
    Place(
        "web/edge.py",
        "Reflex's own addresses that the shop doesn't use are closed.",
        "None: they can't be left out.",
        tuple(
            f"reflex_base.constants.event:Endpoint.{name}"
            for name in ("PING", "EVENT", "UPLOAD", "AUTH_CODESPACE", "HEALTH", "ALL_ROUTES")
        ),
    ),
    Place(
        "web/event_shape.py",
        "An event has the entries that the browser's code writes into it, and no others.",
        "None: Reflex takes whatever comes.",
        anchors=((".templates/web/utils/state.js", "      asPath: loc.pathname + search + hash,"),),
    ),
    Place(
        "web/sockets.py",
        "A socket may send the packets that the browser's code sends, and no others of socket.io.",
        "None.",
        (
            "reflex_base.constants.event:SocketEvent.PING",
            "reflex_base.constants.event:SocketEvent.EVENT",
            "reflex_base.constants.event:SocketEvent.CLIENT_ERROR",
        ),
        (
            (".templates/web/utils/state.js", 'const CLIENT_ERROR_EVENT = "client_error";'),
            (".templates/web/utils/state.js", 'socket.emit("event", encodeFormDataArgs(routed_event));'),
        ),
    ),
    Place(
        "web/shells.py",
        "Built pages are read once, split, and filled with content.",
        "None: pages are built without their data.",
        ("reflex_base.constants.base:ReactRouter.SPA_FALLBACK",),
    ),
    Place(
        "web/logs.py",
        "Messages of loggers that write whole events, headers or values are shortened.",
        "None: their messages contain what browsers sent.",
        (
            "reflex_base.event.processor",
            "reflex.app",
            "reflex_base.vars.base",
            "reflex.state",
            "reflex.utils.token_manager",
        ),
    ),
    Place(
        "../rxconfig.py",
        "Dead sockets are noticed early, messages are small, and the start makes no request to the internet.",
        "These are documented variables.",
        tuple(
            f"reflex_base.environment:EnvironmentVariables.{name}"
            for name in (
                "REFLEX_CHECK_LATEST_VERSION",
                "REFLEX_SOCKET_TIMEOUT",
                "REFLEX_SOCKET_MAX_HTTP_BUFFER_SIZE",
                "REFLEX_HOT_RELOAD_EXCLUDE_PATHS",
                "REFLEX_AUTO_RELOAD_COOLDOWN",
            )
        ),
    ),
    Place(
        "serve.py",
        "The shop starts the server itself, on an earlier build; rxconfig.py names the module that it runs.",
        "`reflex run --env prod` builds anew at every start, and bounds no connections.",
        (
            "reflex_base.config:get_config",
            "reflex_base.config:Config.module",
            "reflex_base.environment:EnvironmentVariables.REFLEX_SKIP_COMPILE",
            "reflex_base.environment:EnvironmentVariables.REFLEX_ENV_MODE",
        ),
    ),
)


def delta(state: type[rx.State], values: Mapping[str, Any]) -> Delta:
    """The delta that sends these values of a State to a page, whether the State declares them or not."""
    return {state.get_full_name(): {name + FIELD_MARKER: value for name, value in values.items()}}


async def changed(state: BaseState) -> Delta:
    """The delta of what has changed in a State and those below it; they count as sent from then on."""
    values = await state._get_resolved_delta()
    state._clean()
    return values


def undeclared(var: rx.Var, key: rx.Var | str) -> rx.Var:
    """The value that a page was sent for `var`'s State under a key that the State doesn't declare.

    var   any var of that State that it declares itself, such as `Live.born`
    """
    state = str(rx.Var.create(var)).rpartition(".")[0]
    fields = rx.Var(state, _var_data=rx.Var.create(var)._get_all_var_data()).to(dict[str, dict[str, Any]])
    return fields[rx.Var.create(key).to(str) + FIELD_MARKER]


def overlaid(base: rx.Var, news: rx.Var) -> rx.Var:
    """`base` overlaid with the fields of `news` where `news` is there and newer; of `base`'s type.

    `news` has its time in `at`, `base` in `as_of_ms` or `as_of`, each in milliseconds.
    """
    old, new = rx.Var("base").to(dict[str, Any]), rx.Var("news").to(dict[str, Any])
    as_of = old["as_of_ms"].to(int) | old["as_of"].to(int) | 0
    newer = old.bool() & new.bool() & (new["at"].to(int) > as_of.to(int))
    choose = ArgsFunctionOperation.create(("news", "base"), rx.cond(newer, old.merge(new), old))
    return choose.call(news, base).to(base._var_type)


def load_again() -> str:
    """The full name of the event by which a page runs its load handlers again."""
    return f"{OnLoadInternalState.get_full_name()}.on_load_internal"
