"""People of the demo: who orders, from where, and how often they come back. All of them are made up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from slugify import slugify

from .. import models as m
from .bulk import Bulk

GIVEN = (
    "Anna",
    "Ben",
    "Clara",
    "David",
    "Elif",
    "Emil",
    "Eva",
    "Fabian",
    "Femke",
    "Frieda",
    "Greta",
    "Hanna",
    "Henrik",
    "Ida",
    "Ines",
    "Jakob",
    "Jan",
    "Jette",
    "Johanna",
    "Jonas",
    "Judith",
    "Karla",
    "Kim",
    "Lars",
    "Laura",
    "Lea",
    "Lena",
    "Leon",
    "Lina",
    "Lotte",
    "Luca",
    "Maja",
    "Marek",
    "Maria",
    "Marlene",
    "Martin",
    "Mia",
    "Mila",
    "Mira",
    "Moritz",
    "Nele",
    "Nils",
    "Noah",
    "Nora",
    "Olga",
    "Oskar",
    "Paul",
    "Pia",
    "Rasmus",
    "Rosa",
    "Ruben",
    "Sabine",
    "Selma",
    "Simon",
    "Sofie",
    "Stefan",
    "Tessa",
    "Theo",
    "Thea",
    "Tobias",
    "Uta",
    "Vera",
    "Victor",
    "Wiebke",
    "Yara",
    "Zoe",
)
FAMILY = (
    "Adler",
    "Albers",
    "Bach",
    "Becker",
    "Berger",
    "Bergmann",
    "Brandt",
    "Braun",
    "Castell",
    "Dahl",
    "Decker",
    "Ebert",
    "Ehlers",
    "Engel",
    "Fischer",
    "Franke",
    "Friis",
    "Fuchs",
    "Graf",
    "Haas",
    "Hansen",
    "Hartmann",
    "Heinrich",
    "Hoffmann",
    "Horn",
    "Jansen",
    "Jensen",
    "Kaiser",
    "Keller",
    "Koch",
    "Kramer",
    "Krause",
    "Kruse",
    "Lang",
    "Lehmann",
    "Lindner",
    "Lorenz",
    "Ludwig",
    "Maier",
    "Marin",
    "Martens",
    "Meyer",
    "Moreau",
    "Neumann",
    "Nowak",
    "Olsen",
    "Peeters",
    "Petersen",
    "Pohl",
    "Richter",
    "Rossi",
    "Roth",
    "Sander",
    "Schmitt",
    "Schubert",
    "Schulz",
    "Seidel",
    "Simon",
    "Sommer",
    "Stein",
    "Thoma",
    "Vogel",
    "Voss",
    "Wagner",
    "Weber",
    "Winter",
    "Wolf",
    "Ziegler",
)
STREETS = [
    "Ahornweg",
    "Am Anger",
    "Bachstraße",
    "Birkenallee",
    "Gartenstraße",
    "Hafenstraße",
    "Kastanienweg",
    "Lindenstraße",
    "Marktplatz",
    "Mühlenweg",
    "Rosenweg",
    "Schulstraße",
    "Seestraße",
    "Uferweg",
    "Wiesengrund",
]
PLACES: dict[str, tuple[float, tuple[tuple[str, str, str], ...]]] = {
    "DE": (
        72,
        (
            ("10997", "Berlin", ""),
            ("20357", "Hamburg", ""),
            ("80469", "München", ""),
            ("50674", "Köln", ""),
            ("04229", "Leipzig", ""),
            ("28203", "Bremen", ""),
            ("60316", "Frankfurt am Main", ""),
            ("70180", "Stuttgart", ""),
            ("01099", "Dresden", ""),
            ("79102", "Freiburg", ""),
            ("24105", "Kiel", ""),
            ("48143", "Münster", ""),
            ("99084", "Erfurt", ""),
            ("34117", "Kassel", ""),
        ),
    ),
    "AT": (6, (("1070", "Wien", ""), ("8020", "Graz", ""), ("5020", "Salzburg", ""))),
    "NL": (6, (("1012 AB", "Amsterdam", ""), ("3511 LX", "Utrecht", ""))),
    "FR": (4, (("75011", "Paris", ""), ("69001", "Lyon", ""))),
    "DK": (2, (("2200", "København", ""), ("8000", "Aarhus", ""))),
    "BE": (2, (("9000", "Gent", ""), ("1000", "Bruxelles", ""))),
    "IT": (1.5, (("20121", "Milano", "MI"),)),
    "SE": (1.5, (("116 20", "Stockholm", ""),)),
    "CH": (2.5, (("8004", "Zürich", ""), ("3011", "Bern", ""))),
    "GB": (2, (("N1 9GU", "London", ""), ("EH6 6QU", "Edinburgh", ""))),
    "US": (0.5, (("11215", "Brooklyn", "NY"), ("97214", "Portland", "OR"))),
}


@dataclass(slots=True)
class Person:
    """Someone who orders; `customer_id` is None for guests. `eagerness` is how often they come back."""

    email: str
    address: dict[str, str]
    customer_id: int | None
    eagerness: float
    since: datetime
    orders: int = 0


def invent(bulk: Bulk, rng: Random, today: datetime, count: int, days: int) -> list[Person]:
    """`count` people, a third of them with an account and their address in it."""
    people = []
    for number in range(count):
        given, family = rng.choice(GIVEN), rng.choice(FAMILY)
        email = f"{slugify(given)}.{slugify(family)}{number}@example.org"
        address = _address(rng, given, family)
        since = today - timedelta(days=(rng.random() ** 0.7) * days)
        customer_id = None
        if rng.random() < 0.34:
            customer_id = bulk.add(
                m.Customer, email=email, name=f"{given} {family}", created_at=since, verified_at=since
            )
            bulk.add(m.Address, customer_id=customer_id, is_default=True, created_at=since, **address)
        people.append(Person(email, address, customer_id, min(8.0, rng.paretovariate(1.6)), since))
    return people


def demo_shopper(rng: Random, customer_id: int | None, email: str, name: str, since: datetime) -> Person:
    """The demo's own shopper, who comes back more often than others."""
    given, family = name.split(" ", 1)
    return Person(email, _address(rng, given, family, "DE"), customer_id, 5.0, since)


def _address(rng: Random, given: str, family: str, country: str = "") -> dict[str, str]:
    country = country or rng.choices(list(PLACES), [weight for weight, _places in PLACES.values()])[0]
    postal_code, locality, region = rng.choice(PLACES[country][1])
    return {
        "given_name": given,
        "family_name": family,
        "company": "",
        "line1": f"{rng.choice(STREETS)} {rng.randint(1, 98)}",
        "line2": "",
        "postal_code": postal_code,
        "locality": locality,
        "region": region,
        "country": country,
        "phone": "",
    }
