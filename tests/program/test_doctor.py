"""`doctor`: each thing that can be wrong has a line of its own that says what it is and what to do."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from shop_app.cli import check_up
from shop_app.cli.checks import database, machine, outside
from shop_app.cli.checks.finding import Finding, beside_clock_of
from shop_app.cli.main import main
from shop_app.core import db
from shop_app.core.clock import now
from shop_app.core.settings import Settings, settings
from shop_app.models import Letter, ProviderEvent
from shop_app.services import outbox
from shop_app.services.bulk_jobs import runs
from tests.http_stub import HttpStub, Said, http_stub
from tests.programs import find
from tests.providers.smtp_server import smtp_server
from tests.scale.servers import redis_server

Configure = Callable[..., Settings]
Found = list[tuple[str, str, str]]


def seen(findings: Iterator[Finding] | list[Finding]) -> Found:
    return [(one.mark, one.subject, one.text) for one in findings]


def of_database(look: Callable[..., Iterator[Finding]], chosen: Settings | None = None) -> Found:
    with db.reading() as session:
        return seen(look(session, chosen or settings()))


# --- All of it ------------------------------------------------------------------------------------


def test_one_check_that_fails_or_hangs_ends_no_other(monkeypatch, engine):
    def broken(_chosen: Settings) -> Iterator[Finding]:
        yield Finding("ok", "first", "was looked at")
        raise KeyError("of the inside")

    def hanging(_chosen: Settings) -> Iterator[Finding]:
        time.sleep(600)
        yield Finding("ok", "never", "")

    monkeypatch.setattr(check_up, "LIMIT_SECONDS", 0.05)
    assert seen(check_up._tried(hanging, settings())) == [("fails", "hanging", "no answer within 0.05 s")]
    monkeypatch.setattr(check_up, "LIMIT_SECONDS", 30)
    monkeypatch.setattr(check_up, "OUTSIDE", (broken, machine.pictures))
    found = seen(list(check_up.examine()))
    assert found[-3:] == [
        ("ok", "first", "was looked at"),
        ("fails", "broken", "can't be looked at: KeyError: 'of the inside'"),
        ("ok", "pictures", "AVIF, WebP and JPEG can be made"),
    ]


def test_each_finding_is_a_line_and_warnings_are_no_failure(engine):
    settings().data_dir.chmod(0o755)
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 0
    assert all(re.match(r"(ok     |missing|warns  |fails  )  [\w -]{1,17}: +\S", line) for line in
               result.output.splitlines())  # fmt: skip
    assert "warns    permissions:" in result.output


def test_what_stands_in_a_database_isn_t_looked_for_where_it_doesn_t_answer(configure: Configure):
    configure(SHOP_DATABASE_URL="postgresql://shop:secret-word@127.0.0.1:1/shop")
    subjects = [one.subject for one in check_up.examine()]
    assert not {"products", "letters", "jobs", "backup"} & set(subjects)
    assert seen(database.database(settings())) == [
        (
            "fails",
            "database",
            "PostgreSQL at 127.0.0.1:1 doesn't answer. Start it, or look at SHOP_DATABASE_URL.",
        )
    ]


# --- This machine -------------------------------------------------------------------------------


def test_files_that_others_can_read_are_named_with_what_closes_them(engine, tmp_path: Path, monkeypatch):
    folder, env_file = settings().data_dir, tmp_path / ".env"
    env_file.write_text("STRIPE_SECRET_KEY=sk_test_x\n")
    env_file.chmod(0o640)
    monkeypatch.setitem(Settings.model_config, "env_file", env_file)
    folder.chmod(0o755)
    (folder / "shop.db").chmod(0o644)
    (folder / "secret_key").touch(0o600)
    (folder / "notes.txt").write_text("of somebody else")
    (folder / "notes.txt").chmod(0o644)
    text = "other users of this machine can get at"
    assert seen(machine.permissions(settings())) == [
        ("warns", "permissions", f"{text} {folder}: chmod 700 {folder}"),
        ("warns", "permissions", f"{text} {folder / 'shop.db'}: chmod 600 {folder / 'shop.db'}"),
        ("warns", "permissions", f"{text} {env_file}: chmod 600 {env_file}"),
    ]
    folder.chmod(0o700)
    env_file.chmod(0o600)
    assert seen(machine.permissions(settings())) == [
        ("ok", "permissions", "keys and data are this user's alone")
    ]


@pytest.mark.parametrize(
    ("free_mb", "inodes", "found"),
    [
        (1_000, 5, ("ok", "disk", "1,000 MB free")),
        (999, 5, ("warns", "disk", "999 MB free where /data is: make room")),
        (199, 5, ("fails", "disk", "199 MB free where /data is: make room")),
        (9_000, 0, ("fails", "disk", "no file can be made any more where /data is: inodes are used up")),
    ],
)
def test_room_on_the_disk(monkeypatch, free_mb: int, inodes: int, found: tuple[str, str, str]):
    blocks = (4096, 4096, 0, 0, free_mb * 256, 10, inodes, inodes, 0, 255)
    monkeypatch.setattr(os, "statvfs", lambda _path: os.statvfs_result(blocks))
    assert seen([machine._room(Path("/data"))]) == [found]


def test_failures_are_counted(engine):
    path = settings().data_dir / "failures.log"
    nothing = [("ok", "failures", "no command has failed by a mistake of the shop")]
    assert seen(machine.failures(settings())) == nothing
    path.write_text(
        "2026-11-28T10:00:00+00:00 seed\nTraceback (most recent call last):\nKeyError: 'x'\n"
        "2026-11-29T10:00:00+00:00 backup\nTraceback (most recent call last):\nKeyError: 'y'\n"
    )
    assert seen(machine.failures(settings())) == [
        (
            "warns",
            "failures",
            "2 commands failed by a mistake of the shop, the last one backup at 2026-11-29T10:00:00+00:00:"
            f" {path} has it; report it, then delete the file",
        )
    ]


@pytest.mark.parametrize(
    ("seconds", "mark", "text"),
    [
        (1, "ok", "as Redis's"),
        (-30, "warns", "30 s apart from Redis's: set both by NTP (timedatectl set-ntp true)"),
        (-400, "fails", "400 s apart from Redis's: set both by NTP (timedatectl set-ntp true)"),
    ],
)
def test_clocks_are_compared(time_machine, seconds: int, mark: str, text: str):
    time_machine.move_to(datetime(2026, 11, 30, 12, tzinfo=UTC), tick=False)
    found = beside_clock_of("Redis", datetime.now(UTC) + timedelta(seconds=seconds))
    assert (found.mark, found.text) == (mark, text)


# --- The database -------------------------------------------------------------------------------


def test_a_backup_is_remembered_and_its_age_said(engine, tmp_path: Path, configure: Configure):
    advice = "run `python -m shop_app backup FILE` each night"
    assert of_database(database.backups) == [("missing", "backup", f"none was made yet: {advice}")]
    assert CliRunner().invoke(main, ["backup", str(tmp_path / "one")]).exit_code == 0
    ((mark, _subject, text),) = of_database(database.backups)
    assert (mark, re.sub(r"\d+ s", "N s", text)) == ("ok", "the last one is N s old")
    assert of_database(database.jobs) == [("missing", "jobs", "none has run yet: the shop isn't running")]
    with db.transaction() as session:
        runs.note_backup(session, now() - timedelta(days=9, hours=1), 5)
    in_production = settings().model_copy(update={"mode": "production"})
    assert of_database(database.backups, in_production) == [
        ("warns", "backup", f"the last one is 9 days old: {advice}")
    ]


def test_jobs_letters_and_events_that_wait_or_failed(engine):
    at = now()
    with db.transaction() as session:
        runs.note(session, "sweep", at - timedelta(minutes=1), 5, "")
        runs.note(session, "letters", at - timedelta(minutes=1), 5, "The mail server doesn't answer.")
        old: dict[str, Any] = {"created_at": at - timedelta(hours=3), "next_try_at": at - timedelta(hours=3)}
        session.add(Letter(dedupe_key="a", kind="order_paid", to_email="a@example.com", **old))
        late = Letter(dedupe_key="b", kind="order_paid", to_email="b@example.com", **old)
        late.attempts, late.problem = outbox.MAX_ATTEMPTS, "550 nobody here"
        session.add(late)
        event = ProviderEvent(provider="stripe", event_id="evt_1", kind="refund.updated", payload="{}")
        event.received_at = at - timedelta(minutes=15)
        session.add(event)
    assert of_database(database.jobs) == [
        ("ok", "jobs", "run"),
        ("warns", "jobs", "letters failed: The mail server doesn't answer."),
    ]
    assert of_database(database.letters) == [
        (
            "warns",
            "letters",
            "1 are due, the oldest for 3 hours: is the shop running, and the mail server answering?",
        ),
        ("missing", "letters", "1 were given up; order_paid to b@example.com: 550 nobody here"),
    ]
    assert of_database(database.work) == [
        ("warns", "work", "1 received events wait, the oldest for 15 minutes: /admin/settings says why")
    ]


@pytest.mark.postgres
def test_postgresql_says_its_version_and_clock(engine):
    found = seen(database.database(settings()))
    assert [(mark, subject) for mark, subject, _text in found if subject != "time-outs"] == [
        ("ok", "database"),
        ("ok", "connections"),
        ("ok", "clock"),
    ]
    assert re.fullmatch(r"PostgreSQL \d+\.\d+, schema \d{4}", found[0][2])


# --- Redis and mail -----------------------------------------------------------------------------


def test_redis_says_its_version_and_clock(configure: Configure):
    if not find("redis-server"):
        pytest.skip("no redis-server here")
    with redis_server() as server:
        answers, clock = seen(outside.redis(configure(SHOP_REDIS_URL=server.url)))
    assert (answers[0], re.sub(r"[\d.]+$", "N", answers[2])) == ("ok", "answers, version N")
    assert clock == ("ok", "clock", "as Redis's")
    assert seen(outside.redis(configure(SHOP_REDIS_URL="redis://127.0.0.1:1/0"))) == [
        ("fails", "Redis", "Redis at 127.0.0.1:1 doesn't answer. Start it, or look at SHOP_REDIS_URL.")
    ]


@pytest.mark.parametrize(
    ("answers", "mark", "text"),
    [
        ({"AUTH": "235 welcome"}, "ok", "HERE answers and takes the login"),
        (
            {"AUTH": "535 5.7.8 wrong password"},
            "fails",
            "HERE: The mail server refused: 535 5.7.8 wrong password Look at SHOP_SMTP_URL.",
        ),
        (
            {"GREETING": "554 not for you"},
            "fails",
            "HERE: The mail server refused: 554 not for you Look at SHOP_SMTP_URL.",
        ),
    ],
    ids=["takes the login", "wrong password", "refuses us"],
)
def test_mail_is_tried_without_sending(configure: Configure, answers: dict[str, str], mark: str, text: str):
    with smtp_server(**answers) as server:
        server.extensions.append("AUTH PLAIN")
        url = server.url.replace("smtp://", "smtp://shop:secret-word@")
        found = seen(outside.mail(configure(SHOP_SMTP_URL=url)))
        place = server.url.removeprefix("smtp://")
    assert found == [(mark, "mail", text.replace("HERE", place))]
    assert (server.taken, server.recipients) == ([], [])


def test_no_mail_server_is_said(configure: Configure):
    assert seen(outside.mail(configure(SHOP_SMTP_URL="smtp://127.0.0.1:1"))) == [
        ("fails", "mail", "127.0.0.1:1: The mail server doesn't answer. Look at SHOP_SMTP_URL.")
    ]


# --- Stripe -------------------------------------------------------------------------------------

LISTS = ("checkout/sessions", "payment_intents", "refunds", "disputes", "payment_method_configurations")
EMPTY = Said(body={"object": "list", "data": [], "has_more": False, "url": "/v1/x"})


def refused(status: int, **error: str) -> Said:
    return Said(status, {"error": {"type": "invalid_request_error", "message": "No.", **error}})


def endpoints(*those: dict[str, Any]) -> Said:
    whole = [
        {"id": "we_1", "object": "webhook_endpoint", "status": "enabled", "enabled_events": ["*"]} | one
        for one in those
    ]
    return Said(body={"object": "list", "data": whole, "has_more": False, "url": "/v1/webhook_endpoints"})


HOOK = "http://localhost:3000/webhooks/stripe"
HERE = endpoints({"url": HOOK})
LATE = Said(body=EMPTY.body, headers={"Date": format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)})
STRIPE: dict[str, tuple[dict[str, Said], list[tuple[str, str, str]]]] = {
    "all is well": (
        {"webhook_endpoints": HERE},
        [("ok", "clock", "as Stripe's"), ("ok", "webhook", f"Stripe sends to {HOOK}")],
    ),
    "a wrong key": (
        {name: refused(401, message="Invalid API Key provided: sk_test_***wxyz") for name in LISTS},
        [
            (
                "fails",
                "payments",
                "Stripe doesn't know the key: copy STRIPE_SECRET_KEY anew from its dashboard",
            ),
            ("ok", "clock", "as Stripe's"),
        ],
    ),
    "a restricted key": (
        {"refunds": refused(403), "disputes": refused(403)},
        [
            (
                "fails",
                "payments",
                "the key is restricted and may not read Refunds, Disputes: give it that right at Stripe",
            ),
            ("ok", "clock", "as Stripe's"),
        ],
    ),
    "Stripe is ill": (
        {"checkout/sessions": refused(500, message="Ouch, sk_test_secret")},
        [("fails", "payments", "Stripe answers with status 500: Ouch, …"), ("ok", "clock", "as Stripe's")],
    ),
    "no endpoint": (
        {"webhook_endpoints": endpoints({"url": "https://other.example/webhooks/stripe"})},
        [
            ("ok", "clock", "as Stripe's"),
            ("warns", "webhook", f"Stripe has no endpoint {HOOK}: add it there, with its secret here"),
        ],
    ),
    "a disabled endpoint": (
        {"webhook_endpoints": endpoints({"url": HOOK, "status": "disabled"})},
        [
            ("ok", "clock", "as Stripe's"),
            ("warns", "webhook", f"Stripe has the endpoint {HOOK} disabled: enable it there"),
        ],
    ),
    "events that aren't sent": (
        {
            "webhook_endpoints": endpoints(
                {"url": HOOK, "enabled_events": ["checkout.session.completed", "charge.refunded"]},
                {"url": HOOK, "enabled_events": ["charge.dispute.created", "charge.dispute.closed"]},
            )
        },
        [
            ("ok", "clock", "as Stripe's"),
            (
                "warns",
                "webhook",
                "Stripe doesn't send checkout.session.async_payment_succeeded,"
                f" checkout.session.async_payment_failed to {HOOK}: select them there",
            ),
        ],
    ),
    "a key that may not read endpoints": (
        {"webhook_endpoints": refused(403)},
        [
            ("ok", "clock", "as Stripe's"),
            (
                "warns",
                "webhook",
                "Stripe doesn't say where it sends events to (the key is restricted and may not read this)",
            ),
        ],
    ),
}


@contextmanager
def stripe(answers: dict[str, Said]) -> Iterator[HttpStub]:
    paths = {f"/v1/{name}": EMPTY for name in LISTS} | {f"/v1/{name}": said for name, said in answers.items()}
    with http_stub(paths) as server:
        yield server


def asked_stripe(configure: Configure, base: str, secret: str = "whsec_1") -> Found:
    chosen = configure(STRIPE_SECRET_KEY="sk_test_1", STRIPE_WEBHOOK_SECRET=secret, STRIPE_API_BASE=base)
    return seen(outside.payments(chosen))


@pytest.mark.parametrize("state", STRIPE)
def test_stripe_is_really_called(configure: Configure, state: str):
    answers, expected = STRIPE[state]
    with stripe(answers) as server:
        found = asked_stripe(configure, server.url)
    good = ("ok", "payments", f"Stripe at {server.url} takes the test key")
    assert found == ([] if expected[0][1] == "payments" else [good]) + expected
    assert {line.partition(" ")[0] for line in server.asked} == {"GET"}


def test_a_clock_far_from_stripe_s_and_a_missing_secret_fail(configure: Configure):
    with stripe({"checkout/sessions": LATE, "webhook_endpoints": HERE}) as server:
        found = asked_stripe(configure, server.url, secret="")
    assert [(mark, subject) for mark, subject, _text in found] == [
        ("ok", "payments"),
        ("fails", "clock"),
        ("fails", "webhook"),
        ("ok", "webhook"),
    ]
    assert found[2][2] == "STRIPE_WEBHOOK_SECRET is not set; paid orders would only be found by reconcile"


def test_no_way_to_stripe_is_said(configure: Configure):
    assert asked_stripe(configure, "http://127.0.0.1:1") == [
        (
            "fails",
            "payments",
            "Stripe can't be reached from this machine: look at its network, and at STRIPE_API_BASE",
        )
    ]


def test_events_that_don_t_come_are_said(engine, configure: Configure):
    assert of_database(outside.events) == []
    configure(STRIPE_SECRET_KEY="sk_test_1")
    assert of_database(outside.events) == [("missing", "events", "none has come yet")]
    with db.transaction() as session:
        event = ProviderEvent(provider="stripe", event_id="evt_1", kind="refund.updated", payload="{}")
        event.received_at = datetime(2026, 11, 30, 12, tzinfo=UTC)
        session.add(event)
    assert of_database(outside.events) == [("ok", "events", "the last one came at 2026-11-30T12:00:00+00:00")]


# --- Its own address ----------------------------------------------------------------------------

ALIVE = Said(body={"status": "alive"})
ADDRESS: dict[str, tuple[dict[str, Said], str, str]] = {
    "the shop": ({"/healthz": ALIVE, "/robots.txt": Said(body="")}, "ok", "HERE"),
    "another host than asked": (
        {"/healthz": ALIVE, "/robots.txt": Said(421, "")},
        "fails",
        "the proxy at HERE has to hand on the header Host as it came",
    ),
    "elsewhere": (
        {"/healthz": Said(301, "", {"Location": "https://www.shop.example/healthz"})},
        "fails",
        "HERE redirects to https://www.shop.example/healthz: set SHOP_BASE_URL to the address that shoppers"
        " use",
    ),
    "another program": ({"/healthz": Said(404, "")}, "fails", "something else answers at HERE: status 404"),
    "a proxy before nothing": (
        {"/healthz": Said(502, "")},
        "missing",
        "a proxy answers at HERE, and the shop isn't running",
    ),
}


@pytest.mark.parametrize("state", ADDRESS)
def test_the_shop_is_asked_at_its_own_address(configure: Configure, state: str):
    answers, mark, text = ADDRESS[state]
    with http_stub(answers) as server:
        found = seen(outside.address(configure(SHOP_BASE_URL=server.url, PORT="1")))
        assert found == [(mark, "address", text.replace("HERE", server.url))]


def test_a_shop_that_runs_and_isn_t_reached_is_another_case_than_one_that_doesn_t(configure: Configure):
    nowhere = "http://127.0.0.1:1"
    with http_stub({"/healthz": ALIVE}) as server:
        port = str(server.server_address[1])
        assert seen(outside.address(configure(SHOP_BASE_URL=nowhere, PORT=port))) == [
            (
                "fails",
                "address",
                f"the shop runs, and nothing answers at {nowhere}: look at the proxy, the name's address,"
                " firewalls",
            )
        ]
    assert seen(outside.address(configure(SHOP_BASE_URL=nowhere, PORT="2"))) == [
        ("missing", "address", f"nothing answers at {nowhere}: the shop isn't running")
    ]
