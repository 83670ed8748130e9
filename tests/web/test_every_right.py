"""Walks every address and handler of the back office as nobody, shopper, clerk, and staff with one right.

Nothing answers that shouldn't, nothing of the inside is shown, and nothing changes.
"""

from __future__ import annotations

import inspect
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_type_hints

import httpx
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlmodel import Session, col, select
from starlette.routing import Route

import shop_app.shop_app as root
from shop_app.core.access.cookies import key_hash
from shop_app.core.access.permissions import BUILT_IN_ROLES, label_of
from shop_app.core.access.policy import policy_of
from shop_app.core.clock import now
from shop_app.models import AuditEntry, Customer, LoginSession, Order, Staff, StaffRole
from shop_app.services.accounts.passwords import hash_password
from tests.shop import Shop, demo_running
from tests.socket_client import STATE, Tab

from .test_every_event import CANARIES, INSIDES, _plant, handlers, rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ONE_RIGHT = "analytics.view"
"""The right of somebody who may see figures alone: it opens no record."""
MAY_CHANGE = ("audit_entry", "login_session", "list_preference", "saved_view", "known_browser")
"""Tables in which staff change what is their own; refusals are entries of the audit."""
OWN_ACCOUNT = f"{STATE}.shop_app___state___admin___security____"
"""Begins the names of handlers by which staff change their own account, and nobody else's."""
SECRET_COLUMNS = re.compile(r"CANARY-hash|91919191919")
POOL: tuple[Any, ...] = (
    1,
    "dune-mug",
    "FH-DNM-OAT",
    "owner",
    "orders",
    "all",
    "k" * 20,
    "who@example.org",
    True,
    "",
    [],
    {},
    ["1"],
    [1],
    {"1": 1},
    "2026-11-20",
    "status",
    None,
)
"""Values of which one fits each argument: a refusal is then about the right, and nothing else."""


@dataclass(frozen=True, slots=True)
class Visitor:
    name: str
    key: str = ""
    permissions: frozenset[str] = frozenset()

    @property
    def is_staff(self) -> bool:
        return self.name in ("clerk", "analyst")

    @property
    def cookies(self) -> dict[str, str]:
        return {"shop_session": self.key} if self.key else {}


