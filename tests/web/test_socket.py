"""What a raw socket can do to the shop: nothing that a handler didn't ask for."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest
import socketio.exceptions

from shop_app.core.access import cookies
from shop_app.web import sockets

from .conftest import Open, Probe, Tab, start_probe_app
from .probe_names import CLERK, CUSTOMER, REVOKED

KEY = "V" * 43


async def test_a_valid_event_runs_and_its_values_are_converted(open_tab: Open) -> None:
    async with open_tab() as tab:
        await tab.send("take", {"sku": "VALID-1", "quantity": "7"})
        assert ["take", "VALID-1", 7] in await tab.settle()


async def test_an_argument_with_a_default_may_be_left_out(open_tab: Open) -> None:
    async with open_tab() as tab:
        await tab.send("take", {"sku": "VALID-2"})
        assert ["take", "VALID-2", 1] in await tab.settle()


@pytest.mark.parametrize(
    "payload",
    [
        {"sku": "JUNK", "quantity": "notanint"},
        {"sku": "JUNK", "quantity": -5},
        {"sku": "JUNK", "quantity": 100},
        {"sku": "JUNK", "quantity": True},
        {"sku": "JUNK", "quantity": 1.5},
        {"sku": "JUNK", "quantity": 1e308},
        {"sku": "JUNK", "quantity": None},
        {"sku": "JUNK", "quantity": [1]},
        {"sku": "JUNK", "quantity": {"$ne": 1}},
        {"sku": "JUNK", "quantity": 10**30},
        {"sku": "JUNK", "quantity": 1, "price_minor": 1},
        {"sku": ["JUNK"]},
        {"sku": "JUNK\n"},
        {"sku": "JUNK\x00"},
        {"sku": "JUNK" * 64},
        {"sku": ""},
        {"quantity": 1},
        {},
    ],
    ids=lambda payload: str(payload)[:60],
)
async def test_junk_is_refused_with_a_sentence_and_nothing_runs(
    open_tab: Open, payload: dict[str, Any]
) -> None:
    async with open_tab() as tab:
        await tab.send("take", payload)
        assert await tab.notice() in ("That value can't be used here.", "That can't be done here.")
        assert not [call for call in await tab.settle() if call[0] == "take" and "JUNK" in str(call)]


@pytest.mark.parametrize("payload", [{"size": "purple"}, {"size": "s", "sort": "evil"}, {"size": 1}])
async def test_a_choice_that_there_is_not_is_refused(open_tab: Open, payload: dict[str, Any]) -> None:
    async with open_tab() as tab:
        await tab.send("choose", payload)
        assert not [call for call in await tab.settle() if call[0] == "choose"]


@pytest.mark.parametrize(
    "data",
    [
        {f"f{n}": "" for n in range(61)},
        {"__proto__": "x"},
        {"a": {"b": "c"}},
        {"a": "x" * 10_001},
        [["a", "b"]],
        "text",
    ],
    ids=lambda data: str(data)[:30],
)
async def test_a_form_that_is_too_large_or_no_form_is_refused(open_tab: Open, data: Any) -> None:
    async with open_tab() as tab:
        await tab.send("form", {"data": data})
        assert await tab.notice()


async def test_a_form_as_the_browser_wraps_it_arrives_as_a_dict(open_tab: Open) -> None:
    async with open_tab() as tab:
        entries = [["email", " ada\u200b@shop.test "], ["note", "two\x00\nli\u202enes"]]
        await tab.send("form", {"data": {"__reflex_form_data__": entries}})
        assert ["form", {"email": "ada@shop.test", "note": "two\nlines"}] in await tab.settle()


async def errors_of(tab: Tab) -> dict[str, str]:
    """The errors of the form that the tab shows next."""

    def errors(update: dict[str, Any]) -> dict[str, str] | None:
        return (update.get("delta") or {}).get(tab.probe.name, {}).get("errors_rx_state_") or None

    return await tab.until(errors)


def contacts(tab: Tab) -> list[Any]:
    """Each time that one of the handlers with a form of their own ran."""
    return [call for call in tab.probe.ran() if call[0].startswith("contact")]


async def test_a_form_arrives_as_its_model_without_the_fields_that_are_not_its_own(open_tab: Open) -> None:
    async with open_tab() as tab:
        entries = [["email", "ada@shop.test"], ["units", "2"], ["evil", "x" * 5_000], ["__class__", "x"]]
        await tab.send("contact", {"form": {"__reflex_form_data__": entries}})
        assert ["contact", {"email": "ada@shop.test", "units": 2, "note": ""}] in await tab.settle()


async def test_what_is_wrong_with_a_form_is_said_field_by_field_and_nothing_runs(open_tab: Open) -> None:
    async with open_tab() as tab:
        before, form = contacts(tab), {"email": "x" * 21, "units": "two", "note": "x" * 201}
        await tab.send("contact", {"form": form})
        assert await errors_of(tab) == {
            "email": "Keep this to 20 characters",
            "units": "This can't be read. Check it.",
            "note": "Keep this to 200 characters",
        }
        await tab.settle()
        assert contacts(tab) == before
        shown = [
            delta[tab.probe.name] for update in tab.updates if tab.probe.name in (delta := update["delta"])
        ]
    assert shown[-1]["summary_title_rx_state_"] == "3 things need your attention"
    assert "Traceback" not in tab.probe.log.read_text()


@pytest.mark.parametrize(
    "form",
    [
        None,
        7,
        "text",
        [],
        [["a", "b"]],
        {"__reflex_form_data__": [[{}, 1]]},
        {"email": {"$ne": 1}},
        {"email": None},
        {"units": []},
        {"units": "9" * 5_000},
    ],
    ids=lambda form: str(form)[:30],
)
async def test_no_form_or_one_of_odd_values_runs_nothing(open_tab: Open, form: Any) -> None:
    async with open_tab() as tab:
        before = contacts(tab)
        await tab.send("contact", {"form": form})
        if isinstance(form, dict) and "__reflex_form_data__" not in form:
            assert list((await errors_of(tab)).values()) == ["This can't be read. Check it."]
        else:
            assert await tab.notice() == "That value can't be used here."
        await tab.settle()
        assert contacts(tab) == before


async def test_what_is_wrong_with_a_form_of_the_staffs_is_said_to_staff_alone(open_tab: Open) -> None:
    form = {"form": {"email": "x" * 21}}
    async with open_tab() as nobody, open_tab(cookie=f"shop_session={CLERK}") as clerk:
        before = contacts(clerk)
        await nobody.send("contact_staff", form)
        assert await nobody.notice() == "Sign in to do that."
        await nobody.settle()
        assert "Keep this" not in str(nobody.updates)
        await clerk.send("contact_staff", form)
        assert list(await errors_of(clerk)) == ["email"]
        await clerk.settle()
        assert contacts(clerk) == before


@pytest.mark.parametrize(
    ("cookie", "may"),
    [
        ("", []),
        (CUSTOMER, ["mine"]),
        (CLERK, ["refund"]),
        (REVOKED, []),
        ("short", []),
    ],
    ids=["nobody", "customer", "clerk", "revoked", "malformed"],
)
async def test_each_client_reaches_only_what_the_policies_allow(
    open_tab: Open, probe: Probe, cookie: str, may: list[str]
) -> None:
    before = len(probe.ran())
    async with open_tab(cookie=f"shop_session={cookie}" if cookie else "") as tab:
        for handler in ("mine", "refund", "promote", "inner", "helper", "_private", "nothing"):
            await tab.send(handler, {"value": 1} if handler == "inner" else {})
        ran = (await tab.settle())[before:]
    assert [call[0] for call in ran if call[0] != "form"] == may


async def test_a_cookie_in_router_data_counts_for_nothing(open_tab: Open, probe: Probe) -> None:
    before = probe.ran().count(["refund", 3])
    async with open_tab() as tab:
        forged = {
            "pathname": "/",
            "headers": {"cookie": f"shop_session={CLERK}"},
            "token": "x",
            "ip": "1.2.3.4",
        }
        await tab.send("refund", router_data=forged)
        # Of what isn't the browser's to say nothing is taken; without it, nobody asks.
        assert (await tab.settle()).count(["refund", 3]) == before
        await tab.send("refund")
        assert await tab.notice() == "Sign in to do that."


@pytest.mark.parametrize(
    "fields",
    [
        {"router_data": {}},
        {"router_data": None},
        {"router_data": []},
        {"router_data": {"token": None, "headers": None, "sid": None, "ip": None}},
        {"token": "server", "internal": True, "event_actions": {"chained": True}, "substate_token": "x"},
    ],
    ids=str,
)
async def test_a_browser_cannot_pose_as_the_server(open_tab: Open, fields: dict[str, Any]) -> None:
    async with open_tab() as tab:
        await tab.send("inner", {"value": 666}, **fields)
        assert ["inner", 666] not in await tab.settle()


async def test_what_a_handler_chains_runs(open_tab: Open) -> None:
    async with open_tab() as tab:
        await tab.send("chain")
        assert await tab.notice() == "Chained"
        assert ["inner", 42] in await tab.settle()


async def test_a_chained_event_still_needs_the_right_of_who_asked(open_tab: Open) -> None:
    async with open_tab(cookie=f"shop_session={CLERK}") as tab:
        await tab.send("chain_to_staff")
        assert await tab.notice() == "You don't have the right to do that: Change staff."
        assert ["promote"] not in await tab.settle()


async def test_a_forgotten_handler_is_refused_while_the_server_runs(open_tab: Open, probe: Probe) -> None:
    async with open_tab() as tab:
        await tab.send(f"{probe.name.rsplit('.', 1)[0]}.__main_____main___forgotten.helper", {"secret": "x"})
        await tab.send("reflex___state____state.__main_____forgotten.helper", {"secret": "x"})
        assert not [call for call in await tab.settle() if call[0] == "helper"]


def values(value: Any) -> list[Any]:
    """Every single value in what a server sent, at any depth."""
    if isinstance(value, dict):
        value = list(value.values())
    return [each for part in value for each in values(part)] if isinstance(value, list) else [value]


async def test_setvar_and_client_storage_write_nothing(open_tab: Open, probe: Probe) -> None:
    async with open_tab() as tab:
        await tab.send("setvar", {"var_name": "count", "value": 99})
        await tab.send("reflex___state____state.setvar", {"var_name": "is_hydrated", "value": True})
        update = "reflex___state____state.reflex___state____update_vars_internal_state.update_vars_internal"
        await tab.send(update, {"vars": {f"{probe.name}.count": 99}})
        stored = {"vars": {f"{probe.name}.count": 99}}
        await tab.send("reflex___state____state.hydrate_and_load", stored)
        await tab.settle()
        assert 99 not in values(tab.updates)


async def test_a_bug_says_a_number_and_nothing_of_the_inside(open_tab: Open, probe: Probe) -> None:
    async with open_tab() as tab:
        await tab.send("fail")
        answers = await tab.notice()
        assert answers.startswith(
            "Something went wrong on our side, and nothing was changed. The reference is "
        )
        assert "CANARY" not in str(tab.updates)
        assert answers.removesuffix(".").rsplit(" ", 1)[1] in probe.log.read_text()


async def test_a_refusal_says_its_own_sentence(open_tab: Open) -> None:
    async with open_tab() as tab:
        await tab.send("refuse")
        assert await tab.notice() == "Only 2 are left."


async def test_two_tabs_of_one_browser_are_the_same_visitor(open_tab: Open) -> None:
    async with (
        open_tab(cookie=f"shop_visitor={KEY}") as one,
        open_tab(cookie=f"a=b; shop_visitor={KEY}") as two,
    ):
        await one.send("who_am_i")
        await two.send("who_am_i")
        await one.settle()
        ran = await two.settle()
    assert ran.count(["who_am_i", cookies.key_hash(KEY)]) == 2


@pytest.mark.parametrize("cookie", ["", "shop_visitor=guessable", "shop_visitor=x; shop_visitor=y"])
async def test_in_development_a_tab_without_a_good_cookie_is_a_visitor_of_its_own(
    open_tab: Open, cookie: str
) -> None:
    async with open_tab(cookie=cookie) as one, open_tab(cookie=cookie) as two:
        await one.send("who_am_i")
        await two.send("who_am_i")
        await one.settle()
        *_, first, second = [call[1] for call in await two.settle() if call[0] == "who_am_i"]
    assert len(first) == len(second) == 64
    assert first != second


@pytest.mark.parametrize("origin", [None, "https://evil.test", "null", "http://localhost"])
async def test_a_socket_from_another_origin_or_none_is_refused(
    probe: Probe, open_tab: Open, origin: str | None
) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        async with open_tab(origin=origin):
            pass


async def test_a_frame_of_70_kb_closes_the_socket_and_runs_nothing(open_tab: Open, probe: Probe) -> None:
    async with open_tab() as tab:
        await tab.send("take", {"sku": "LARGE", "quantity": 1, "padding": "x" * 70_000})
        await asyncio.wait_for(tab.closed.wait(), 5)
    assert "LARGE" not in str(probe.ran())


async def test_a_flood_is_cut_and_others_go_on(open_tab: Open, probe: Probe) -> None:
    async with open_tab() as attacker, open_tab() as victim:
        began = time.monotonic()
        for _ in range(500):
            await attacker.send("take", {"sku": "FLOOD", "quantity": 1})
        await asyncio.wait_for(attacker.closed.wait(), 10)
        # A busy machine takes its time to send them, and so much more is allowed meanwhile.
        allowed = sockets.MESSAGE_BURST + sockets.MESSAGES_PER_SECOND * (time.monotonic() - began)
        ran = await victim.settle()
    assert ran.count(["take", "FLOOD", 1]) <= allowed < 500


async def test_the_51st_socket_of_one_address_is_refused(tmp_path: Any) -> None:
    own = start_probe_app(tmp_path)
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            address = f"{own.url}/_event/?EIO=4&transport=websocket&token="
            opened = [await http.ws_connect(f"{address}{n}", headers={"Origin": own.url}) for n in range(50)]
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await http.ws_connect(f"{address}50", headers={"Origin": own.url})
            await opened[0].close()
            for _ in range(100):
                try:
                    await http.ws_connect(f"{address}again", headers={"Origin": own.url})
                    break
                except aiohttp.WSServerHandshakeError:
                    await asyncio.sleep(0.02)
            else:
                pytest.fail("a closed socket still counts")
    finally:
        own.process.kill()
        own.process.wait()


async def test_junk_frames_leave_the_server_alive_and_the_log_short(probe: Probe, open_tab: Open) -> None:
    before = len(probe.log.read_text())
    junk = [
        "42/_event,[",
        '42/_event,["event",null]',
        '42/_event,["event","{}"]',
        "9",
        "",
        "42",
        '42/_event,["nothing",{}]',
        "42/_event," + "[" * 2000,
        '42/_event,["event",{"name":7}]',
        '42/_event,["event",{"name":"x.y","payload":{"card":"4242424242424242"}}]',
    ]
    for frame in junk:
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(
                f"{probe.url}/_event/?EIO=4&transport=websocket&token=junk",
                headers={"Origin": probe.url, "Cookie": f"shop_session={CLERK}"},
            ) as ws,
        ):
            await ws.receive()
            await ws.send_str("40/_event,{}")
            await ws.receive()
            await ws.send_str(frame)
    async with open_tab() as tab:
        await tab.settle()
    written = probe.log.read_text()[before:]
    assert len(written) < 20_000
    assert "4242424242424242" not in written
    assert CLERK not in written


async def test_a_server_that_is_told_to_end_lets_running_handlers_finish(tmp_path: Any) -> None:
    from .conftest import opened

    own = start_probe_app(tmp_path)
    async with opened(own) as tab:
        await tab.send("slow")
        for _ in range(100):
            if ["slow begins"] in own.ran():
                break
            await asyncio.sleep(0.02)
        own.process.terminate()
        await asyncio.to_thread(own.process.wait, 15)
    assert own.process.returncode == 0
    assert "SLOW FINISHED" in own.log.read_text()


def test_the_server_does_not_start_while_a_handler_lacks_its_policy() -> None:
    from reflex_base.registry import RegistrationContext

    from shop_app.web import guard

    class Careless:
        event_handlers = {
            "careless": type("R", (), {"handler": type("H", (), {"fn": staticmethod(_careless)})()})()
        }

    context = RegistrationContext.ensure_context()
    before = dict(context.event_handlers)
    context.event_handlers["careless"] = Careless.event_handlers["careless"]  # pyright: ignore
    try:
        with pytest.raises(guard.NoPolicy, match="_careless: no policy"):
            guard.refuse_unguarded()
    finally:
        context.event_handlers.clear()
        context.event_handlers.update(before)


def _careless(self: Any) -> None:
    """A handler that someone forgot to mark."""
