"""The shop with gift wrap: what `app_module_import` in rxconfig.py names."""

from shop_app.shop_app import build

from .giftwrap import GIFTWRAP

app = build(GIFTWRAP)
