"""What comes from outside as JSON is taken in its own shape alone: any other is refused by its type."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings, strategies
from reflex_base.utils.form import FORM_DATA_ENTRIES_KEY
from sqlalchemy import column
from sqlalchemy.types import DateTime

from shop_app.cli import archive
from shop_app.core.errors import Invalid, ShopError
from shop_app.core.settings import settings as shop_settings
from shop_app.providers.payments.base import Forged
from shop_app.providers.payments.stripe import StripeProvider
from shop_app.services.accounts import passkeys
from shop_app.services.cart import price_changes
from shop_app.services.catalog.product_changes import Changes
from shop_app.services.lists import engine
from shop_app.services.order_desk import address_form
from shop_app.state.admin import product_forms
from shop_app.web import guard
from shop_app.workflows import erase_person

EVENT = {"object": "event", "id": "evt_1", "data": {"object": {"object": "checkout.session", "id": "cs_1"}}}
ODD: dict[str, Any] = {
    "nothing": None, "a number": 7, "a text": "abc", "two letters": "ab", "a list": [],
    "of numbers": [1, 2, 3],
    "of texts": ["ab", "cd"], "of lists": [[]], "an object": {}, "two names": {"a": 1, "b": 2},
    "three names": {"a": 1, "b": 2, "c": 3}, "an event without its thing": {**EVENT, "data": []},
    "an event with an odd thing": {**EVENT, "data": {"object": {"object": "checkout.session", "id": {}}}},
    "odd meta": {**EVENT, "data": {"object": {"metadata": [["attempt", 1]]}}},
    "an odd id": {**EVENT, "id": {"$gt": ""}},
    "an answer without an id": {"response": {"clientDataJSON": "e30"}},
    "odd transports": {"id": "a", "response": {"clientDataJSON": "e30", "transports": [["usb"]]}},
    "a number of transports": {"id": "a", "response": {"clientDataJSON": "e30", "transports": 5}},
    "rows of objects": [{"a": 1, "b": 2, "c": 3}],
    "a line": {"at": 5, "digests": "abc"}, "a manifest": {"format": 1, "revision": [], "tables": [["a"]]},
    "tables of texts": {"format": 1, "revision": "1", "made_at": "x", "tables": "abc", "pictures": {}},
    "a true key": ["2026-01-01T00:00:00+00:00", True], "a number for a moment": [5, 5],
}  # fmt: skip


def _place(value: Any) -> Any:
    order = engine._Order(column("moment", DateTime(timezone=True)), column("id"), False, False)
    return engine._read_place(order, base64.urlsafe_b64encode(json.dumps(value).encode()).decode())


def _erased(value: Any) -> Any:
    path = shop_settings().data_dir / erase_person.LIST
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value) + "\n")
    return erase_person.known()


def _manifest(value: Any) -> Any:
    with zipfile.ZipFile(io.BytesIO(), "w") as file:
        file.writestr(archive.MANIFEST, json.dumps(value))
        return archive._manifest(file)


PROVIDER = StripeProvider(key="sk_test_x", base="http://127.0.0.1:1", webhook_secrets=("whsec_x",))
READERS: dict[str, tuple[Callable[[Any], Any], type[ShopError] | None, Any]] = {
    # What reads it, and what it refuses with or answers in its place.
    "parts of a total": (lambda value: price_changes.read(json.dumps(value), 3), None, ()),
    "a carried address": (lambda value: address_form.read_carried(json.dumps(value)), Invalid, None),
    "a place in a list": (_place, None, None),
    "an event": (lambda value: PROVIDER.notice_of(json.dumps(value)), Forged, None),
    "a passkey": (passkeys._answer, passkeys.WrongPasskey, None),
    "changes of a product": (lambda value: product_forms.changes_in({0: json.dumps(value)}), Invalid, None),
    "the list of the erased": (_erased, Invalid, None),
    "a manifest": (_manifest, Invalid, None),
}
TAKEN = {
    # Nothing was written down of it, and nothing changed.
    ("a carried address", "an object"): {},
    ("changes of a product", "an object"): Changes(),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("shape", ODD)
def test_odd_shapes_are_refused(reader: str, shape: str):
    read, refusal, nothing = READERS[reader]
    if (reader, shape) in TAKEN:
        assert read(ODD[shape]) == TAKEN[reader, shape]
    elif refusal:
        with pytest.raises(refusal):
            read(ODD[shape])
    else:
        assert read(ODD[shape]) == nothing


ANY = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.text("ab\x00é", max_size=3),
    lambda part: (
        strategies.lists(part, max_size=3)
        | strategies.dictionaries(strategies.sampled_from(["a", "object", "id", "response", "format"]), part)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("reader", [name for name in READERS if name != "the list of the erased"])
@given(value=ANY)
@settings(max_examples=50)
def test_whatever_json_there_is_ends_in_a_value_or_a_refusal(reader: str, value: Any):
    read, refusal, _nothing = READERS[reader]
    with suppress(refusal or ()):
        read(value)


def test_texts_that_go_too_deep_are_refused():
    deep = "[" * 100_000
    assert price_changes.read(deep, 0) == ()
    with pytest.raises(Invalid):
        address_form.read_carried(deep)
    with pytest.raises(Forged):
        PROVIDER.notice_of(deep)
    with pytest.raises(Invalid):
        product_forms.changes_in({0: deep})


def test_an_event_is_read_whole():
    thing = {"object": "payment_intent", "id": "pi_1", "metadata": {"attempt": "key"}, "amount": 5}
    notice = PROVIDER.notice_of(json.dumps({**EVENT, "type": "x" * 200, "data": {"object": thing}}))
    assert (notice.event_id, notice.kind, notice.reference) == ("evt_1", "x" * 100, "")
    assert (notice.intent_reference, notice.attempt_key) == ("pi_1", "key")


@pytest.mark.parametrize(
    "entries", [["ab"], [["a"]], [["a", 1, 2]], [[["a"], 1]], [{"a": 1, "b": 2}], "ab", 5]
)
def test_entries_of_a_form_are_pairs(entries: Any):
    assert guard._form({FORM_DATA_ENTRIES_KEY: entries}) is None
    assert guard._form({FORM_DATA_ENTRIES_KEY: [["a", 1], ["a", 2]]}) == {"a": 2}
