"""The tasks of a new shop: each is done when the facts say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from shop_app.core.access.principal import Principal
from shop_app.core.clock import now
from shop_app.core.settings import Settings
from shop_app.models import AuditEntry, Letter, ProductStatus, ShippingMethod
from shop_app.providers.payments.base import Answer
from shop_app.services.opening import base_data, tasks
from shop_app.services.payments import provider_checks
from shop_app.services.taxes import rate_commands
from tests.factories import add, make_product

OWNER = Principal("staff", 0, "owner@example.com", permissions=frozenset(["settings.view", "settings.edit"]))


@pytest.fixture(autouse=True)
def _base(session: Session) -> None:
    base_data.lay(session)


def done(session: Session) -> dict[str, bool]:
    return {task.key: task.is_done for task in tasks.tasks(session, by=OWNER).tasks}


def text(session: Session, key: str) -> str:
    return next(task.text for task in tasks.tasks(session, by=OWNER).tasks if task.key == key)


def test_a_shop_that_was_only_migrated_has_delivery_and_taxes(session: Session):
    facts = done(session)
    assert {key for key, is_done in facts.items() if is_done} >= {"delivery", "tax"}
    assert not any(facts[key] for key in ("product", "payment", "mail"))
    assert text(session, "product") == "There is no product yet. Add one by hand, or import a file."


@pytest.mark.parametrize(
    ("changes", "is_done", "said"),
    [
        ({"status": ProductStatus.DRAFT}, False, "There are products, and none of them is live."),
        ({"stock": 0}, False, "Products are live, and nothing of them is in stock."),
        ({}, True, "There is one."),
    ],
)
def test_a_product_counts_once_it_can_be_bought(
    session: Session, changes: dict[str, Any], is_done: bool, said: str
):
    make_product(session, **changes)
    assert done(session)["product"] is is_done
    assert text(session, "product") == said


def test_delivery_and_taxes_can_be_lost_again(session: Session):
    session.exec(select(ShippingMethod).where(ShippingMethod.code == "home-standard")).one().active = False
    rate_commands.charge(session, "DE", False, by=OWNER)
    session.flush()
    facts = done(session)
    assert (facts["delivery"], facts["tax"]) == (False, False)
    assert text(session, "delivery") == "Nothing is delivered in Germany yet."


def test_payments_count_once_the_provider_has_answered(session: Session):
    provider_checks.keep(session, "stripe", Answer(False, "Invalid API Key provided: …"), by=OWNER)
    assert not done(session)["payment"]
    provider_checks.keep(session, "stripe", Answer(True, "Answered."), by=OWNER)
    assert done(session)["payment"]
    assert [entry.after["succeeded"] for entry in session.exec(select(AuditEntry))] == [False, True]


def test_an_answer_in_test_mode_says_nothing_of_live_mode(
    session: Session, configure: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
):
    provider_checks.keep(session, "stripe", Answer(True, "Answered."), by=OWNER)
    monkeypatch.setattr(provider_checks, "mode", lambda: "live")
    assert not done(session)["payment"]


def test_mail_counts_once_a_letter_was_sent_by_a_server(session: Session, monkeypatch: pytest.MonkeyPatch):
    add(session, Letter(dedupe_key="a", kind="test", to_email="a@example.com", sent_at=now()))
    assert not done(session)["mail"]
    assert "SHOP_SMTP_URL" in text(session, "mail")
    chosen = tasks.settings().model_copy(update={"smtp_url": "smtp://localhost"})
    monkeypatch.setattr(tasks, "settings", lambda: chosen)
    assert done(session)["mail"]


def test_who_may_not_see_settings_has_no_tasks(session: Session):
    shown = tasks.tasks(session, by=Principal("staff", 0, "clerk@example.com"))
    assert shown.tasks == []
    assert shown.all_done


def test_no_page_of_payments_shows_a_key(session: Session, configure: Callable[..., Settings]):
    provider_checks.keep(session, "stripe", Answer(True, "Answered."), by=OWNER)
    shown = repr(provider_checks.payments(session, by=OWNER))
    for secret in (tasks.settings().stripe_key, *tasks.settings().webhook_secrets):
        assert secret not in shown
        assert secret[-4:] not in shown
