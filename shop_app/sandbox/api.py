"""The API of the sandbox: Stripe's addresses, one transaction a call, replies as Stripe gives them."""

from __future__ import annotations

import base64
import hmac
import logging
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from . import charges, disputes, events, faults, idempotency, sessions
from .forms import checked, parse_form
from .replies import Refused, WrongParameters, listed, missing
from .store import Store, Tables

log = logging.getLogger(__name__)

MAX_BODY = 256 * 1024
EXPANDABLE = {
    "payment_intent": "payment_intent",
    "latest_charge": "charge",
    "charge": "charge",
}


@dataclass(frozen=True, slots=True)
class Call:
    tables: Tables
    id: str
    given: dict[str, Any]
    pay_url: str


Operation = Callable[[Call], dict[str, Any]]


def _params(name: str) -> Any:
    import stripe.params as params
    from stripe.params import checkout

    return getattr(params, name, None) or getattr(checkout, name)


def _create_session(call: Call) -> dict[str, Any]:
    return sessions.create(call.tables, sessions.check(call.given), pay_url=call.pay_url)


def _list_sessions(call: Call) -> dict[str, Any]:
    given = checked(_params("SessionListParams"), call.given, only=PAGED | {"payment_intent", "status"})

    def fits(session: dict[str, Any]) -> bool:
        return all(session[name] == given[name] for name in ("payment_intent", "status") if name in given)

    return _page(call, "checkout.session", "/v1/checkout/sessions", given, fits=fits)


def _line_items(call: Call) -> dict[str, Any]:
    given = checked(_params("SessionListLineItemsParams"), call.given, only=PAGED)
    items = sessions.line_items(call.tables, call.id)
    return listed(f"/v1/checkout/sessions/{call.id}/line_items", items, given.get("limit", 10))


def _capture(call: Call) -> dict[str, Any]:
    allowed = frozenset({"amount_to_capture", "expand"})
    given = checked(_params("PaymentIntentCaptureParams"), call.given, only=allowed)
    return charges.capture(call.tables, call.id, given.get("amount_to_capture"))


def _cancel(call: Call) -> dict[str, Any]:
    given = checked(_params("PaymentIntentCancelParams"), call.given)
    return charges.cancel(call.tables, call.id, given.get("cancellation_reason"))


def _refund(call: Call) -> dict[str, Any]:
    allowed = frozenset({"amount", "charge", "payment_intent", "reason", "metadata", "expand"})
    given = checked(_params("RefundCreateParams"), call.given, only=allowed)
    if not given.get("payment_intent") and not given.get("charge"):
        raise WrongParameters("One of the following params should be provided: payment_intent or charge.")
    return charges.refund(call.tables, given)


def _answer_dispute(call: Call) -> dict[str, Any]:
    allowed = frozenset({"evidence", "metadata", "submit", "expand"})
    return disputes.update(
        call.tables, call.id, checked(_params("DisputeUpdateParams"), call.given, only=allowed)
    )


def _list_of(kind: str, params: str) -> Operation:
    def operation(call: Call) -> dict[str, Any]:
        given = checked(_params(params), call.given, only=PAGED | {"payment_intent"})
        return _page(call, kind, f"/v1/{kind}s", given, parent=given.get("payment_intent", ""))

    return operation


def _configurations(call: Call) -> dict[str, Any]:
    """The sandbox's page takes cards and bank debits; it has no wallets."""
    given = checked(_params("PaymentMethodConfigurationListParams"), call.given, only=frozenset({"limit"}))
    switched = {
        kind: {"available": on, "display_preference": {"preference": "none", "value": "on" if on else "off"}}
        for kind, on in {"card": True, "sepa_debit": True, "apple_pay": False, "google_pay": False}.items()
    }
    default = {
        "id": "pmc_sandbox", "object": "payment_method_configuration", "active": True, "application": None,
        "is_default": True, "livemode": False, "name": "Default", "parent": None, **switched,
    }  # fmt: skip
    return listed("/v1/payment_method_configurations", [default], given.get("limit", 10))


def _list_events(call: Call) -> dict[str, Any]:
    allowed = PAGED | {"type", "types", "delivery_success"}
    given = checked(_params("EventListParams"), call.given, only=allowed)
    kinds = set(given.get("types", [])) | ({given["type"]} if "type" in given else set())

    def fits(event: dict[str, Any]) -> bool:
        arrived = given.get("delivery_success")
        arrived = arrived is None or events.delivered(call.tables, event["id"]) == arrived
        return arrived and (not kinds or event["type"] in kinds)

    return _page(call, "event", "/v1/events", given, fits=fits)


