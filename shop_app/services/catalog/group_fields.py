"""What staff write of categories and collections alike: name, address, description, picture."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, select
from sqlmodel import Session, col

from ...core.errors import Invalid
from ...core.i18n import _
from ...core.typed_text import prose
from ...models import Picture
from .identity import SLUG
from .views import PictureView

MAX_TITLE, MAX_SLUG, MAX_DESCRIPTION, MAX_ALT = 200, 120, 5_000, 1_000


def cleaned(
    session: Session,
    table: Table,
    row: Any,
    *,
    title: str,
    slug: str,
    description: str,
    picture: str,
    picture_alt: str,
) -> dict[str, Any]:
    """The columns of the row with what was written, checked.

    Errors  Invalid names the field: no name or too long a text, a slug that can't be or is another's, a
            picture that isn't there.
    """
    return {
        "title": name(title),
        "slug": _slug(session, table, slug, row.id),
        "description": _description(description),
        "picture_id": _picture_id(session, picture),
        "picture_alt": prose(picture_alt)[:MAX_ALT],
    }


def name(text: str) -> str:
    """Errors  Invalid for none, or one that is too long."""
    title = prose(text)
    if not title or len(title) > MAX_TITLE:
        sentence = _("Enter a name of {most} characters at most.")
        raise Invalid(sentence.format(most=MAX_TITLE), field="title")
    return title


def picture_of(session: Session, row: Any) -> PictureView:
    """The picture of a category or collection."""
    shown = session.get(Picture, row.picture_id) if row.picture_id else None
    if shown is None:
        return PictureView()
    return PictureView(shown.key, row.picture_alt, shown.width, shown.height, shown.colour)


def _description(text: str) -> str:
    text = prose(text, lines=True)
    if len(text) > MAX_DESCRIPTION:
        sentence = _("Keep this below {count} characters.")
        raise Invalid(sentence.format(count=f"{MAX_DESCRIPTION:,}"), field="description")
    return text


def _slug(session: Session, table: Table, text: str, key: int) -> str:
    slug = text.strip().lower()
    if not SLUG.fullmatch(slug) or len(slug) > MAX_SLUG:
        sentence = _("The address may have small letters, digits and hyphens only, {most} at the most.")
        raise Invalid(sentence.format(most=MAX_SLUG), field="slug")
    taken = select(table.c.title).where(table.c.slug == slug, table.c.id != key)
    if other := session.connection().execute(taken).scalar():
        raise Invalid(_("{title} has this address already.").format(title=other), field="slug")
    return slug


def _picture_id(session: Session, key: str) -> int | None:
    if not key:
        return None
    found = session.connection().execute(select(col(Picture.id)).where(col(Picture.key) == key)).scalar()
    if found is None:
        raise Invalid(_("The picture is missing. Upload it again."), field="picture")
    return found
