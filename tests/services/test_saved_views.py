"""Saved views of lists: kept, changed, shared, pinned, deleted; and how a member of staff likes a list."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import Session, select

from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.models import AuditEntry, SavedView
from shop_app.services.lists import catalogue
from shop_app.services.saved_views import opening, views
from tests.many_orders import fill, order_list
from tests.staff_people import add_staff

SPEC = order_list()
pytestmark = pytest.mark.both


@pytest.fixture(autouse=True)
def _lists() -> Iterator[None]:
    before = catalogue.everything()
    catalogue.offer([SPEC])
    yield
    catalogue.offer(before)


@pytest.fixture
def ada(session: Session) -> Principal:
    return add_staff(session, "ada@example.com", "orders.view")


@pytest.fixture
def ben(session: Session) -> Principal:
    return add_staff(session, "ben@example.com", "orders.view")


def save(session: Session, by: Principal, label: str = "Large", **more: bool) -> int:
    return views.save_new(session, SPEC, label, "total=min:50000&sort=-total&after=x&view=9", by, **more)


def test_a_view_keeps_what_is_asked_but_not_the_place(session: Session, ada: Principal):
    saved = save(session, ada)
    [view] = views.of_list(session, SPEC, ada)
    assert (view.label, view.query, view.may_edit) == ("Large", "total=min:50000&sort=-total", True)
    assert view.href == f"/admin/test-orders?view={saved}"
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "view.saved")).one()
    assert (entry.actor, entry.object_key, entry.after["label"]) == (
        "staff:ada@example.com",
        str(saved),
        "Large",
    )


def test_an_address_with_the_view_alone_asks_what_it_has(session: Session, ada: Principal):
    fill(session, 60)
    saved = save(session, ada)
    opened = opening.open_list(session, SPEC, {"view": [str(saved)]}, ada)
    assert opened.list.filters[0].chip == "Total: from €500"
    assert (opened.saved.label, opened.is_edited, opened.can_save) == ("Large", False, False)
    assert [tab.key for tab in opened.tabs if tab.current] == [f"view-{saved}"]


def test_what_else_stands_in_the_address_is_in_force_instead(session: Session, ada: Principal):
    fill(session, 20)
    saved = save(session, ada)
    opened = opening.open_list(session, SPEC, {"view": [str(saved)], "status": ["placed"]}, ada)
    assert [one.key for one in opened.list.filters if one.in_force] == ["status"]
    assert (opened.is_edited, opened.can_save) == (True, True)
    # Taking the last filter away doesn't bring back what the view has.
    assert opened.list.filters[0].remove_href == f"/admin/test-orders?view={saved}&sort=-placed"


def test_a_view_is_updated_renamed_and_deleted(session: Session, ada: Principal):
    saved = save(session, ada)
    views.update(session, SPEC, saved, "status=placed", ada)
    views.rename(session, SPEC, saved, "Placed", ada, shared=True, pinned=True)
    row = session.get_one(SavedView, saved)
    assert (row.query, row.label, row.shared, row.pinned) == ("status=placed", "Placed", True, True)
    views.delete(session, SPEC, saved, ada)
    assert views.of_list(session, SPEC, ada) == []
    actions = session.exec(select(AuditEntry.action).order_by(AuditEntry.id)).all()  # pyright: ignore
    assert actions[-3:] == ["view.changed", "view.changed", "view.deleted"]


def test_a_private_view_is_nobody_elses(session: Session, ada: Principal, ben: Principal):
    saved = save(session, ada)
    assert views.of_list(session, SPEC, ben) == []
    opened = opening.open_list(session, SPEC, {"view": [str(saved)]}, ben)
    assert opened.saved.id == 0
    assert opened.list.unread == ["The view that this link names is gone."]
    for change in (
        lambda: views.update(session, SPEC, saved, "", ben),
        lambda: views.delete(session, SPEC, saved, ben),
        lambda: views.rename(session, SPEC, saved, "Mine", ben, shared=False, pinned=False),
    ):
        with pytest.raises(NotFound):
            change()
    assert session.get_one(SavedView, saved).label == "Large"


def test_a_shared_view_is_changed_by_its_owner_and_by_who_may_change_settings(
    session: Session, ada: Principal, ben: Principal
):
    saved = save(session, ada, shared=True)
    [view] = views.of_list(session, SPEC, ben)
    assert not view.may_edit
    with pytest.raises(Forbidden):
        views.update(session, SPEC, saved, "", ben)
    olga = add_staff(session, "olga@example.com", "orders.view", "settings.edit")
    views.update(session, SPEC, saved, "status=placed", olga)
    assert session.get_one(SavedView, saved).query == "status=placed"


def test_names_and_numbers_of_views_are_bounded(session: Session, ada: Principal, ben: Principal):
    save(session, ada)
    for label, refusal in (("", Invalid), ("  \n", Invalid), ("Large", Conflict)):
        with pytest.raises(refusal):
            save(session, ada, label)
    save(session, ben)
    for number in range(views.MAX_VIEWS - 1):
        save(session, ada, f"View {number}")
    with pytest.raises(Conflict):
        save(session, ada, "One more")
    assert len(views.of_list(session, SPEC, ada)) == views.MAX_VIEWS


def test_pinned_views_are_counted_for_who_may_read_the_list(session: Session, ada: Principal, ben: Principal):
    fill(session, 30)
    ids = [save(session, ada, f"View {number}") for number in range(4)]
    for saved in ids[:3]:
        views.rename(
            session, SPEC, saved, f"View {ids.index(saved)}", ada, shared=saved == ids[0], pinned=True
        )
    with pytest.raises(Conflict):
        views.rename(session, SPEC, ids[3], "View 3", ada, shared=False, pinned=True)
    large = sum(1 for row in opening.chosen_ids(session, SPEC, {"total": ["min:50000"]}, ada))
    assert [(pin.label, pin.count) for pin in views.pinned(session, ada)] == [
        (f"View {number}", str(large)) for number in range(3)
    ]
    assert [pin.label for pin in views.pinned(session, ben)] == ["View 0"]
    assert views.pinned(session, add_staff(session, "cleo@example.com", "products.view")) == []


def test_columns_and_density_are_kept_for_each_member_of_staff(
    session: Session, ada: Principal, ben: Principal
):
    views.prefer(session, SPEC, ada, columns=["total", "number", "nothing"])
    views.prefer(session, SPEC, ada, density="compact")
    shown = opening.open_list(session, SPEC, {}, ada).list
    assert ([column.key for column in shown.columns], shown.density) == (["total", "number"], "compact")
    assert opening.open_list(session, SPEC, {"columns": ["email"]}, ada).list.columns[0].key == "email"
    assert opening.open_list(session, SPEC, {}, ben).list.density == "comfortable"
    with pytest.raises(Invalid):
        views.prefer(session, SPEC, ada, columns=["nothing"])


def test_without_the_lists_permission_nothing_is_read_or_kept(session: Session):
    for use in (
        lambda: views.of_list(session, SPEC, NOBODY),
        lambda: save(session, NOBODY),
        lambda: views.prefer(session, SPEC, NOBODY, density="compact"),
        lambda: opening.open_list(session, SPEC, {}, NOBODY),
        lambda: opening.look(session, SPEC, {}, 0, NOBODY),
        lambda: opening.chosen_ids(session, SPEC, {}, NOBODY),
    ):
        with pytest.raises(Forbidden):
            use()
    assert session.exec(select(SavedView)).all() == []
