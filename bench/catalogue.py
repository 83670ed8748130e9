"""How lists, search, suggestions and product pages hold up as the catalogue grows.

    python -m bench.catalogue [--sizes 1000,10000,100000] [--rounds 300] [--postgres | --url postgresql://…]

Each query gets other values every time, and the cache of facet counts is emptied before each, save for the
row "counted before", which shows what that cache saves. Beside the time stand the processors' milliseconds of
this process and of PostgreSQL, which say more on a busy machine.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from statistics import quantiles

from sqlalchemy import Engine, text
from sqlmodel import Session

from shop_app.core import db, migrate
from shop_app.services.catalog import availability
from shop_app.services.catalog.views import ListingQuery
from shop_app.services.search import facet_fold, index_cache, listing, listing_index
from shop_app.services.search import queries as search_queries
from shop_app.services.search.suggestions import suggest
from shop_app.services.storefront import home as storefront
from shop_app.services.storefront import product_page
from tests import postgres

from . import large_catalogue as made
from .cpu import of_postgres

WARMING = 10
"""Rounds before those that are counted."""
RESULTS = Path(__file__).parent / "results"
Question = Callable[[Session, Random], object]


def _browse(session: Session, **query: object) -> object:
    return listing.browse(session, ListingQuery(**query))  # pyright: ignore[reportArgumentType]


def _narrowed(session: Session, rng: Random) -> object:
    colours = tuple(sorted(rng.sample([colour.lower() for colour in made.COLOURS], 2)))
    category = rng.choice(made.CATEGORIES).lower()
    return _browse(
        session, category=category, facets=(("colour", colours),), price_min_minor=rng.randrange(5000)
    )


def _rare(session: Session, rng: Random) -> object:
    # As many products fit in each size, about a page of them.
    low, width = rng.randrange(900, 40000, 50), 59_100 * 300 // session.info["size"]
    return _browse(session, price_min_minor=low, price_max_minor=low + width, in_stock=True, on_sale=True)


def _deep(session: Session, rng: Random) -> object:
    price = rng.randrange(30000, 50000)
    # Deep in the list by its cursor, as a reader who kept on asking for more arrives there.
    page = ListingQuery(sort="price", page=900, after=f"{price}.1")
    return listing.browse(session, page)


def _common(session: Session, rng: Random) -> object:
    return search_queries.find(session, rng.choice(made.KINDS))


def _everywhere(session: Session, _rng: Random) -> object:
    return search_queries.find(session, "every day")


def _name(rng: Random) -> str:
    return "".join(rng.choices(made.SYLLABLES, k=3))


def _typo(session: Session, rng: Random) -> object:
    word = rng.choice([*made.MATERIALS, *made.KINDS]).split()[-1].lower()
    place = rng.randrange(1, len(word) - 1)
    return search_queries.find(session, word[:place] + word[place + 1] + word[place] + word[place + 2 :])


def _sku(session: Session, rng: Random) -> object:
    return search_queries.find(session, f"BE-{rng.randint(1, 1000):06d}")


QUESTIONS: dict[str, Question] = {
    "browse all": lambda session, rng: _browse(session, price_max_minor=10**6 + rng.randrange(10**6)),
    "browse a category, by price": lambda session, rng: _browse(
        session, category=rng.choice(made.CATEGORIES).lower(), sort="price"
    ),
    "browse category + colours + price": _narrowed,
    "browse a filter that little fits": _rare,
    "browse deep in the list": _deep,
    "browse, counted before": lambda session, rng: _browse(session, category="table"),
    "browse a common word": lambda session, rng: _browse(session, text=rng.choice(made.KINDS)),
    "search a common word": _common,
    "search words in all descriptions": _everywhere,
    "search a rare word": lambda session, rng: search_queries.find(session, _name(rng)),
    "search a typo": _typo,
    "search a SKU": _sku,
    "search the end of compounds": lambda session, rng: search_queries.find(session, rng.choice(made.WARES)),
    "search a part of a run": lambda session, rng: search_queries.find(session, rng.choice(made.THINGS)),
    "search one sign of a run": lambda session, rng: search_queries.find(session, rng.choice("茶皿鏡竹花器")),
    "search an amount": lambda session, rng: search_queries.find(session, f"{rng.randint(8, 60)}cm"),
    "search words written together": lambda session, rng: search_queries.find(
        session, _name(rng) + rng.choice(made.KINDS).lower()
    ),
    "suggest, three letters": lambda session, rng: suggest(session, rng.choice(made.KINDS)[:3]),
    "suggest, five letters": lambda session, rng: suggest(session, _name(rng)[:5]),
    "suggest, two signs of a run": lambda session, rng: suggest(session, rng.choice(made.THINGS)[:2]),
    "product page": lambda session, rng: product_page.product(session, rng.choice(session.info["slugs"])),
    "availability of a variant": lambda session, rng: availability.of_variants(
        session, (rng.randint(1, 2000),)
    ),
    "home page": lambda session, _rng: storefront.home(session),
}


def measure(
    engine: Engine,
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
    database_cpu_seconds: Callable[[], float] = float,
) -> dict[str, dict[str, float]]:
    """Milliseconds at the median and at the 95th percentile of each question, and of the processors."""
    rng, figures = Random(7), {}
    with Session(engine) as session:
        slugs = session.connection().execute(text("SELECT slug FROM listing_item LIMIT 5000"))
        session.info["slugs"] = [slug for (slug,) in slugs]
        count = session.connection().execute(text("SELECT count(*) FROM listing_item"))
        session.info["size"] = count.scalar_one()
        for name, ask in QUESTIONS.items():
            times, here, there = [], 0.0, 0.0
            for turn in range(rounds + WARMING):
                if turn == WARMING:
                    here, there = time.thread_time(), database_cpu_seconds()
                if "counted before" not in name:
                    facet_fold.counts.get(session, index_cache.stamp(session)).cache.clear()
                began = clock()
                ask(session, rng)
                if turn >= WARMING:
                    times.append(1000 * (clock() - began))
            cuts = quantiles(times, n=20)
            figures[name] = {
                "p50_ms": round(cuts[9], 3),
                "p95_ms": round(cuts[18], 3),
                "cpu_ms": round(1000 * (time.thread_time() - here) / rounds, 3),
                "database_cpu_ms": round(1000 * (database_cpu_seconds() - there) / rounds, 3),
            }
    return figures


def prepared(url: str, size: int) -> tuple[Engine, dict[str, float]]:
    """A migrated database of that many products, and how long its making took."""
    engine = db.make_engine(url)
    migrate.migrate(engine)
    with _writing(engine) as session:
        began = time.perf_counter()
        made.fill(session, size)
    filled = time.perf_counter() - began
    with _writing(engine) as session:
        if engine.dialect.name == "postgresql":
            session.connection().execute(text("ANALYZE"))
        began = time.perf_counter()
        listing_index.refresh(session, range(1, size + 1))
        refreshed = time.perf_counter() - began
    folded = _fold_seconds(engine)
    with _writing(engine) as session:
        listing_index.refresh(session, [size // 2])
    return engine, {
        "fill_s": round(filled, 2),
        "refresh_all_s": round(refreshed, 2),
        "fold_counts_s": round(folded, 3),
        "fold_one_product_s": round(_fold_seconds(engine), 4),
    }


@contextmanager
def _writing(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        session.connection(execution_options={"writes": True})
        if engine.dialect.name == "postgresql":
            for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
                session.connection().execute(text(f"SET LOCAL {limit} = 0"))
        yield session
        session.commit()


def _fold_seconds(engine: Engine) -> float:
    """How long the counts take to be as the listing index is now, in CPU time of this thread."""
    with Session(engine) as session:
        at, began = index_cache.stamp(session), time.thread_time()
        facet_fold.counts.get(session, at)
        return time.thread_time() - began


def show(results: dict[int, dict[str, dict[str, float]]]) -> str:
    """The table: p50 and p95 for each size, growth from the smallest to the largest, CPU time of that one."""
    sizes = sorted(results)
    lines = [f"{'ms (p50 / p95)':36}" + "".join(f"{size:>18,}" for size in sizes)]
    lines[0] += f"{'growth':>9}{'CPU here':>10}{'database':>10}"
    for name in QUESTIONS:
        cells = [results[size][name] for size in sizes]
        row = "".join(f"{cell['p50_ms']:>9.2f} /{cell['p95_ms']:>7.2f}" for cell in cells)
        growth = f"{cells[-1]['p50_ms'] / cells[0]['p50_ms']:>8.1f}x"
        lines.append(
            f"{name:36}{row}{growth}{cells[-1]['cpu_ms']:>10.2f}{cells[-1]['database_cpu_ms']:>10.2f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--postgres", action="store_true", help="a PostgreSQL server of its own")
    parser.add_argument(
        "--url", default="", help="a PostgreSQL server with {database} in it, where bench_1000 … are empty"
    )
    parser.add_argument(
        "--cpu", action="store_true", help="count this thread's CPU time: for a busy machine, on SQLite"
    )
    given = parser.parse_args()
    sizes = [int(part) for part in given.sizes.split(",")]
    clock = time.thread_time if given.cpu else time.perf_counter
    making: dict[int, dict[str, float]] = {}
    results: dict[int, dict[str, dict[str, float]]] = {}
    with _address(given.postgres, given.url) as (address, cpu_seconds):
        for size in sizes:
            if given.postgres:
                postgres.execute(address, f"CREATE DATABASE bench_{size}")
            url = address.format(database=f"bench_{size}").replace("postgresql://", "postgresql+psycopg://")
            engine, making[size] = prepared(url, size)
            gc.collect()
            results[size] = measure(engine, given.rounds, clock, cpu_seconds)
            engine.dispose()
            print(f"{size:,} products: {making[size]}", flush=True)
    print(show(results))
    RESULTS.mkdir(exist_ok=True)
    kind = "postgresql" if given.postgres or given.url else "sqlite"
    report = {"machine": platform.platform(), "cpus": os.cpu_count(), "making": making, "results": results}
    (RESULTS / f"catalogue-{kind}.json").write_text(json.dumps(report, indent=1))


@contextmanager
def _address(own_server: bool, url: str) -> Iterator[tuple[str, Callable[[], float]]]:
    """Where the databases are, with `{database}` to be filled in, and the CPU time of the server there."""
    if own_server:
        with postgres.server() as address:
            yield address, partial(of_postgres, address)
    elif url:
        yield url, float
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/{{database}}.db", float


if __name__ == "__main__":
    main()
