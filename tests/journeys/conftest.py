"""Fixtures of the journeys: one real shop for all, a browser, and shoppers whose consoles are watched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import browser as finder
from tests.conftest import skip_or_fail
from tests.journeys.shopper import DESKTOP, Shopper
from tests.shop import Shop, demo_running


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop with its demo catalogue, built if its pages changed."""
    with demo_running(tmp_path_factory.mktemp("shop"), SHOP_LOAD_TEST="1") as started:
        yield started


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """A browser; while it is open, its driver has this thread's event loop."""
    path = finder.find()
    if path is None:
        skip_or_fail("browser", finder.LOUD)
    # As root a browser has no sandbox to start.
    flags = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=flags)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with opened_browser() as opened:
        yield opened


NewShopper = Callable[..., Shopper]


@pytest.fixture
def new_shopper(shop: Shop, browser: Browser) -> Iterator[NewShopper]:
    """A visitor with a browser profile of their own: new_shopper(size=PHONE, dark=True).

    At the end of the test no console may hold an error, and no request may have gone to another host.
    """
    came: list[Shopper] = []

    def come(*, size: tuple[int, int] = DESKTOP, dark: bool = False, scripts: bool = True) -> Shopper:
        context = browser.new_context(
            base_url=shop.url,
            viewport={"width": size[0], "height": size[1]},
            locale="en-GB",
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            java_script_enabled=scripts,
            has_touch=size[0] < 600,
        )
        context.set_default_timeout(15_000)
        came.append(Shopper(context, shop.url))
        return came[-1]

    yield come
    troubles = [trouble for shopper in came for trouble in shopper.troubles]
    for shopper in came:
        shopper.context.close()
    assert troubles == []


@pytest.fixture
def shopper(new_shopper: NewShopper) -> Shopper:
    """One visitor on a desktop, in the light theme."""
    return new_shopper()
