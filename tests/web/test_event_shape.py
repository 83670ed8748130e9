"""The shape of an event: what a page sends passes as it is, all else is dropped before Reflex sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop_app.web import event_shape
from shop_app.web.event_shape import Misshapen, shaped

NAMES = {"state.cart.add", "state.hydrate"}
PAGE = {
    "pathname": "/products/dune-mug",
    "asPath": "/products/dune-mug?colour=green#top",
    "query": {"colour": "green"},
}
NO_ADDRESSES = (
    7,
    True,
    None,
    {},
    [],
    "",
    "products",
    "/" * 8_401,
    "javascript:1",
    "http://evil.test",
    "/\x00",
    "/a\nb",
    "/\ud800",
    "/products?q=%00",
    "/products/a%0Ab",
    "/products?q=a%1fb#c",
    "/products?q=%C2%85",
)


def event(**fields: Any) -> dict[str, Any]:
    return {"name": "state.cart.add", "payload": {"sku": "A"}, "router_data": dict(PAGE)} | fields


def test_an_event_of_a_page_passes_as_it_is() -> None:
    assert shaped(event(event_actions={"preventDefault": True}), NAMES) == event()
    assert shaped({"name": "state.hydrate"}, NAMES) == {
        "name": "state.hydrate",
        "payload": {},
        "router_data": {},
    }
    form = {"form": {"__reflex_form_data_entries__": [["quantity", "2"], ["note", "Zeile\nzwei 😀"]]}}
    assert shaped(event(payload=form), NAMES)["payload"] == form
    lost = {"pathname": "/no/such", "asPath": "/no/such?q=" + "x" * 5_000, "query": {"splat": ["no", "such"]}}
    assert shaped(event(router_data=lost), NAMES)["router_data"] == lost
    hashes = {"hashes": ["a" * 40] * 500}
    assert shaped(event(payload=hashes), NAMES)["payload"] == hashes


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("keys", None),
        ("keys", []),
        ("keys", "{}"),
        ("keys", 7),
        ("keys", event(token="x")),
        ("keys", event(__proto__={})),
        *(("name", event(name=name)) for name in (None, 7, True, [], {}, "", "no.such", "state.cart.ADD")),
        *(("payload", event(payload=odd)) for odd in (7, True, "x", [], [["sku", "A"]])),
        *(("router_data", event(router_data=odd)) for odd in (7, True, "x", [], {"headers": {}}, {"ip": ""})),
        *(
            ("address", event(router_data={**PAGE, name: odd}))
            for name in ("asPath", "pathname")
            for odd in NO_ADDRESSES
        ),
        *(
            ("query", event(router_data={**PAGE, "query": odd}))
            for odd in (
                7,
                True,
                None,
                "x",
                [],
                {"a": 1},
                {"a": None},
                {"a": [1]},
                {"a": [["b"]]},
                {"a": {}},
                {"a": "x" * 8_401},
                {"splat": ["x"] * 121},
                {str(number): "" for number in range(121)},
                {"q": "a\0b"},
                {"slug": ["a\x1f"]},
            )
        ),
    ],
)
def test_what_no_page_sends_is_dropped_with_the_name_of_the_part(part: str, value: Any) -> None:
    with pytest.raises(Misshapen) as dropped:
        shaped(value, NAMES)
    assert str(dropped.value) == part


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        float("-inf"),
        "x" * 20_001,
        ["x"] * 2_001,
        {str(number): number for number in range(1_001)},
        [[[[[[[[[[1]]]]]]]]]],
        {"x" * 20_001: 1},
        {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": 1}}}}}}}},
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_payload_is_bounded_in_size_depth_and_kind(value: Any) -> None:
    with pytest.raises(Misshapen):
        shaped(event(payload={"x": value}), NAMES)


def test_a_payload_as_deep_as_a_message_can_hold_ends_no_stack() -> None:
    deep: Any = 1
    for _ in range(30_000):
        deep = [deep]
    with pytest.raises(Misshapen):
        shaped(event(payload={"x": deep}), NAMES)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
_parts = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(sorted(NAMES)) | _values,
        "payload": _values,
        "router_data": st.dictionaries(
            st.sampled_from(["pathname", "asPath", "query", "headers", "sid"]),
            st.text(max_size=30).map("/".__add__) | _values,
            max_size=4,
        )
        | _values,
        "event_actions": _values,
    },
)


@given(_parts | _values)
def test_what_passes_is_json_of_known_keys_that_reflex_can_read(value: Any) -> None:
    try:
        event = shaped(value, NAMES)
    except Misshapen:
        return
    assert event.keys() == {"name", "payload", "router_data"}
    assert event["name"] in NAMES
    assert isinstance(event["payload"], dict)
    json.dumps(event, allow_nan=False)
    router_data = event["router_data"]
    assert router_data.keys() <= event_shape.ROUTER_KEYS
    # What Reflex does with it before it calls the guard.
    from reflex.istate.data import PageData, URLData
    from reflex_base.utils.format import format_query_params

    router_data = {"headers": {"origin": "http://localhost:3000"}, **router_data}
    URLData.from_router_data(router_data)
    PageData.from_router_data(router_data)
    format_query_params(router_data)
