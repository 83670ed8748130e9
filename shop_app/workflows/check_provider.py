"""Has staff see whether a payment provider answers: it is called, and what it says is kept."""

from __future__ import annotations

from ..core import db
from ..core.access.principal import Principal
from ..core.errors import NotFound
from ..core.i18n import _
from ..providers.payments import registry
from ..providers.payments.base import Answer, Checked
from ..services.payments import provider_checks
from .call_provider import call_provider


async def check_provider(name: str, *, by: Principal) -> Answer:
    """Its answer, in its own words.

    Errors  Forbidden; NotFound for a way to pay that isn't offered or can't be called.
    """
    by.need(provider_checks.EDIT)
    provider = registry.provider(name)
    if not isinstance(provider, Checked):
        raise NotFound(_("There is nobody to call for this way to pay."))
    answer = await call_provider(provider.check)
    await db.write(provider_checks.keep, name, answer, by=by)
    return answer
