"""What a page has sent and the server hasn't said to be handled is sent again after a lost connection.

The other half is `web/taken_events.py`, by which an event that comes twice runs once. It knows only what its
own process has taken: a page that comes to another one forgets what it had sent, and shows what is.
"""

from __future__ import annotations

from functools import reduce

from .taken_events import KEPT_SECONDS

AGAIN_MS = (KEPT_SECONDS - 60) * 1000
"""An older event isn't sent again: the server may have forgotten that it has handled it."""
_EMIT = '    socket.emit("event", encodeFormDataArgs(routed_event));\n'
_KEEP = "    emitKept(socket, encodeFormDataArgs(routed_event));\n"
_QUEUE = "// Array holding pending events to be processed.\n"
_KEPT = """const unhandled = new Map();
const MOST_UNHANDLED = 50;
let server_process;

const emitKept = (socket, event) => {
  // A page that connects again is loaded again anyway.
  if (event.name.endsWith(".on_load_internal")) {
    socket.emit("event", event);
    return;
  }
  const kept = { ...event, id: generateUUID() };
  unhandled.set(kept.id, { kept, sent_at: Date.now() });
  if (unhandled.size > MOST_UNHANDLED) unhandled.delete(unhandled.keys().next().value);
  socket.emit("event", kept);
};

// Nobody knows whether these were handled: buttons that wait for them don't any more (assets/parts/busy.jsx).
const forgetUnhandled = () => {
  if (unhandled.size > 0) document.dispatchEvent(new Event("unhandled"));
  unhandled.clear();
};

const sendAgain = (socket) => {
  for (const { sent_at } of unhandled.values()) {
    if (Date.now() - sent_at > %(again_ms)d) forgetUnhandled();
  }
  for (const { kept } of unhandled.values()) socket.emit("event", kept);
};

"""
_DRAIN = "    // Drain any initial events from the queue.\n"
_AGAIN = "    sendAgain(socket.current);\n"
_DISCONNECT = '  socket.current.on("disconnect", (reason, details) => {\n'
# The session of who sent it has ended.
_ENDED = '    if (reason === "io server disconnect") forgetUnhandled();\n'
_NEW_TOKEN = '  socket.current.on("new_token", async (new_token) => {\n'
_HANDLED = """  socket.current.on("handled", (id) => unhandled.delete(id));
  socket.current.on("process", (name) => {
    if (server_process !== name) forgetUnhandled();
    server_process = name;
  });
"""


def send_again(state_js: str) -> str:
    """Reflex's state.js, which sends again what a lost connection may have swallowed.

    Errors  RuntimeError where Reflex changed the file: a new version has to be looked at.
    """
    changes = {
        _EMIT: _KEEP,
        _QUEUE: _KEPT % {"again_ms": AGAIN_MS} + _QUEUE,
        _DRAIN: _AGAIN + _DRAIN,
        _DISCONNECT: _DISCONNECT + _ENDED,
        _NEW_TOKEN: _HANDLED + _NEW_TOKEN,
    }
    if not all(state_js.count(text) == 1 for text in changes):
        raise RuntimeError("Reflex's state.js no longer has the lines by which it sends events")
    return reduce(lambda text, change: text.replace(*change), changes.items(), state_js)