VISITORS = (
    Visitor("nobody"),
    Visitor("shopper", secrets.token_urlsafe(32)),
    Visitor("clerk", secrets.token_urlsafe(32), BUILT_IN_ROLES["clerk"]),
    Visitor("analyst", secrets.token_urlsafe(32), frozenset({ONE_RIGHT})),
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with demo_running(tmp_path_factory.mktemp("shop"), SHOP_LOAD_TEST="1") as started:
        with started.session() as session:
            _plant(session)
            _sign_in_everybody(session)
            session.commit()
        yield started


def _sign_in_everybody(session: Session) -> None:
    hashed = hash_password("a long enough phrase")
    session.add(StaffRole(code="analyst", label="Analyst", permissions=[ONE_RIGHT]))
    session.flush()
    for visitor in VISITORS[1:]:
        person: Customer | Staff = Customer(email="walking-shopper@example.org")
        if visitor.is_staff:
            email = f"walking-{visitor.name}@example.org"
            person = Staff(email=email, name=visitor.name, role=visitor.name, password_hash=hashed.text)
        session.add(person)
        session.flush()
        owner = {"staff_id" if visitor.is_staff else "customer_id": person.id}
        until = now() + timedelta(hours=2)
        session.add(LoginSession(token_hash=key_hash(visitor.key), expires_at=until, **owner))


def lacks(visitor: Visitor, permission: str) -> bool:
    """Whether they aren't staff, or lack that permission; "" is any staff's."""
    return not visitor.is_staff or bool(permission and permission not in visitor.permissions)


# --- Addresses ------------------------------------------------------------------------------------


def pages() -> list[tuple[str, str | None]]:
    """The address of every page of the back office, and what it needs."""
    parameters = re.compile(r"\[\[?\.*([a-z_]+)\]?\]")
    examples = {"number": "1001", "slug": "dune-mug", "sku": "FH-DNM-OAT", "token": "t" * 43}
    return [
        (parameters.sub(lambda found: examples.get(found[1], "1"), page.route), page.needs)
        for page in root.PAGES
        if page.is_back_office
    ]


def routes() -> list[tuple[str, str]]:
    """Method and address of everything of the back office that is no page."""
    found = []
    for route in root.SHOP.routes:
        if isinstance(route, Route) and route.path.startswith(("/admin", "/uploads")):
            address = re.sub(r"\{([a-z_]+)(:[a-z]+)?\}", "1", route.path)
            found += [(method, address) for method in route.methods or () if method != "HEAD"]
    return found


def judge(answer: httpx.Response, visitor: Visitor, what: str) -> list[str]:
    problems = []
    if answer.status_code >= 500:
        problems.append(f"{what}: {answer.status_code}")
    shown = SECRET_COLUMNS if visitor.name == "clerk" else CANARIES
    for pattern in (shown, INSIDES):
        if found := pattern.search(answer.text):
            problems.append(f"{what} shows {found[0]!r}")
    return problems


@pytest.mark.parametrize("visitor", VISITORS, ids=lambda visitor: visitor.name)
def test_every_page(shop: Shop, visitor: Visitor):
    assert len(pages()) >= 5
    wrong = []
    with httpx.Client(base_url=shop.url, cookies=visitor.cookies, timeout=20) as client:
        for path, needs in pages():
            for address in (path, f"{path}?q=example.org", f"{path}/"):
                answer = client.get(address)
                wrong += judge(answer, visitor, f"GET {address}")
                away = answer.status_code == 303 and answer.headers["location"].startswith(
                    "/admin/login?next="
                )
                if needs is not None and not visitor.is_staff and not away and address == path:
                    wrong.append(f"GET {address}: {answer.status_code}, and nobody is signed in")
            answer = client.post(path, headers={"origin": shop.url}, data={"email": "x", "password": "y"})
            wrong += judge(answer, visitor, f"POST {path}")
            if answer.status_code == 200 and needs is not None:
                wrong.append(f"POST {path} is answered")
    assert wrong == []


@pytest.mark.parametrize("visitor", VISITORS, ids=lambda visitor: visitor.name)
def test_every_other_address(shop: Shop, visitor: Visitor):
    wrong = []
    with shop.session() as session:
        before = rows(session, set())
    with httpx.Client(base_url=shop.url, cookies=visitor.cookies, timeout=20) as client:
        for method, address in routes():
            # The sign-out is anybody's.
            if address == "/admin/logout":
                continue
            for origin in (shop.url, "https://evil.example", ""):
                headers = {"origin": origin} if origin else {}
                answer = client.request(method, address, headers=headers)
                wrong += judge(answer, visitor, f"{method} {address} from {origin or 'nowhere'}")
                if method != "GET" and origin != shop.url and answer.status_code != 403:
                    wrong.append(f"{method} {address} takes {origin or 'no origin'}: {answer.status_code}")
    assert wrong == []
    with shop.session() as session:
        assert changed(before, rows(session, set())) == set()


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {table for table in before if before[table] != after[table]} - set(MAY_CHANGE)


# --- Handlers -------------------------------------------------------------------------------------


def payload_of(handler: Any) -> dict[str, Any]:
    """A payload that the guard takes, as far as there is a value for each argument."""
    hints = get_type_hints(handler, include_extras=True)
    names = [name for name in inspect.signature(handler).parameters if name != "self"]
    return {name: fitting(hints[name]) for name in names if name in hints}


def fitting(kind: Any) -> Any:
    if inspect.isclass(kind) and issubclass(kind, BaseModel):
        required = {name for name, field in kind.model_fields.items() if field.is_required()}
        return {
            name: fitting(field.rebuild_annotation())
            for name, field in kind.model_fields.items()
            if name in required
        }
    words = TypeAdapter(kind).json_schema().get("enum", [])
    for value in (*words[:1], *POOL):
        try:
            TypeAdapter(kind).validate_python(value)
        except (ValidationError, ValueError, TypeError):
            continue
        return value
    return None


@pytest.mark.parametrize("visitor", VISITORS, ids=lambda visitor: visitor.name)
async def test_every_handler(shop: Shop, visitor: Visitor):
    """What staff alone may call refuses everybody else, with the sentence that says why."""
    with shop.session() as session:
        before = rows(session, set())
    walked = {
        name: policy.permission
        for name, handler in handlers().items()
        if (policy := policy_of(handler)) and policy.kind == "staff"
    }
    assert len(walked) > 40
    wrong: list[str] = []
    refused: set[str] = set()
    async with Tab(shop.url, cookies=visitor.cookies) as tab:
        while not any('is_hydrated_rx_state_":true' in frame for frame in tab.frames):
            await tab.settle()
        await tab.settle()
        tab.frames.clear()
        for name, permission in walked.items():
            if not lacks(visitor, permission) and permission:
                continue
            short, started = name.rpartition("____")[2], len(tab.frames)
            if not lacks(visitor, permission):
                if name.startswith(OWN_ACCOUNT):
                    continue
                # Any staff's: what it is about needs its own right, which its service asks for.
                await tab.send(name, payload_of(handlers()[name]), path="/admin")
                await tab.settle(quiet=0.2)
                continue
            await tab.send(name, payload_of(handlers()[name]), path="/admin")
            sentence = (
                f"You don't have the right to do that: {label_of(permission)}."
                if visitor.is_staff
                else "Sign in to do that."
            )
            updates, patience = [], 100
            # What belongs to the page's load may still come in between.
            while sentence not in (said := "".join(tab.frames[started:])) and patience:
                updates += await tab.settle(quiet=0.01, seconds=0.2)
                patience -= 1
            if not patience:
                wrong.append(f"{short} says {said[:200]}")
            touched = {state for update in updates for state in (update.get("delta") or {})}
            if name.rpartition(".")[0] in touched:
                wrong.append(f"{short} ran")
            refused.add(permission)
        frames = list(tab.frames)
    shown = SECRET_COLUMNS if visitor.name == "clerk" else CANARIES
    assert wrong == []
    assert [frame[:300] for frame in frames if shown.search(frame) or INSIDES.search(frame)] == []
    with shop.session() as session:
        assert changed(before, rows(session, set())) - {"cart", "job_run"} == set()
        noted = select(AuditEntry.object_key).where(
            AuditEntry.action == "right.refused", col(AuditEntry.actor).contains(f"walking-{visitor.name}")
        )
        assert set(session.exec(noted)) >= (refused if visitor.is_staff else set())


def test_something_is_there_to_be_shown(shop: Shop):
    with shop.session() as session:
        assert "canary-buyer@example.org" in session.exec(select(Order.email)).all()
