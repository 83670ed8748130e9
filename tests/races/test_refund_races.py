"""Races at the admin: refunds, shipments and cancelling at once, from threads, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

import pytest

from shop_app.core import db
from shop_app.core.errors import Conflict, ProviderDown
from shop_app.services.fulfilment import commands as fulfilment_commands
from shop_app.services.payments import refunds
from shop_app.services.payments.refund_rows import RefundRequest
from shop_app.workflows import cancel as cancel_workflow
from shop_app.workflows import fulfil, recover
from shop_app.workflows import refund as refund_workflow
from tests.paying import MANAGER, World, client_of, make_world, rows
from tests.racing import at_once
from tests.selling import (
    CLERK,
    cancel,
    line,
    order,
    refund,
    run,
    sell,
    send,
    statuses,
    stock,
    units,
    wrong_books,
)

pytestmark = pytest.mark.both


@pytest.fixture
def world(engine, tmp_path) -> Iterator[World]:
    world_made = make_world(tmp_path)
    sell(world_made, {"SHOAL-BOWL": 1, "DUNE-MUG": 3})
    yield world_made
    assert wrong_books() == []


def at_stripe(world: World) -> list[int]:
    return sorted(refund.amount for refund in client_of(world.sandbox).v1.refunds.list({"limit": 100}).data)


def request(refund_request: RefundRequest, key: str) -> None:
    with db.transaction(durable=True) as session:
        refunds.request(session, 1, refund_request, key, MANAGER)


def test_of_twenty_refunds_of_thirty_per_cent_three_pass(world):
    share = order().total_minor * 30 // 100
    ended = at_once(lambda number: request(RefundRequest(free_minor=share), f"key-{number}"), range(20))
    assert ended == {"done": 3, "Conflict": 17}

    (payment,) = rows("payment")
    assert (payment.refund_pending_minor, payment.refunded_minor) == (3 * share, 0)
    assert run(recover.sweep()) == 3
    assert at_stripe(world) == [share] * 3
    assert rows("payment")[0].refunded_minor == 3 * share


def test_twenty_clicks_on_one_refund_are_one(world):
    one = RefundRequest(lines={line("DUNE-MUG").id: 1}, restock=True)
    assert at_once(lambda _number: request(one, "same"), range(20)) == {"done": 20}

    run(recover.sweep())
    assert (at_stripe(world), units("DUNE-MUG")) == ([2400], (0, 0, 1))


def test_of_twenty_refunds_of_three_units_three_pass(world):
    one = RefundRequest(lines={line("DUNE-MUG").id: 1}, restock=True, destination="credit")
    ended = at_once(lambda number: request(one, f"key-{number}"), range(20))

    assert ended == {"done": 3, "Conflict": 17}
    assert (units("DUNE-MUG"), rows("credit_account")[0].balance_minor) == ((0, 0, 3), 7200)


def test_of_twenty_shipments_with_one_of_three_units_three_leave(world):
    units_by_line = {line("DUNE-MUG").id: 1}

    def ship(_number: int) -> None:
        with db.transaction() as session:
            fulfilment_commands.ship(session, 1, units_by_line, carrier="DHL", tracking="", by=CLERK)

    assert at_once(ship, range(20)) == {"done": 3, "Conflict": 17}
    assert (units("DUNE-MUG"), stock(1)) == ((3, 0, 0), (2, 0))


def test_shipments_refunds_and_cancelling_at_once_leave_every_unit_in_one_place(world):
    mug = line("DUNE-MUG").id
    acts: list[Callable[[int], object]] = [
        lambda number: request(RefundRequest(lines={mug: 1}, restock=True), f"refund-{number}"),
        lambda number: run(fulfil.fulfil(1, {mug: 1}, carrier="", tracking="", by=CLERK)),
        lambda number: cancel(f"cancel-{number}"),
    ]
    at_once(lambda number: acts[number % 3](number), range(12), threads=6)

    run(recover.sweep())
    sent, back, ended = units("DUNE-MUG")
    assert sent + ended == 3
    assert stock(1) == (5 - sent + back, 0)
    # The bowl and every mug that isn't with the shopper have been paid back, and nothing else.
    assert sum(at_stripe(world)) == order().total_minor - 2400 * (sent - back)


# --- A process dies -------------------------------------------------------------------------------


class Killed(BaseException):
    """What a killed process sees of its next line."""


@pytest.mark.parametrize("line_of_death", ["submit", "record_answer"])
def test_death_between_our_row_and_stripe_is_recovered_by_the_sweep_with_the_same_key(
    world, monkeypatch, line_of_death
):
    def die(*_args, **_kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        place = refund_workflow if line_of_death == "submit" else refunds
        patch.setattr(place, line_of_death, die)
        with pytest.raises(Killed):
            refund(lines={"SHOAL-BOWL": 1}, restock=True)
    assert (rows("refund")[0].status, rows("payment")[0].refund_pending_minor) == ("pending", 2780)

    assert run(recover.sweep()) == 1
    assert (at_stripe(world), rows("payment")[0].refunded_minor) == ([2780], 2780)
    refund(lines={"SHOAL-BOWL": 1}, restock=True)
    assert (at_stripe(world), units("SHOAL-BOWL"), run(recover.sweep())) == ([2780], (0, 0, 1), 0)


def test_a_lost_reply_is_found_a_day_later_although_the_provider_forgot_the_key(world, clock):
    world.faults(api=[{"path": "POST /v1/refunds", "do": "lost_reply", "times": 3}])
    with pytest.raises(ProviderDown, match="goes on by itself"):
        cancel()
    world.faults()
    assert statuses()[:2] == ("cancelled", "paid")
    clock.shift(25 * 3600)

    run(recover.sweep())
    assert (at_stripe(world), statuses()[1]) == ([order().total_minor], "refunded")


def test_a_shipment_and_a_cancel_at_once_end_in_one_of_two_ways(world):
    bowl = line("SHOAL-BOWL").id

    async def both() -> Sequence[object]:
        return await asyncio.gather(
            fulfil.fulfil(1, {bowl: 1}, carrier="", tracking="", by=CLERK),
            cancel_workflow.cancel(1, restock=True, refund=True, reason="", by=MANAGER, request_key="key"),
            return_exceptions=True,
        )

    shipment, ended = run(both())
    assert ended is None
    if isinstance(shipment, Conflict):
        assert (statuses()[0], units("SHOAL-BOWL"), at_stripe(world)) == ("cancelled", (0, 0, 1), [9980])
    else:
        assert (statuses()[0], units("SHOAL-BOWL"), at_stripe(world)) == ("placed", (1, 0, 0), [7200])
    with pytest.raises(Conflict):
        send({"SHOAL-BOWL": 1})
