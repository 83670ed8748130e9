"""Proves that the tests can fail: takes one guard out at a time, and wants a red test for each.

`python -m tests.mutants` runs them all on copies of the sources, `python -m tests.mutants NAME …` these.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parent.parent
COPIED = (
    "shop_app",
    "tests",
    "alembic",
    "assets",
    "pyproject.toml",
    "rxconfig.py",
    "alembic.ini",
    "seed/shop.json",
    "seed/catalog.json",
)
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Mutant:
    name: str
    what: str
    edits: tuple[tuple[str, str, str], ...]
    """File, a text that stands in it once, and what stands there instead."""
    tests: tuple[str, ...]
    """Where it should be found; the first red one is enough."""


SERVICES, PROVIDERS = "shop_app/services", "shop_app/providers/payments"
MUTANTS = (
    Mutant(
        "unseen-signs",
        "text is kept with the signs that nobody sees",
        (("shop_app/core/typed_text.py", '_UNSEEN_BUT_FLAGS.sub(r"\\1", text)', "text"),),
        ("tests/test_typed_text.py",),
    ),
    Mutant(
        "host-as-it-is-read",
        "letters name their recipient's host as pages show it",
        (("shop_app/letters/__init__.py", "sent_form(letter.to_email)", "letter.to_email"),),
        ("tests/program/test_jobs.py",),
    ),
    Mutant(
        "tried-for-ever",
        "a letter that is refused for good is tried again",
        (("shop_app/providers/mail/smtp.py", "return Invalid(_said", "return ProviderDown(_said"),),
        ("tests/providers/test_mail.py",),
    ),
    Mutant(
        "two-names",
        "who has one name can't order",
        (
            (
                f"{SERVICES}/customers/addresses.py",
                "is_spare = each.name in _NAMES and has_name and not prose(value)",
                "is_spare = False",
            ),
        ),
        ("tests/services/test_addresses.py",),
    ),
    Mutant(
        "days-of-utc",
        "the shop's days are those of UTC",
        (
            (
                "shop_app/core/clock.py",
                "ZoneInfo(chosen.time_zone or zone_of(chosen.country))",
                "ZoneInfo('UTC')",
            ),
        ),
        ("tests/test_clock.py",),
    ),
    Mutant(
        "periods-end-on-sundays",
        "a period of the buyer's may end on a weekend or a holiday",
        (
            (
                "shop_app/core/working_days.py",
                "return max(this_or_next(last, country) for country in (shop().country, buyers_country))",
                "return last",
            ),
        ),
        ("tests/test_clock.py", "tests/services/test_returns.py"),
    ),
    Mutant(
        "failed-start-keeps-units",
        "an order whose payment can't be started keeps its units and its credit",
        (
            (
                f"{SERVICES}/payments/commands.py",
                '        end_unpaid(session, payment.order_id, "failed")\n',
                "",
            ),
        ),
        ("tests/faults/test_workflows.py", "tests/faults/test_credit_workflows.py"),
    ),
    Mutant(
        "cards-leave-too-little",
        "gift cards leave less than can be paid by card",
        (
            (
                f"{SERVICES}/credit/payments.py",
                "if 0 < left < bounds.least_minor <= total_minor:",
                "if False:",
            ),
        ),
        ("tests/faults/test_payable_amounts.py",),
    ),
    Mutant(
        "guessed-amounts",
        "1,000 is taken for one with three decimals",
        (("shop_app/core/decimals.py", "    if parts.unsure and not sign:\n", "    if False:\n"),),
        ("tests/test_money.py",),
    ),
    Mutant(
        "folded-handles",
        "handles that are written alike in ASCII are one product",
        (
            (
                f"{SERVICES}/catalog/identity.py",
                "    return trimmed(trimmed(written).lower())\n",
                "    return slugify(written)\n",
            ),
        ),
        ("tests/services/test_identity.py",),
    ),
    Mutant(
        "folded-values",
        "values of filters are their slugs",
        (
            (
                f"{SERVICES}/search/facet_keys.py",
                '    return trimmed(" ".join(trimmed(label).split()).lower()).translate(_ESCAPING)\n',
                "    return old_key(label)\n",
            ),
        ),
        ("tests/services/test_facet_keys.py",),
    ),
    Mutant(
        "stolen-addresses",
        "a new product takes an address that leads to another",
        (
            (
                f"{SERVICES}/catalog/identity.py",
                "(col(Product.slug), col(SlugRedirect.slug))",
                "(col(Product.slug),)",
            ),
        ),
        ("tests/services/test_identity.py",),
    ),
    Mutant(
        "names-without-a-lock",
        "two products are made at once",
        (
            (
                f"{SERVICES}/catalog/identity.py",
                '    if session.get_bind().dialect.name == "postgresql":\n',
                "    if False:\n",
            ),
        ),
        ("tests/races/test_catalogue_races.py",),
    ),
    Mutant(
        "listed-unlisted",
        "an unlisted product gets into the listing index",
        (
            (
                f"{SERVICES}/search/listing_index.py",
                "col(Product.status) == LISTED",
                "col(Product.status).in_(('active', 'unlisted'))",
            ),
        ),
        ("tests/services/test_unlisted.py",),
    ),
    Mutant(
        "codes-in-the-open",
        "an export leaves codes to the spreadsheet",
        (
            (
                f"{SERVICES}/product_files/csv_cells.py",
                """return f"'{text}" if eaten else text""",
                "return text",
            ),
        ),
        ("tests/services/test_product_csv_cells.py",),
    ),
    Mutant(
        "kept-from-before",
        "what began to be made before a fact is kept after it",
        (
            (
                "shop_app/core/fact_cache.py",
                "if entry and _facts.since(making.since, entry.tags):",
                "if False:",
            ),
        ),
        ("tests/test_fact_cache.py", "tests/races/test_page_races.py"),
    ),
    Mutant(
        "facts-forgotten",
        "a commit is answered before what depends on it is emptied",
        (("shop_app/core/events.py", "        fact_cache.deliver(tags)", "        pass"),),
        ("tests/services/test_facts.py",),
    ),
    Mutant(
        "old-terms",
        "terms that an old snapshot read are taken for new ones",
        (
            (
                "shop_app/services/terms_cache.py",
                'session.info.get("facts", fact_cache.number())',
                "fact_cache.number()",
            ),
        ),
        ("tests/services/test_terms_cache.py",),
    ),
    Mutant(
        "one-cart-for-many",
        "a cache in front may keep an answer that sets a visitor's cookie",
        (("shop_app/web/document.py", "        elif self.is_shared:", "        if self.is_shared:"),),
        ("tests/web/test_document.py",),
    ),
    Mutant(
        "any-variants",
        "several variants together may fulfil the filters of a list",
        (
            (
                f"{SERVICES}/search/facet_counts.py",
                "return Fits(bits & union(planes), planes)",
                "return Fits(bits, planes)",
            ),
        ),
        ("tests/services/test_catalog_listing.py",),
    ),
    Mutant(
        "any-variants-of-the-database",
        "the same where the database reads the page",
        (
            (
                f"{SERVICES}/search/listing_pages.py",
                "return [*conditions, _has_variant(shape)] if shape.one_variant else conditions",
                "return conditions",
            ),
        ),
        ("tests/services/test_catalog_listing.py",),
    ),
    Mutant(
        "token-alone",
        "a tab's token opens its State whoever sends it",
        (("shop_app/web/tab_states.py", "{visitor or ''}|{session or ''}|{token}", "{token}"),),
        ("tests/web/test_sockets.py",),
    ),
    Mutant(
        "any-frame",
        "a socket may send what no page sends",
        (("shop_app/web/sockets.py", "if ALLOWED.match(text) else", "if text else"),),
        ("tests/web/test_sockets.py",),
    ),
    Mutant(
        "any-address",
        "an event's address is whatever it is",
        (("shop_app/web/event_shape.py", "            _path(router_data[name])", "            pass"),),
        ("tests/web/test_event_shape.py",),
    ),
    Mutant(
        "staff-values-stay",
        "what staff saw stays when they may see it no more",
        (("shop_app/web/private_states.py", ".reset()", ""),),
        ("tests/web/test_attacks.py::test_what_staff_saw_goes_with_the_right_to_see_it",),
    ),
    Mutant(
        "rest-is-awaited",
        "a body that stops is answered, and its connection waits for the rest",
        (("shop_app/web/bodies.py", "str(len(sentence) + 1)", "str(len(sentence))"),),
        ("tests/web/test_bodies.py",),
    ),
    Mutant(
        "woken-once",
        "the loop isn't woken again for events that came while it published",
        (("shop_app/state/pushes.py", "self._awake = bool(changes)", "pass"),),
        ("tests/state/test_pushes.py",),
    ),
    Mutant(
        "document-believed",
        "what a document brought is taken for what is so now",
        (("shop_app/realtime/page_values.py", "if wire.digest(value) != digest:", "if False:"),),
        ("tests/realtime/test_page_values.py",),
    ),
    Mutant(
        "build-believed",
        "a page that connects again is sent only what differs from its build",
        (("shop_app/realtime/page_values.py", "[: len(built.hashes)]) == built.hashes", "[:0]) == []"),),
        ("tests/realtime/test_page_values.py",),
    ),
    Mutant(
        "followed-too-late",
        "what is pushed before a page follows its products is missed",
        (("shop_app/state/live.py", "if fact_cache.number() == number:", "if True:"),),
        ("tests/state/test_live.py",),
    ),
    Mutant(
        "load-unguarded",
        "a page's load runs handlers that the visitor may not call",
        (("shop_app/web/page_load.py", "if refusal is not None:", "if False:"),),
        ("tests/web/test_page_load.py",),
    ),
    Mutant(
        "own-tab-spared-of-all",
        "a tab doesn't load the cart that another tab has changed too",
        (
            (
                "shop_app/state/live.py",
                "if self.sid == other.sid else Author()",
                "if self.sid == other.sid else self",
            ),
        ),
        ("tests/state/test_pushes.py",),
    ),
    Mutant(
        "form-of-any-size",
        "a form brings fields that its model doesn't name, of any size",
        (("shop_app/web/guard.py", 'if schema.get("additionalProperties"):', "if False:"),),
        ("tests/web/test_small.py",),
    ),
    Mutant(
        "form-errors-unseen",
        "a form with bad values is answered with nothing",
        (("shop_app/state/forms.py", "self._fail(sentences(error))", "pass"),),
        ("tests/web/test_socket.py",),
    ),
    Mutant(
        "upload-on-the-loop",
        "a picture is decoded on the loop",
        (("shop_app/web/uploads.py", "await _decoded(body)", "pictures.take_in(body)"),),
        ("tests/web/test_uploads.py",),
    ),
    Mutant(
        "inner-address",
        "a gateway's name for an inner address counts as public",
        ((f"{SERVICES}/product_files/public_addresses.py", "return ip.is_global and", "return True or"),),
        ("tests/services/test_fetching.py",),
    ),
    Mutant(
        "one-moment",
        "a query on PostgreSQL sees another moment with each statement",
        (("shop_app/core/db.py", '"isolation_level": "REPEATABLE READ", ', ""),),
        ("tests/program/test_db.py",),
    ),
    Mutant(
        "first-page-alone",
        "only the newest payments are compared",
        (("shop_app/workflows/reconcile.py", "        before = page[-1].payment_id", "        return"),),
        ("tests/faults/test_workflows.py",),
    ),
    Mutant(
        "foreign-page",
        "another site's page may call the sandbox",
        (("shop_app/sandbox/local_access.py", "    return origins <=", "    return True or origins <="),),
        ("tests/web/test_sandbox_local_access.py",),
    ),
    Mutant(
        "missed-stock",
        "stock may come back unseen while somebody asks to be told of it",
        ((f"{SERVICES}/stock_alerts/line.py", "    .with_for_update(read=True)\n", ""),),
        ("tests/services/test_stock_alerts.py",),
    ),
    Mutant(
        "last-come-first-asked",
        "who came last is asked first",
        (
            (
                f"{SERVICES}/stock_alerts/asking.py",
                "    .order_by(alert.c.confirmed_at, alert.c.id)\n",
                "    .order_by(alert.c.confirmed_at.desc(), alert.c.id.desc())\n",
            ),
        ),
        ("tests/services/test_stock_alerts.py",),
    ),
    Mutant(
        "units-for-nobody",
        "a unit that is set aside stays so when its person has left the line",
        ((f"{SERVICES}/stock_alerts/asking.py", "    if reserved > needed:\n", "    if False:\n"),),
        ("tests/services/test_stock_alerts.py",),
    ),
    Mutant(
        "anyones-lowest-price",
        "the prices of another variant count for the lowest one",
        (
            (
                f"{SERVICES}/catalog/price_history.py",
                "partition_by=col(PriceHistory.variant_id), ",
                "",
            ),
        ),
        ("tests/services/test_catalog_product.py",),
    ),
    Mutant(
        "stock-guard",
        "units are taken whether they are there or not",
        (
            (
                f"{SERVICES}/inventory/ledger.py",
                'held >= bindparam("needed")',
                'held + 10**9 >= bindparam("needed")',
            ),
        ),
        ("tests/services/test_inventory.py",),
    ),
    Mutant(
        "untracked-ledger",
        "what was asked for is written down, and not what was moved of an untracked variant",
        (
            (
                f"{SERVICES}/inventory/ledger.py",
                "return replace(move, on_hand=move.allocated, held=0)",
                "return move",
            ),
        ),
        ("tests/services/test_inventory.py",),
    ),
    Mutant(
        "unique-key",
        "nothing keeps a cart from having two living orders",
        (
            (
                "alembic/versions/0001_schema.py",
                '"uq_customer_order_living_cart",\n        "customer_order",\n'
                '        ["cart_id"],\n        unique=True,',
                '"uq_customer_order_living_cart",\n        "customer_order",\n'
                '        ["cart_id"],\n        unique=False,',
            ),
        ),
        ("tests/program/test_migrations.py",),
    ),
    Mutant(
        "one-order",
        "a second click places a second order",
        (
            (
                f"{SERVICES}/orders/placing.py",
                "    if placed:\n        return placed",
                "    if False:\n        return placed",
            ),
        ),
        ("tests/services/test_orders.py", "tests/faults/test_workflows.py"),
    ),
    Mutant(
        "shown-total",
        "a total that has risen is charged all the same",
        (
            (
                f"{SERVICES}/orders/placing.py",
                "    if priced.totals.total_minor > expected_total_minor:\n        terms_cache",
                "    if False:\n        terms_cache",
            ),
        ),
        ("tests/services/test_orders.py",),
    ),
    Mutant(
        "inbox-skipped",
        "a webhook isn't stored",
        (
            (
                "shop_app/web/webhooks.py",
                "await db.write(payment_inbox.receive, notice, durable=True)",
                "None",
            ),
        ),
        ("tests/web/test_webhooks.py",),
    ),
    Mutant(
        "signature",
        "a webhook that nobody signed is believed",
        ((f"{PROVIDERS}/stripe.py", 'raise Forged(_("The signature doesn\'t fit."))', "return"),),
        ("tests/web/test_webhooks.py", "tests/providers/test_payments.py"),
    ),
    Mutant(
        "random-key",
        "every request for a payment has an idempotency key of its own",
        (
            (
                f"{PROVIDERS}/stripe.py",
                '{"idempotency_key": request.key}',
                '{"idempotency_key": str(id(object()))}',
            ),
        ),
        ("tests/faults/test_workflows.py",),
    ),
    Mutant(
        "closed-at-home",
        "an order ends while its payment page is still open at the provider",
        (
            (
                "shop_app/workflows/pay.py",
                "await call_provider(provider(payment.provider).expire, payment.reference)",
                "pass",
            ),
        ),
        ("tests/faults/test_workflows.py",),
    ),
    Mutant(
        "applied-twice",
        "a paid order is paid again by the next notice",
        (
            (
                f"{SERVICES}/orders/commands.py",
                '    if order.paid_at is not None:\n        return "already"',
                '    if False:\n        return "already"',
            ),
        ),
        ("tests/services/test_orders.py", "tests/services/test_payments.py"),
    ),
    Mutant(
        "currency",
        "money in another currency counts",
        (
            (
                f"{SERVICES}/payments/ledger.py",
                "    if snapshot.currency and snapshot.currency != payment.currency:",
                "    if False:",
            ),
        ),
        ("tests/services/test_payments.py",),
    ),
    Mutant(
        "refund-guard",
        "more goes back than has come in",
        (
            (
                f"{SERVICES}/payments/refund_rows.py",
                "    if total <= refundable.free_minor:\n",
                "    if total:\n",
            ),
            (
                f"{SERVICES}/payments/refund_rows.py",
                "<= _payment.c.captured_minor - held_by_banks",
                "<= 10**12",
            ),
        ),
        ("tests/services/test_refunds.py", "tests/machines/test_order_machine.py"),
    ),
    Mutant(
        "code-limit",
        "a code is used more often than it may",
        (
            (
                f"{SERVICES}/promotions/commands.py",
                "promotion.c.used < promotion.c.usage_limit",
                "promotion.c.used < 10**9",
            ),
        ),
        ("tests/services/test_promotions.py",),
    ),
    Mutant(
        "credit-guard",
        "a gift card goes below zero",
        (
            (
                f"{SERVICES}/credit/commands.py",
                'account.c.balance_minor + bindparam("amount") >= 0',
                'account.c.balance_minor + bindparam("amount") >= -(10**9)',
            ),
        ),
        ("tests/services/test_credit.py",),
    ),
    Mutant(
        "rounding",
        "tax is cut off instead of rounded half up on each line",
        (
            (
                f"{SERVICES}/pricing/price_cart.py",
                "tax_within(total, rate.ppm, self.money.last_digit_minor)",
                "total * rate.ppm // (1_000_000 + rate.ppm)",
            ),
        ),
        ("tests/services/test_pricing.py",),
    ),
    Mutant(
        "letter-twice",
        "a letter that is in the outbox is written again",
        (
            (
                f"{SERVICES}/outbox.py",
                "on_conflict_do_nothing(index_elements=[_letter.c.dedupe_key])",
                'on_conflict_do_update(index_elements=[_letter.c.dedupe_key], set_={"sent_at": None})',
            ),
        ),
        ("tests/services/test_letters.py",),
    ),
    Mutant(
        "policy",
        "anybody may refund",
        (
            (
                "shop_app/state/admin/orders.py",
                '@staff("orders.refund")\n    async def refund(',
                "@public\n    async def refund(",
            ),
            (
                "shop_app/state/admin/orders.py",
                "from ..base import asked_by, say, staff",
                "from ..base import asked_by, public, say, staff",
            ),
        ),
        ("tests/web/test_every_event.py", "tests/state"),
    ),
    Mutant(
        "own-host",
        "the shop answers to any host",
        (("shop_app/web/hosts.py", "if not checks_health and not _is_own(hosts[0]):", "if False:"),),
        ("tests/web/test_hosts.py",),
    ),
    Mutant(
        "held-cart",
        "an old cart goes though it holds units",
        ((f"{SERVICES}/retention.py", "~held, ~waiting)", "~waiting)"),),
        ("tests/program/test_retention.py",),
    ),
    Mutant(
        "any-discount",
        "a percentage comes to what can't be charged",
        (
            (
                f"{SERVICES}/promotions/discounts.py",
                "amount = round_half_up(Fraction(whole * offer.percent, 100), step)",
                "amount = round_half_up(Fraction(whole * offer.percent, 100))",
            ),
        ),
        ("tests/services/test_pricing_properties.py",),
    ),
    Mutant(
        "any-unit-amount",
        "a unit is charged at what can't be charged",
        ((f"{PROVIDERS}/stripe.py", "(line.quantity * money.step(currency.upper()))", "line.quantity"),),
        ("tests/services/test_currency_steps.py",),
    ),
    Mutant(
        "downloads-are-sent",
        "delivery is taxed as what isn't sent",
        (
            (
                f"{SERVICES}/pricing/delivery_tax.py",
                "[item for item in carried if item.is_sent] or carried",
                "carried",
            ),
        ),
        ("tests/services/test_delivery_tax.py",),
    ),
)


def copy_of_sources(into: Path) -> Path:
    for name in COPIED:
        source, target = ROOT / name, into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return into


def run(mutant: Mutant, copy: Path) -> tuple[bool, float, str]:
    """Whether a test went red, after how many seconds, and what pytest said last."""
    before = {name: (copy / name).read_text() for name, _old, _new in mutant.edits}
    after = dict(before)
    for name, old, new in mutant.edits:
        if after[name].count(old) != 1:
            return False, 0.0, f"its text stands {after[name].count(old)} times in {name}, not once"
        after[name] = after[name].replace(old, new)
    for name, text in after.items():
        (copy / name).write_text(text)
    started = time.monotonic()
    try:
        completed = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mutant.tests],
            cwd=copy,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
    finally:
        for name, text in before.items():
            (copy / name).write_text(text)
    lines = [line for line in completed.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    # 1 is a red test, or one whose ground couldn't be laid: that, and anything else, proves nothing.
    is_red = completed.returncode == 1 and not any(line.startswith("ERROR") for line in lines)
    last = lines[0] if lines else (completed.stdout + completed.stderr).strip().splitlines()[-1]
    return is_red, time.monotonic() - started, last


def main(names: list[str]) -> int:
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    unknown = set(names) - {mutant.name for mutant in MUTANTS}
    if unknown:
        print(f"There is no mutant {', '.join(sorted(unknown))}; there are:")
        print("\n".join(f"  {mutant.name:<24} {mutant.what}" for mutant in MUTANTS))
        return 2
    with tempfile.TemporaryDirectory(prefix="shop-mutants-") as folder:
        copies: Queue[Path] = Queue()
        for number in range(AT_ONCE):
            copies.put(copy_of_sources(Path(folder) / str(number)))
        survivors = []

        def hunt(mutant: Mutant) -> None:
            copy = copies.get()
            is_red, seconds, said = run(mutant, copy)
            copies.put(copy)
            print(
                f"{'red     ' if is_red else 'SURVIVED'} {seconds:5.1f} s  {mutant.name:<24} {said[:150]}",
                flush=True,
            )
            if not is_red:
                survivors.append(mutant.name)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(hunt, chosen))
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants turn a test red")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
