"""What a page is sent when its socket connects: always enough to show what the server has, and no more."""

from __future__ import annotations

import json
from typing import Any

import pytest
import reflex as rx
from hypothesis import given
from hypothesis import strategies as st
from reflex.state import State
from reflex_base.utils.format import json_dumps

from shop_app.realtime import page_values
from shop_app.services.catalog.views import HomeView, ProductPage
from shop_app.state.base import Notice
from shop_app.state.checkout import Checkout
from shop_app.state.home import Home
from shop_app.state.listing import Browse
from shop_app.state.product import Product
from shop_app.state.shell import NavLink, Shell

VALUES: dict[tuple[type[rx.State], str], list[Any]] = {
    (Home, "view"): [HomeView(), HomeView(sale_count=3), HomeView(sale_count=4)],
    (Home, "loaded"): [False, True],
    (Browse, "text"): ["", "lamp"],
    (Browse, "first_page"): [1, 2],
    (Product, "page"): [ProductPage(), ProductPage(title="Lamp")],
    (Shell, "categories"): [[], [NavLink("table", "Table")]],
    (Checkout, "errors"): [{}, {"email": "Enter it"}, {"email": "Enter it", "city": "Enter it"}],
    (Notice, "text"): ["", "Added"],
}
"""Some vars, and values of them; the first is the one that a new tab has."""
IN_DOCUMENTS = [(Home, "view"), (Home, "loaded"), (Product, "page"), (Shell, "categories"), (Browse, "text")]
CONNECTION = {"rx_router_headers_rx_state_", "rx_router_session_rx_state_"}
some_values = st.fixed_dictionaries({}, optional={var: st.sampled_from(VALUES[var]) for var in VALUES})


def plain(delta: dict[str, dict[str, Any]]) -> dict[tuple[str, str], Any]:
    """The values of a delta as a browser has them."""
    read = json.loads(json_dumps(delta))
    return {(state, key): read[state][key] for state in read for key in read[state] if key not in CONNECTION}


def new_tab() -> rx.State:
    return rx.State(_reflex_internal_init=True)


async def tab_with(values: dict[tuple[type[rx.State], str], Any]) -> rx.State:
    root = new_tab()
    for (kind, var), value in values.items():
        setattr(await root.get_state(kind), var, value)
    return root


def document(values: dict[tuple[type[rx.State], str], Any]) -> dict[str, Any]:
    """What a document has that was made with these values."""
    by_state: dict[type[rx.State], dict[str, Any]] = {}
    for (kind, var), value in values.items():
        by_state.setdefault(kind, {})[var] = value
    return json.loads(page_values.held(by_state))


@given(
    here=some_values,
    held=st.fixed_dictionaries({}, optional={var: st.sampled_from(VALUES[var]) for var in IN_DOCUMENTS}),
)
async def test_a_page_shows_what_the_server_has_whatever_its_document_was_made_with(here, held):
    root, made = await tab_with(here), document(held)
    delta = await page_values.missing(root, [*await page_values.built_hashes(), *made["held"]])
    shown = plain(new_tab().dict()) | plain(made["values"]) | plain(delta)
    assert shown == plain(root.dict())
    assert not root.dirty_vars
    # And nothing is sent that it had.
    had = plain(new_tab().dict()) | plain(made["values"])
    assert [name for name, value in plain(delta).items() if had[name] == value] == []


@given(here=some_values, there=some_values)
async def test_a_page_that_connects_again_shows_what_the_server_has_whatever_it_showed(here, there):
    root, earlier = await tab_with(here), await tab_with(there)
    delta = await page_values.missing(root, [])
    assert plain(earlier.dict()) | plain(delta) == plain(delta) == plain(root.dict())


async def test_a_page_of_another_build_is_sent_everything():
    root = await tab_with({(Notice, "text"): "Added"})
    hashes = await page_values.built_hashes()
    for said in ([*hashes[:-1], "0" * 16], hashes[:-1], hashes[1:], ["x"]):
        delta = await page_values.missing(root, [*said, *document({(Browse, "text"): "lamp"})["held"]])
        assert plain(delta) == plain(root.dict()), said[-1]


async def test_a_new_tab_is_sent_nothing_and_keeps_nothing_in_memory():
    root = new_tab()
    assert await page_values.missing(root, await page_values.built_hashes()) == {}
    states = [root]
    for state in states:
        states += state.substates.values()
    assert len(states) > 10
    # In the root, the parameters of routes are read to be compared.
    assert [type(state).__name__ for state in states[1:] if state.__dict__] == []


async def test_what_the_server_knows_of_the_connection_is_not_sent():
    root = new_tab()
    root._update_router_vars(
        {
            "pathname": "/",
            "asPath": "/?a=1",
            "headers": {"cookie": "CANARY"},
            "ip": "CANARY",
            "sid": "CANARY",
        },
        {},
    )
    for said in (await page_values.built_hashes(), []):
        delta = await page_values.missing(root, said)
        assert "CANARY" not in json_dumps(delta)
        url = delta[State.get_full_name()]["rx_router_url_rx_state_"]
        assert dict(url.query_parameters) == {"a": "1"}


@pytest.mark.parametrize(
    "said",
    [["no colon"], [":"], ["0123456789:"], [f"{'0' * 10}:{'0' * 16}"], ["a:b:c"]],
    ids=lambda said: said[0][:12],
)
async def test_what_no_page_says_changes_nothing(said: list[str]):
    root = await tab_with({(Notice, "text"): "Added"})
    delta = await page_values.missing(root, [*await page_values.built_hashes(), *said])
    assert delta == {Notice.get_full_name(): {"text_rx_state_": "Added"}}


def test_numbers_and_truths_that_are_equal_here_are_not_in_a_page():
    assert not any(page_values._same(one, other) for one, other in [(1, True), (0, False), (1, 1.0)])
    assert page_values._same(HomeView(), HomeView())


def test_a_document_has_vars_of_its_states_alone():
    made = json.loads(page_values.held({Browse: {"text": "lamp", "no_var": 1, "_base": "secret"}}))
    assert made["values"] == {Browse.get_full_name(): {"text_rx_state_": "lamp"}}
    assert len(made["held"]) == 1
