"""What a first visit to each page weighs, as a browser without a cache loads it."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench.report import Row
from tests import browser
from tests.shop import running

PAGES = {"home": "/", "catalogue": "/products", "product": "/products/dune-mug", "checkout": "/checkout"}
GOALS = {"script": 200.0, "stylesheet": 20.0, "font": 60.0, "image": None, "document": None}


def run(folder: Path) -> list[Row]:
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    rows = []
    with running(folder) as shop, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.find(), args=flags)
        for name, path in PAGES.items():
            context = chromium.new_context(viewport={"width": 412, "height": 823}, device_scale_factor=1.75)
            page = context.new_page()
            requests = []
            page.on("requestfinished", lambda request, kept=requests: kept.append(request))
            page.goto(shop.url + path)
            page.wait_for_load_state("networkidle")
            for kind, goal in GOALS.items():
                sizes = [r.sizes()["responseBodySize"] for r in requests if r.resource_type == kind]
                if sizes:
                    rows.append(Row(f"{name}: {kind}", sum(sizes) / 1024, "KB", goal))
            context.close()
        chromium.close()
    return rows
