"""The build without the back office in what other pages load: the first values of its States have a file of
their own, which its pages import.

Reflex writes the first values of every State into one file that every page loads. A State that such a page
doesn't know is kept until its values come.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from reflex.compiler.utils import compile_state
from reflex.state import BaseState, State
from reflex_base.registry import RegistrationContext
from reflex_base.utils.format import json_dumps

from shop_app.core.access.policy import policy_of

MODULE = "utils/back-office.js"
SCRIPTS = (
    "admin.js",
    "admin-list.js",
    "admin-matrix.js",
    "admin-options.js",
    "admin-pictures.js",
    "admin-product.js",
    "admin-stock.js",
    "passkeys.js",
    "picture.js",
)
"""Files of `assets/` that every page of the back office loads, and no other page; but the sign-in of
customers loads passkeys.js too."""
OWN = "shop_app.state.admin."
_VALUES = re.compile(r"^export const initialState = (\{.*\})$", re.MULTILINE)
_DISPATCHERS = "  const dispatchers = {};\n"
_STATE = "      state[substateName] = value;\n"
_STORE = "  const [store] = useState(() => createStateStore(initialState));\n"

# What the server sends before the file with the values of a State has come is laid over them then.
_OUR_DISPATCHERS = """  const early = {};
  const dispatchers = new Proxy({}, {
    get: (known, name) =>
      known[name] ??
      ((delta) => {
        early[name] = { ...early[name], ...delta };
      }),
  });
"""
_OUR_STATE = """      state[substateName] = { ...value, ...early[substateName] };
      delete early[substateName];
"""
_OUR_STORE = _STORE + "  openStore = store;\n"
_ADD = """
let openStore;

export function addStates(values) {
  Object.assign(initialState, values);
  openStore?.mergeInitialState(values);
}
"""
_LOAD = """
// The build draws each page once, without a browser.
for (const name of typeof document === "undefined" ? [] : %s) {
  const script = document.createElement("script");
  script.src = `/${name}`;
  document.head.append(script);
}
"""


def back_office_states() -> set[str]:
    """The full names of the States of the back office: those of `state/admin`, and any that only staff
    call."""
    kinds: dict[type[BaseState], set[str]] = {}
    for registered in RegistrationContext.get().event_handlers.values():
        policy = policy_of(registered.handler.fn)
        kinds.setdefault(registered.states[0], set()).add(policy.kind if policy else "")
    return {
        state.get_full_name()
        for state in _below(State)
        if state.__module__.startswith(OWN)
        or ("staff" in (called_by := kinds.get(state, set())) and called_by <= {"staff", "internal"})
    }


def _below(state: type[BaseState]) -> Iterator[type[BaseState]]:
    for child in state.get_substates():
        yield child
        yield from _below(child)


def without_back_office(context_jsx: str) -> str:
    """Reflex's context.jsx without the States of the back office, with a function that adds them.

    Errors  RuntimeError where Reflex changed the file: a new version has to be looked at.
    """
    parts, match = (_DISPATCHERS, _STATE, _STORE), _VALUES.search(context_jsx)
    if not match or not all(context_jsx.count(part) == 1 for part in parts):
        raise RuntimeError("Reflex's context.jsx no longer has the lines that make its store of States")
    names = back_office_states()
    values = json.loads(match[1])
    others = {name: value for name, value in values.items() if name not in names}
    line = f"export const initialState = {json.dumps(others)};\n{_ADD}"
    return (
        _VALUES.sub(lambda _match: line, context_jsx)
        .replace(_DISPATCHERS, _OUR_DISPATCHERS)
        .replace(_STATE, _OUR_STATE)
        .replace(_STORE, _OUR_STORE)
    )


def back_office_js() -> tuple[str, str]:
    """The file that adds the States and the scripts of the back office, as a build's path and text."""
    names = back_office_states()
    values = {name: value for name, value in compile_state(State).items() if name in names}
    text = 'import { addStates } from "$/utils/context";\n\naddStates(' + json_dumps(values) + ");\n"
    return MODULE, text + _LOAD % json.dumps(SCRIPTS)
