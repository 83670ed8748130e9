"""The letter that invites somebody to work in the back office."""

from __future__ import annotations

from typing import Any

from ..core.i18n import _
from ..core.links import unlinked
from ..core.settings import settings
from ..services.accounts import invitations
from .wording import Words


def invited(data: dict[str, Any]) -> Words:
    link = f"{settings().public_url}/admin/invitation/{invitations.token_of(data['word'])}"
    return Words(
        _("You are invited to the shop's back office"),
        _("You are invited"),
        [
            _("{name} invites you to work in the back office, as {role}.").format(
                name=unlinked(data["by"]), role=unlinked(data["role"])
            ),
            _("Choose a password with the button below. It works once, within 72 hours."),
        ],
        after=[_("If you don't know what this is about, do nothing: nothing happens without you.")],
        button=_("Accept the invitation"),
        link=link,
        why=_("You get this letter because somebody who runs the shop entered this address."),
    )


KINDS = {invitations.LETTER: invited}
