"""Reviews of the demo: sentences from `seed/reviews.json`, put together so that no two read alike.

A sentence belongs to one product, to a group of products by kind or material ("plates", "glass"), or to any.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from random import Random
from typing import Any

from .. import models as m
from .bulk import Bulk
from .catalogue import Goods, read

STARS = (5, 4, 3, 2, 1)
TEMPERS = (
    (62, 25, 8, 3, 2),
    (52, 32, 10, 4, 2),
    (74, 20, 4, 1, 1),
    (40, 34, 15, 7, 4),
    (30, 32, 20, 11, 7),
)
"""How the stars of a product are spread, in percent; most products have one of the first three."""
MOST = 44
REPLIES = {
    2: "Thank you for telling us. Write to us with your order number and we will find a way.",
    1: "We are sorry. A replacement is on its way; you need not send anything back.",
}


def load(bulk: Bulk, rng: Random, today: datetime, goods: list[Goods]) -> dict[int, tuple[int, int]]:
    """Some 900 reviews, more for what sells more; returns (count, sum of the stars) by product id."""
    words = read("reviews.json")
    products: dict[int, list[Goods]] = defaultdict(list)
    for item in goods:
        products[item.product_id].append(item)
    sold = {key: sum(item.sold for item in variants) for key, variants in products.items()}
    computed: dict[int, tuple[int, int]] = {}
    texts: set[str] = set()
    for key, variants in products.items():
        writer = _Writer(words, variants[0], rng, texts)
        count = min(MOST, rng.randint(0, 5) + round(sold[key] * rng.uniform(0.05, 0.21)))
        if (today - variants[0].published_at).days < 14:
            count = 0
        stars = [rng.choices(STARS, writer.temper)[0] for _ in range(count)]
        computed[key] = (count, sum(stars))
        for number in stars:
            _write(bulk, rng, today, writer, rng.choice(variants), number)
    return computed


class _Writer:
    """Takes each sentence at most once for a product, and no text twice in the shop."""

    def __init__(self, words: dict[str, Any], item: Goods, rng: Random, texts: set[str]) -> None:
        self.words, self.rng, self.said = words, rng, texts
        self.temper = rng.choices(TEMPERS, (40, 22, 18, 12, 8))[0]
        own, about = words["products"][item.slug], words["any"]
        here = {
            kind: [sentence for group in own["groups"] for sentence in words["groups"][group][kind]]
            for kind in ("good", "mixed", "bad")
        }
        self.left = {
            "own": _shuffled(own["own"], rng),
            **{f"{kind} here": _shuffled(sentences, rng) for kind, sentences in here.items()},
            **{f"{kind} any": _shuffled(about[kind], rng) for kind in here},
        }
        self.names = _shuffled(words["names"], rng)
        self.titles = {int(stars): _shuffled(titles, rng) for stars, titles in words["titles"].items()}

    def body(self, stars: int) -> str:
        """One to three sentences that fit the stars; now and then none."""
        text = "" if self.rng.random() < 0.08 else self._sentences(stars)
        while text in self.said and (more := self._one("good any" if stars > 3 else "mixed any")):
            text = f"{text} {more}"
        if text in self.said:
            text = ""
        elif text:
            self.said.add(text)
        return text

    def _sentences(self, stars: int) -> str:
        rng = self.rng
        if stars >= 4:
            kinds = ["own" if rng.random() < 0.35 else "good here"]
            if rng.random() < 0.6:
                kinds.append("good any" if rng.random() < 0.7 else "good here")
            if stars == 4 and rng.random() < 0.7:
                kinds.append("mixed here" if rng.random() < 0.5 else "mixed any")
        elif stars == 3:
            kinds = ["mixed here", "mixed any" if rng.random() < 0.5 else "good any"]
        else:
            kinds = ["bad here"] + (["bad any"] if rng.random() < 0.7 else [])
        return " ".join(sentence for kind in kinds if (sentence := self._one(kind)))

    def _one(self, kind: str) -> str:
        if kind == "own" and not self.left[kind]:
            kind = "good here"
        if not self.left[kind]:
            kind = kind.split()[0] + (" any" if kind.endswith("here") else " here")
        return self.left.get(kind, []).pop() if self.left.get(kind) else ""

    def title(self, stars: int) -> str:
        return self.titles[stars].pop() if self.titles[stars] and self.rng.random() < 0.75 else ""

    def name(self) -> str:
        return self.names.pop() if self.names else self.rng.choice(self.words["names"])


def _write(bulk: Bulk, rng: Random, today: datetime, writer: _Writer, item: Goods, stars: int) -> None:
    age_days = (today - item.published_at).days
    written = today - timedelta(
        days=min(max(2, age_days - 6), int(1 + (age_days - 3) * rng.random() ** 1.3)),
        hours=-rng.randint(7, 22),
        minutes=rng.randint(0, 59),
    )
    bulk.add(
        m.Review,
        product_id=item.product_id,
        author_name=writer.name(),
        variant_title=item.variant_title,
        stars=stars,
        title=writer.title(stars),
        body=writer.body(stars),
        reply=REPLIES.get(stars, "") if rng.random() < 0.6 else "",
        verified=rng.random() < 0.85,
        status=m.ReviewStatus.PUBLISHED.value,
        created_at=min(written, today - timedelta(hours=3)),
    )


def _shuffled(values: list[str], rng: Random) -> list[str]:
    copy = list(values)
    rng.shuffle(copy)
    return copy
