"""Renders the templates, escaped; they share class names and texts with the reactive pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from shop_app.components import styles, texts
from shop_app.components.icon_paths import PATHS
from shop_app.core import shared_views
from shop_app.core.i18n import _
from shop_app.services.search import categories

WIDTHS = (320, 640, 960, 1440)


def srcset(key: str, kind: str, widths: tuple[int, ...] = WIDTHS) -> str:
    return ", ".join(f"/media/{key}/{width}.{kind} {width}w" for width in widths)


def icon(name: str, class_name: str = styles.ICON) -> Markup:
    return Markup('<svg viewBox="0 0 24 24" class="{}" aria-hidden="true"><path d="{}"></path></svg>').format(
        class_name, PATHS[name]
    )


environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
environment.globals.update(styles=styles, texts=texts, icon=icon, srcset=srcset, _=_, star=PATHS["star"])


def render(template: str, *, current: str = "", search_text: str = "", **values: Any) -> str:
    """A whole page's content: the template with header, navigation and footer."""
    top_categories = shared_views.read_here(categories.navigation)
    return _render(template, categories=top_categories, current=current, search_text=search_text, **values)


def render_bare(template: str, **values: Any) -> str:
    """The same without the database, for when that can't be read."""
    return _render(template, categories=[], current="", search_text="", **values)


def _render(template: str, **values: Any) -> str:
    return environment.get_template(template).render(**values)


def preload(key: str, sizes: str) -> dict[str, str]:
    """The Link header by which browsers fetch a page's first picture before they read its HTML."""
    return {
        "Link": f'</media/{key}/640.avif>; rel=preload; as=image; type="image/avif"; fetchpriority=high; '
        f'imagesrcset="{srcset(key, "avif")}"; imagesizes="{sizes}"'
    }
