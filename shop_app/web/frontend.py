"""Plugins that change Reflex's build of the front end: the theme, and one origin for pages and socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial, reduce
from pathlib import Path
from typing import Any

from reflex_base.config import get_config
from reflex_base.constants.base import Templates
from reflex_base.plugins.base import Plugin
from reflex_base.plugins.tailwind_v4 import TailwindV4Plugin

from shop_app.core.i18n import _

from .back_office_states import back_office_js, without_back_office
from .frontend_resend import send_again

TEMPLATES = Path(Templates.Dirs.WEB_TEMPLATE)
THEME = Path(__file__).resolve().parent.parent / "components" / "theme.css"

_REFLEX_HOST = "endpoint.hostname = frontend_hostname;"
# In a built front end the page's own host and port are right, behind any proxy and on any port;
# under Vite's development server the pages and the socket have two ports, and Reflex's way stays.
_OUR_HOST = """if (import.meta.env.PROD) {
      endpoint.protocol = window.location.protocol === "https:" ? "wss:" : "ws:";
      endpoint.host = window.location.host;
      endpoint.port = window.location.port;
      return endpoint;
    }
    endpoint.hostname = frontend_hostname;"""


def use_page_origin(state_js: str) -> str:
    """Reflex's state.js with the browser's own origin in place of the address of the build.

    Errors  RuntimeError where Reflex changed the file: a new version has to be looked at.
    """
    if state_js.count(_REFLEX_HOST) != 1:
        raise RuntimeError("Reflex's state.js no longer has the line that names the socket's host")
    return state_js.replace(_REFLEX_HOST, _OUR_HOST)


# What this page's document was made with (web/held_values.py): the first event says what it is, and with the
# first update it is shown. A page that connects again is sent everything, and needs none of it.
_BOOT = "    const boot_event = withRouterData(app.initialEvents(first)[0], params);\n"
_SAY_HELD = """    heldValues = undefined;
    if (first && window.shopHeld) {
      heldValues = window.shopHeld.values;
      boot_event.payload.hashes = [...boot_event.payload.hashes, ...window.shopHeld.held];
    }
    window.shopHeld = undefined;
"""
_UPDATE = "    const delta = withoutUnknownSubstates(update.delta);\n"
_SHOW_HELD = """    if (heldValues && update.delta) {
      for (const state in heldValues) {
        update.delta[state] = { ...heldValues[state], ...update.delta[state] };
      }
      heldValues = undefined;
    }
"""
_HELD = "// Array holding pending events to be processed.\n"


def show_held_values(state_js: str) -> str:
    """Reflex's state.js that takes the values of States from the page's document.

    Errors  RuntimeError where Reflex changed the file: a new version has to be looked at.
    """
    if not all(state_js.count(line) == 1 for line in (_BOOT, _UPDATE, _HELD)):
        raise RuntimeError("Reflex's state.js no longer has the lines where a page connects and is updated")
    return (
        state_js.replace(_BOOT, _BOOT + _SAY_HELD)
        .replace(_UPDATE, _SHOW_HELD + _UPDATE)
        .replace(_HELD, "let heldValues;\n\n" + _HELD)
    )


_REFLEX_REASONS = 'reason !== "io server disconnect" && reason !== "io client disconnect";\n'
_OUR_REASONS = 'reason !== "io client disconnect";\n'
"""A page whose session has ended is hung up on, to connect again with its browser's new cookies."""
_REFLEX_LEAVES = '    window.addEventListener("beforeunload", disconnectTrigger);\n'
# Fetching a file begins as if the page were left: it would stay without its connection. One that is really
# left says so by "pagehide".
_REFLEX_RECONNECT = """    if (try_reconnect) {
      // Attempt to reconnect transient non-intentional disconnects.
      socket.current.reconnect();
    }
"""
# Reflex counts a lost connection as gone only once a try to get it back has failed, which takes up to 20 s.
# And it connects again at once, as all tabs of a server that ended do: each waits a moment of its own.
_OUR_RECONNECT = """    if (try_reconnect) {
      setConnectErrors((errors) => [...errors.slice(-9), new Error(reason)]);
      reconnectIn(Math.random() * %(first_ms)d);
    }
"""
_REFLEX_RETRY = """    window.clearTimeout(retry_timer);
    retry_timer = window.setTimeout(() => {
      retry_timer = undefined;
      if (socket.current && !socket.current.connected) {
        socket.current.reconnect();
      }
    }, 200 * failed_attempts); // Incremental backoff
  };
"""
_OUR_RETRY = """    reconnectIn(%(step_ms)d * failed_attempts * (0.5 + Math.random()));
  };

  const reconnectIn = (pause_ms) => {
    window.clearTimeout(retry_timer);
    retry_timer = window.setTimeout(() => {
      retry_timer = undefined;
      if (socket.current && !socket.current.connected) {
        socket.current.reconnect();
      }
    }, pause_ms);
  };
"""
FIRST_RECONNECT_MS = 1_000
"""A tab that has lost its connection connects again within this, at a moment of its own."""
RETRY_STEP_MS = 400
"""After each failed try, of ten, it waits as much longer, half of it more or less: 4 s in the end."""


