"""What the header of every page knows of the account, and the step of a sign-in."""

from __future__ import annotations

from typing import Any

from shop_app.core.access import cookies
from shop_app.core.access.cookies import key_hash
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.services.accounts import customer_sign_in
from shop_app.state.account.frame import Account
from shop_app.web.private_states import empty_unless_filled_for, private_states
from tests.state.conftest import VISITOR, Tab


async def test_the_header_says_whether_a_customer_is_signed_in(open_tab: Tab, monkeypatch: Any):
    tab = await open_tab(Account)
    for who, shown in (
        (NOBODY, False),
        (Principal("customer", 1, "marta@example.com", "Marta", session_id=1), True),
        (Principal("staff", 1, "o@example.com", session_id=2), False),
    ):
        monkeypatch.setattr("shop_app.state.account.frame.asked_by", _is(who))
        await Account.look.fn(tab)
        assert (tab.signed_in, tab.name, tab.email) == (shown, "", "")


def _is(who: Principal) -> Any:
    async def asked_by(_state: Any) -> Principal:
        return who

    return asked_by


async def test_the_address_of_the_step_is_shown_in_its_own_browser_alone(open_tab: Tab, monkeypatch: Any):
    ticket = customer_sign_in.begin("marta@example.com", key_hash(VISITOR), "/cart")
    tab = await open_tab(Account, "/account/login/code")
    for visitor, shown in ((VISITOR, "marta@example.com"), ("w" * 43, "")):
        header = f"{cookies.visitor_cookie()}={visitor}; {cookies.step_cookie()}={ticket}"
        monkeypatch.setattr("shop_app.state.account.frame.cookie_header", lambda _state, it=header: it)
        monkeypatch.setattr(
            "shop_app.state.account.frame.visitor_hash", lambda _state, it=visitor: key_hash(it)
        )
        await Account.typed.fn(tab)
        assert tab.email == shown


async def test_it_is_emptied_with_the_session(open_tab: Tab):
    tab = await open_tab(Account)
    tab.name, tab.email, tab.signed_in = "Marta", "marta@example.com", True
    assert Account in private_states()
    root = tab._get_root_state()
    await empty_unless_filled_for(root, Principal("customer", 1, session_id=1))
    account = await root.get_state(Account)
    account.name, account.email, account.signed_in = "Marta", "marta@example.com", True
    await empty_unless_filled_for(root, NOBODY)
    assert (account.name, account.email, account.signed_in) == ("", "", False)
