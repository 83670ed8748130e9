"""Staff are invited, limited and removed while their tab is open."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE, Shopper
from tests.journeys.test_returning import axe
from tests.shop import Shop

PASSWORD = "seven paper lanterns"


def sign_in(person: Shopper, email: str, password: str) -> Page:
    person.open("/admin/login")
    person.see("login-email").fill(email)
    person.see("login-password").fill(password)
    person.see("login-submit").click()
    person.page.wait_for_url(re.compile(r"/admin$"))
    return person.page


def open_menu(owner: Shopper, email: str) -> None:
    owner.see("staff-row", email=email).locator("summary").click()


def letter_link(shop: Shop, address: str) -> str:
    """The path of the link in the newest letter to that address."""
    written = sorted(
        (shop.data / "letters").glob("staff_invited-*.eml"), key=lambda path: path.stat().st_mtime
    )
    text = written[-1].read_text().replace("=\n", "")
    assert address in text
    found = re.search(r"(/admin/invitation/[\w-]+)", text)
    assert found
    return found[1]


def wait_for_letter(shop: Shop, owner: Shopper) -> None:
    for _attempt in range(100):
        if list((shop.data / "letters").glob("staff_invited-*.eml")):
            return
        owner.page.wait_for_timeout(100)
    raise AssertionError("no letter was sent")


def test_somebody_is_invited_limited_and_removed_with_their_tab_open(shop: Shop, new_shopper: NewShopper):
    owner, nia = new_shopper(), new_shopper(size=PHONE)
    sign_in(owner, "owner@example.com", "demo-owner")

    # A role of the shop's own, and an invitation with it.
    owner.open("/admin/staff/roles")
    owner.see("role-new").click()
    form = owner.page.locator("#role")
    form.locator('[name="label"]').fill("Helper")
    form.locator('[name="right-staff.view"]').check()
    form.locator('[name="right-audit.view"]').check()
    owner.see("role-save").click()
    expect(owner.see("role-edit", role="helper")).to_be_visible()
    owner.open("/admin/staff")
    owner.see("staff-invite").click()
    dialog = owner.page.locator("#staff-invitation")
    dialog.locator('[name="email"]').fill("nia@example.com")
    dialog.locator('[name="role"]').select_option("helper")
    owner.see("staff-invite-send").click()
    expect(owner.see("invitation-row", email="nia@example.com")).to_be_visible()

    # They choose a name and a password; looking at the link changes nothing.
    wait_for_letter(shop, owner)
    link = letter_link(shop, "nia@example.com")
    for _time in range(2):
        nia.open(link)
    nia.page.locator('[name="name"]').fill("Nia New")
    nia.page.locator('[name="password"]').fill("password1")
    nia.see("invitation-accept").click()
    expect(nia.page.locator("#field-password-note")).to_contain_text("Many people have this password")
    nia.page.locator('[name="password"]').fill(PASSWORD)
    nia.see("invitation-accept").click()
    nia.see("invitation-sign-in").click()
    nia.page.wait_for_url(re.compile("/admin/login"))
    sign_in(nia, "nia@example.com", PASSWORD)
    nia.open("/admin/audit")
    expect(nia.see("audit-row").first).to_be_visible()
    other = new_shopper()
    other.open(link)
    expect(other.see("invitation-gone")).to_be_visible()

    # Their role loses a right while their page is open: it says so within a second or so.
    owner.open("/admin/staff/roles")
    owner.see("role-edit", role="helper").click()
    form.locator("summary").click()
    expect(form.get_by_test_id("history-entry")).to_contain_text(["Olga Fenn · Created the role"])
    form.locator('[name="right-audit.view"]').uncheck()
    owner.see("role-save").click()
    expect(owner.page.locator("#role")).to_be_hidden()
    expect(nia.page.get_by_text("You don't have the right to see this page")).to_be_visible()
    expect(nia.see("audit-row")).to_have_count(0)

    # They go on to what is left, and are disabled there.
    nia.open("/admin/staff")
    expect(nia.see("staff-row", email="nia@example.com")).to_be_visible()
    expect(nia.see("staff-row", email="owner@example.com")).to_be_visible()
    expect(nia.see("staff-menu")).to_have_count(0)
    owner.open("/admin/staff")
    open_menu(owner, "nia@example.com")
    owner.see("staff-disable").locator("visible=true").click()
    expect(owner.see("staff-row", email="nia@example.com")).to_have_attribute("data-state", "disabled")
    expect(nia.see("staff-row")).to_have_count(0)
    nia.page.goto("/admin/staff")
    nia.page.wait_for_url(re.compile("/admin/login"))

    # All of it stands in the audit.
    owner.open("/admin/audit?q=nia@example.com")
    said = owner.see("audit-row").all_inner_texts()
    for words in ("Disabled", "Signed in", "Accepted the invitation", "Invited"):
        assert any(words in line for line in said), (words, said)


def test_the_pages_of_staff_are_open_to_everybody(new_shopper: NewShopper):
    """axe finds nothing, light and dark, and nothing sticks out of a phone."""
    for size, dark in ((PHONE, False), (DESKTOP, True)):
        owner = new_shopper(size=size, dark=dark)
        sign_in(owner, "owner@example.com", "demo-owner")
        for path, button in (
            ("/admin/staff", "staff-invite"),
            ("/admin/staff/roles", "role-new"),
            ("/admin/audit", ""),
            (f"/admin/invitation/{'t' * 43}", ""),
        ):
            owner.open(path)
            assert axe(owner) == []
            assert owner.page.evaluate("document.documentElement.scrollWidth") <= size[0]
            if button:
                owner.see(button).click()
                expect(owner.page.locator("dialog[open]")).to_be_visible()
                assert axe(owner) == []