def spread_reconnects(state_js: str) -> str:
    """Reflex's state.js, where a lost connection is said at once, and tabs connect again one after another.

    Errors  RuntimeError where Reflex changed the file: a new version has to be looked at.
    """
    lines = (_REFLEX_LEAVES, _REFLEX_REASONS, _REFLEX_RECONNECT, _REFLEX_RETRY)
    if not all(state_js.count(text) == 1 for text in lines):
        raise RuntimeError("Reflex's state.js no longer has the lines by which it connects again")
    ours = state_js.replace(_REFLEX_RECONNECT, _OUR_RECONNECT % {"first_ms": FIRST_RECONNECT_MS})
    ours = ours.replace(_REFLEX_LEAVES, "").replace(_REFLEX_REASONS, _OUR_REASONS)
    return ours.replace(_REFLEX_RETRY, _OUR_RETRY % {"step_ms": RETRY_STEP_MS})


_REFLEX_RELOAD = """  if (Date.now() - last_reload > info.reload_cooldown_ms) {
    reloadForNewVersion();
    return;
  }
"""
# A tab of another release is loaded again: after a moment of its own, while somebody looks at it, and while
# the server is there. Who has something to lose by it keeps it (assets/shop.js) or says no (assets/admin.js).
_OUR_RELOAD = """  if (Date.now() - last_reload > info.reload_cooldown_ms) {
    if (!reload_waits) window.setTimeout(reloadOnceSeen, Math.random() * %(spread_ms)d, socket);
    reload_waits = true;
    return;
  }
"""
_REFLEX_MISMATCH = "const handleStateMismatch = (info) => {\n"
_OUR_MISMATCH = """let reload_waits = false;

const reloadOnceSeen = (socket) => {
  if (document.visibilityState === "hidden") {
    document.addEventListener("visibilitychange", () => reloadOnceSeen(socket), { once: true });
    return;
  }
  reload_waits = false;
  // Without a connection there may be nothing to load; the next connection comes here again.
  if (!socket.current?.connected) return;
  if (document.dispatchEvent(new Event("newrelease", { cancelable: true }))) reloadForNewVersion();
  else showNewVersionBanner();
};

const handleStateMismatch = (info, socket) => {
"""
_REFLEX_ON_MISMATCH = "  socket.current.on(STATE_MISMATCH_EVENT, handleStateMismatch);\n"
_OUR_ON_MISMATCH = (
    "  socket.current.on(STATE_MISMATCH_EVENT, (info) => handleStateMismatch(info, socket));\n"
    "  socket.current.on("
    '"disconnect", () => document.getElementById(NEW_VERSION_BANNER_ID)?.remove());\n'
)
_REFLEX_WORDS = (
    'banner.append("A new version of this app is available.");',
    'button.textContent = "Reload";',
)
RELOAD_SPREAD_MS = 10_000


def reload_with_care(state_js: str) -> str:
    """Reflex's state.js, where a tab of another release is loaded again, without a loss and spread out.

    Errors  RuntimeError where Reflex changed the file: a new version has to be looked at.
    """
    said, pressed = _REFLEX_WORDS
    changes = {
        _REFLEX_RELOAD: _OUR_RELOAD % {"spread_ms": RELOAD_SPREAD_MS},
        _REFLEX_MISMATCH: _OUR_MISMATCH,
        _REFLEX_ON_MISMATCH: _OUR_ON_MISMATCH,
        said: f"banner.append({json.dumps(_('The shop has changed since this page was loaded.'))});",
        pressed: f"button.textContent = {json.dumps(_('Load it again'))};",
    }
    if not all(state_js.count(text) == 1 for text in changes):
        raise RuntimeError(
            "Reflex's state.js no longer has the lines that load a page of another release again"
        )
    return reduce(lambda text, change: text.replace(*change), changes.items(), state_js)


