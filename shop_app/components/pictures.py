"""A picture in the best format and size that the browser takes, its place kept while it loads."""

from __future__ import annotations

from typing import Any

from . import styles
from .kit import Component, el, kept, painted, when

WIDTHS = (320, 640, 960, 1440)


def address(key: Any | str, width: int = 640, kind: str = "jpg") -> Any:
    """Where a picture of that width is."""
    return f"/media/{key}/{width}.{kind}"


def preload_header(key: str, sizes: str) -> dict[str, str]:
    """The Link header by which browsers fetch a page's first picture before they read its HTML."""
    return {
        "Link": f'</media/{key}/640.avif>; rel=preload; as=image; type="image/avif"; fetchpriority=high; '
        f'imagesrcset="{_set(key, "avif", WIDTHS)}"; imagesizes="{sizes}"'
    }


def _set(key: Any, kind: str, widths: tuple[int, ...]) -> Any:
    return ", ".join(f"/media/{key}/{width}.{kind} {width}w" for width in widths)


@kept
def picture(
    view: Any,
    *,
    sizes: str,
    class_name: Any = styles.PICTURE_IMG,
    priority: bool = False,
    widths: tuple[int, ...] = WIDTHS,
    alt: Any = None,
    **props: Any,
) -> Component:
    """A PictureView (or its Var). `priority` is for the one picture that opens the page; others load late.

    `sizes` is the CSS width it is shown in; `alt=""` for a picture beside its own name. Where there is no
    picture its frame stays empty.
    """
    key = view.key
    focus = painted(object_position=view.focus)["custom_attrs"]
    loading = {"fetchPriority": "high"} if priority else {}
    shown = el.picture(
        el.source(type="image/avif", src_set=_set(key, "avif", widths), sizes=sizes),
        el.source(type="image/webp", src_set=_set(key, "webp", widths), sizes=sizes),
        el.img(
            src=address(key),
            src_set=_set(key, "jpg", widths),
            sizes=sizes,
            alt=view.alt if alt is None else alt,
            loading="eager" if priority else "lazy",
            decoding="async",
            class_name=class_name,
            # As props of el.img they would become styles.
            custom_attrs={
                "width": view.width,
                "height": view.height,
                **loading,
                **focus,
                **props.pop("custom_attrs", {}),
            },
            **props,
        ),
        class_name="contents",
    )
    return when(key, shown)