def _retrieve(kind: str) -> Operation:
    def operation(call: Call) -> dict[str, Any]:
        item = call.tables.get(kind, call.id)
        if not item:
            raise missing(kind, call.id)
        return item

    return operation


PAGED = frozenset({"limit", "starting_after", "ending_before", "created", "expand"})


def _page(
    call: Call,
    kind: str,
    url: str,
    given: dict[str, Any],
    *,
    parent: str = "",
    fits: Callable[[dict[str, Any]], bool] = lambda _: True,
) -> dict[str, Any]:
    limit = given.get("limit", 10)
    if not 1 <= limit <= 100:
        raise WrongParameters("The limit is 1 to 100.", param="limit")
    created = given.get("created", {})
    bounds = created if isinstance(created, dict) else {"gte": created, "lte": created}
    compare = {"gt": int.__gt__, "gte": int.__ge__, "lt": int.__lt__, "lte": int.__le__}
    items = call.tables.newest(
        kind,
        limit=10_000,
        parent=parent,
        after=given.get("starting_after", ""),
        before=given.get("ending_before", ""),
    )
    selected = [
        item
        for item in items
        if fits(item) and all(compare[word](item["created"], int(at)) for word, at in bounds.items())
    ]
    return listed(url, selected, limit)


ID = "([A-Za-z0-9_]+)"
ROUTES: tuple[tuple[str, str, Operation], ...] = (
    ("POST", "/v1/checkout/sessions", _create_session),
    ("GET", "/v1/checkout/sessions", _list_sessions),
    ("GET", f"/v1/checkout/sessions/{ID}", lambda call: sessions.find(call.tables, call.id)),
    ("POST", f"/v1/checkout/sessions/{ID}/expire", lambda call: sessions.expire(call.tables, call.id)),
    ("GET", f"/v1/checkout/sessions/{ID}/line_items", _line_items),
    ("GET", "/v1/payment_method_configurations", _configurations),
    ("GET", "/v1/payment_intents", _list_of("payment_intent", "PaymentIntentListParams")),
    ("GET", f"/v1/payment_intents/{ID}", _retrieve("payment_intent")),
    ("POST", f"/v1/payment_intents/{ID}/capture", _capture),
    ("POST", f"/v1/payment_intents/{ID}/cancel", _cancel),
    ("GET", "/v1/charges", _list_of("charge", "ChargeListParams")),
    ("GET", f"/v1/charges/{ID}", _retrieve("charge")),
    ("POST", "/v1/refunds", _refund),
    ("GET", "/v1/refunds", _list_of("refund", "RefundListParams")),
    ("GET", f"/v1/refunds/{ID}", _retrieve("refund")),
    ("GET", "/v1/disputes", _list_of("dispute", "DisputeListParams")),
    ("GET", f"/v1/disputes/{ID}", _retrieve("dispute")),
    ("POST", f"/v1/disputes/{ID}", _answer_dispute),
    ("POST", f"/v1/disputes/{ID}/close", lambda call: disputes.close(call.tables, call.id)),
    ("GET", "/v1/events", _list_events),
    ("GET", f"/v1/events/{ID}", _retrieve("event")),
)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str], Operation]]:
    return [(method, re.compile(pattern), operation) for method, pattern, operation in ROUTES]


def _find(method: str, path: str) -> tuple[Operation, str]:
    for http_method, pattern, operation in _patterns():
        if http_method == method and (match := pattern.fullmatch(path)):
            return operation, match[1] if match.groups() else ""
    raise Refused(f"Unrecognized request URL ({method}: {path}).", status=404)