_REFLEX_STORE_HOOK = "  return useSyncExternalStore(subscribe, getSnapshot, getSnapshot);"
# What the external store announces is drawn in one go, which holds up a slow phone for as long as the whole
# page takes. As a transition it is drawn in slices of some milliseconds, between which the page answers.
_OUR_STORE_HOOK = """  const [value, setValue] = useState(getSnapshot);
  useLayoutEffect(() => {
    // What came while this was being drawn.
    setValue(getSnapshot());
    return subscribe(() => {
      const next = getSnapshot();
      startTransition(() => setValue(next));
    });
  }, [subscribe, getSnapshot]);
  return value;"""
_REFLEX_STORE_IMPORTS = "  useMemo,\n  useSyncExternalStore,\n"
_OUR_STORE_IMPORTS = "  startTransition,\n  useLayoutEffect,\n  useMemo,\n  useState,\n"


def draw_in_slices(context_registry_js: str) -> str:
    """Reflex's context-registry.js, with what a State sends drawn as a transition of React.

    Errors  RuntimeError where Reflex changed the file: a new version has to be looked at.
    """
    if context_registry_js.count(_REFLEX_STORE_HOOK) != 1 or _REFLEX_STORE_IMPORTS not in context_registry_js:
        raise RuntimeError("Reflex's context-registry.js no longer reads States by useSyncExternalStore")
    ours = context_registry_js.replace(_REFLEX_STORE_HOOK, _OUR_STORE_HOOK)
    return ours.replace(_REFLEX_STORE_IMPORTS, _OUR_STORE_IMPORTS)


# What isn't a page and is requested with GET; requests with other methods go to the server too.
BACKEND = ("media", "sandbox", "webhooks", "healthz", "readyz", r"robots\.txt", r"sitemap(-\d+)?\.xml")
_VITE_SERVER = "    hmr: true,\n"
_VITE_PROXY = """    proxy: {
      "^/": {
        target: %(backend)s,
        bypass: (req) =>
          ["GET", "HEAD"].includes(req.method) && !%(paths)s.test(req.url) ? req.url : undefined,
      },
    },
"""


def forward_to_backend(vite_config_js: str) -> str:
    """Vite's configuration with what isn't a page handed on to the server: for `reflex run` alone.

    Errors  RuntimeError where Reflex changed the file: a new version has to be looked at.
    """
    if "bypass: (req)" in vite_config_js:
        # From an earlier build: Reflex keeps the file.
        return vite_config_js
    if vite_config_js.count(_VITE_SERVER) != 1:
        raise RuntimeError("Reflex's vite.config.js no longer has the line after which the proxy goes")
    paths = f"/^\\/({'|'.join(BACKEND)})(\\/|\\?|$)/"
    proxy = _VITE_PROXY % {"backend": json.dumps(get_config().api_url), "paths": paths}
    return vite_config_js.replace(_VITE_SERVER, _VITE_SERVER + proxy)


CHANGES = {
    "utils/state.js": (use_page_origin, show_held_values, send_again, spread_reconnects, reload_with_care),
    "utils/context-registry.js": (draw_in_slices,),
}
"""File of the build -> what is changed in it."""


def changed(name: str, changes: Iterable[Callable[[str], str]], _built: str = "") -> str:
    """Reflex's own file with these changes, whatever an earlier build made of it.

    Errors  RuntimeError where Reflex changed the file: a new version has to be looked at.
    """
    return reduce(lambda text, change: change(text), changes, (TEMPLATES / name).read_text(encoding="utf-8"))


class OneOrigin(Plugin):
    """Makes the browser connect to the host that served the page, built or in development, the page show what
    its document was made with, and keeps the back office out of what other pages load."""

    def pre_compile(self, **context: Any) -> None:
        for name, changes in CHANGES.items():
            context["add_modify_task"](name, partial(changed, name, changes))
        context["add_modify_task"]("vite.config.js", forward_to_backend)
        context["add_modify_task"]("utils/context.jsx", without_back_office)
        context["add_save_task"](back_office_js)


class ShopTailwind(TailwindV4Plugin):
    """Tailwind v4 with the theme of `components/theme.css`, in CSS and not in a JavaScript config."""

    def get_frontend_development_dependencies(self, **_context: Any) -> list[str]:
        return ["tailwindcss@4.3.0", "@tailwindcss/postcss@4.3.0"]

    def pre_compile(self, **context: Any) -> None:
        super().pre_compile(**context)
        # Our theme stands where Reflex's lines of imports stood.
        context["add_modify_task"]("styles/tailwind.css", lambda _: THEME.read_text(encoding="utf-8"))
