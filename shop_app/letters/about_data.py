"""The letter that says that a file with somebody's own data is ready."""

from __future__ import annotations

from typing import Any

from ..core.i18n import _
from ..core.settings import settings
from .wording import Words


def export_ready(data: dict[str, Any]) -> Words:
    subject = _("The file with your data is ready")
    return Words(
        subject,
        subject,
        [
            _("It can be fetched until {moment}, by you alone, while you are signed in.").format(
                moment=data["until"]
            )
        ],
        after=[_("If you didn't ask for it, end all of your sessions, and choose another password.")],
        button=_("Fetch the file"),
        link=f"{settings().public_url}/account/data",
        why=_("You get this letter because the file was asked for in your account."),
    )


KINDS = {"data_export": export_ready}