class Api:
    """Answers `/v1/…`; `on_change` is called after calls that may have made events."""

    def __init__(self, store: Store, *, key: str, pay_url: str, on_change: Callable[[], None]) -> None:
        self._store = store
        self._key = key
        self._pay_url = pay_url
        self._on_change = on_change

    async def endpoint(self, request: Request) -> Response:
        path = "/v1/" + request.path_params["path"]
        try:
            self._authenticate(request)
            text = request.url.query if request.method == "GET" else (await read_body(request)).decode()
            response = await run_in_threadpool(
                self.answer, request.method, path, text, request.headers.get("idempotency-key", "")
            )
        except Refused as refused:
            response = _reply(refused.status, refused.body)
        except (ClientDisconnect, UnicodeDecodeError):
            response = _reply(400, Refused("The request can't be read.").body)
        if request.method == "POST":
            self.changed()
        return response

    def changed(self) -> None:
        """Say that there may be new events to deliver."""
        self._on_change()

    def _authenticate(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            given = base64.b64decode(given + "==").decode(errors="replace").split(":")[0]
        if not hmac.compare_digest(given.encode(), self._key.encode()):
            raise Refused("Invalid API Key provided.", status=401, kind="invalid_request_error")

    def answer(self, method: str, path: str, text: str, key: str) -> Response:
        """One call from its text to its reply.

        Errors  Refused, with nothing done.
        """
        given = parse_form(text)
        with self._store.change() as tables:
            fault = faults.take(tables, f"{method} {path}")
        if fault and fault.do in ("500", "429"):
            return _failure(fault.do)
        if method != "POST" or not key:
            if fault and fault.do == "slow":
                time.sleep(fault.seconds)
            with self._store.change() as tables:
                status, reply = self._do(tables, method, path, given)
            return _cut() if fault and fault.do == "lost_reply" else _reply(status, reply)
        return self._once(method, path, given, key, fault)

    def _once(
        self, method: str, path: str, given: dict[str, Any], key: str, fault: faults.ApiFault | None
    ) -> Response:
        if len(key) > 255:
            raise Refused("Idempotency keys are 255 characters long at most.", kind="idempotency_error")
        owner, before = idempotency.claim(self._store, key, idempotency.fingerprint(path, given))
        if before:
            lost = fault and fault.do == "lost_reply"
            return _cut() if lost else _reply(*before, replayed=True)
        try:
            if fault and fault.do == "slow":
                time.sleep(fault.seconds)
            with self._store.change() as tables:
                status, reply = self._do(tables, method, path, given)
                if fault and fault.do == "500_kept":
                    status, reply = 500, _FAILURES["500"][1]
                idempotency.keep(tables, key, owner, status, reply)
        except BaseException:
            idempotency.release(self._store, key, owner)
            raise
        return _cut() if fault and fault.do == "lost_reply" else _reply(status, reply)

    def _do(
        self, tables: Tables, method: str, path: str, given: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        """Run the operation; a refusal for another reason than wrong parameters is a reply like any other."""
        operation, id = _find(method, path)
        try:
            reply = operation(Call(tables, id, given, self._pay_url))
        except WrongParameters:
            raise
        except Refused as refused:
            if method == "GET":
                raise
            return refused.status, refused.body
        return 200, expanded(tables, reply, given.get("expand", []))


def expanded(tables: Tables, reply: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """The reply with ids replaced by their objects along each path, such as payment_intent.latest_charge."""
    for path in paths if isinstance(paths, list) else []:
        _expand(tables, reply, path.split("."))
    return reply


def _expand(tables: Tables, at: Any, path: list[str]) -> None:
    if isinstance(at, list):
        for each in at:
            _expand(tables, each, path)
        return
    if not path or not isinstance(at, dict):
        return
    name = path[0]
    if name == "refunds" and at.get("object") == "charge":
        refunds = tables.newest("refund", limit=11, parent=at["payment_intent"])
        at["refunds"] = listed(f"/v1/charges/{at['id']}/refunds", refunds, 10)
        return
    if name not in EXPANDABLE and name != "data":
        raise WrongParameters(f"This property cannot be expanded ({name}).", param="expand")
    if isinstance(at.get(name), str):
        at[name] = tables.get(EXPANDABLE[name], at[name])
    _expand(tables, at.get(name), path[1:])


async def read_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise Refused("The request is too large.", status=413)
    return body


_FAILURES: dict[str, tuple[int, dict[str, Any]]] = {
    "500": (500, {"error": {"type": "api_error", "message": "An error occurred. (sandbox fault)"}}),
    "429": (429, {"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many."}}),
}


def _failure(kind: str) -> Response:
    status, body = _FAILURES[kind]
    return _reply(status, body)


def _reply(status: int, body: dict[str, Any], *, replayed: bool = False) -> Response:
    headers = {"Request-Id": f"req_{secrets.token_hex(7)}", "Stripe-Version": events.API_VERSION}
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return JSONResponse(body, status_code=status, headers=headers)


class _CutConnection(Response):
    """Sends less than its content-length says: the caller sees a broken connection, and no result."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"4096")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"id"', "more_body": True})
        raise ConnectionAbortedError("the fault lost_reply: the connection is cut")


def _cut() -> Response:
    return _CutConnection()
