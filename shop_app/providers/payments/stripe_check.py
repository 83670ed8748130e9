"""A call to Stripe that moves nothing: whether it answers, in its own words, and what the account takes."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING

from ...core.i18n import _
from . import stripe_mapping as snapshots
from .base import METHODS, Answer

if TYPE_CHECKING:
    from stripe import StripeClient

log = logging.getLogger(__name__)

_KEY = re.compile(r"\b(?:sk|rk|pk|whsec)_[^\s'\"]*")
ANSWER_CHARS = 500


def ask(client: StripeClient) -> Answer:
    """Stripe's answer to the question of what the account takes."""
    import stripe

    began = time.monotonic()
    try:
        listed = client.v1.payment_method_configurations.list({"limit": 100})
    except stripe.StripeError as error:
        log.warning("Stripe refused a test call: %s, status %s", type(error).__name__, error.http_status)
        return Answer(False, _without_keys(error.user_message or str(error)))
    default = [one for one in listed.data if one.is_default and one.active]
    names = [METHODS[method] for method in snapshots.methods(default[0])] if default else []
    seconds = f"{time.monotonic() - began:.1f}"
    if not names:
        return Answer(True, _("Answered in {seconds} s.").format(seconds=seconds))
    text = _("Answered in {seconds} s. The account takes: {methods}.")
    return Answer(True, text.format(seconds=seconds, methods=", ".join(names)))


def _without_keys(text: str) -> str:
    """Stripe's sentence without the key that it names, whose end it shows."""
    return _KEY.sub("…", text)[:ANSWER_CHARS]
