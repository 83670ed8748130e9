"""The build keeps the first values of the back office's States out of what every page loads."""

from __future__ import annotations

import json
import re

import pytest
from reflex.compiler.compiler import compile_contexts
from reflex.state import State

import shop_app.shop_app  # noqa: F401  (every State)
from shop_app.web import back_office_states


@pytest.fixture(scope="module")
def context_jsx() -> str:
    _path, text = compile_contexts(State, None)
    return text


def values_in(text: str) -> dict:
    match = re.search(r"^export const initialState = (\{.*\});?$", text, re.MULTILINE)
    assert match
    return json.loads(match[1])


def test_no_value_of_a_state_of_the_back_office_is_in_what_every_page_loads(context_jsx: str):
    whole, left = values_in(context_jsx), values_in(back_office_states.without_back_office(context_jsx))
    own = back_office_states.back_office_states()
    assert {name for name in whole if "___state___admin___" in name} == own & whole.keys()
    assert left == {name: value for name, value in whole.items() if name not in own}
    assert own, "There are States of the back office"


def test_the_file_of_its_own_has_them_all(context_jsx: str):
    _path, text = back_office_states.back_office_js()
    match = re.search(r"addStates\((\{.*\})\);", text)
    assert match
    names = back_office_states.back_office_states() & values_in(context_jsx).keys()
    assert json.loads(match[1]).keys() == names


def test_a_context_of_another_shape_stops_the_build():
    with pytest.raises(RuntimeError, match=r"context\.jsx no longer has the lines"):
        back_office_states.without_back_office("export const initialState = {}\n")
