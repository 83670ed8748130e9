"""The views of the storefront: home, lists, product pages, search suggestions and live pushes."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture to show: the address of each size is made from `key` (/media/KEY/640.avif)."""

    key: str = ""
    alt: str = ""
    width: int = 960
    height: int = 1200
    colour: str = "#d9cfc3"
    focus: str = ""
    """The focal point as CSS takes it, "30% 20%": a crop keeps it in view; "" for the middle."""


def focus_of(x: int, y: int) -> str:
    """A focal point in per cent of width and height, as a view has it."""
    return "" if (x, y) == (50, 50) else f"{x}% {y}%"


@dataclass(frozen=True, slots=True)
class Swatch:
    label: str
    colour: str
    picture_key: str = ""


@dataclass(frozen=True, slots=True)
class ProductCard:
    """What a list shows of a product. Amounts are text, ready to read."""

    slug: str
    title: str
    price: str
    """ "€24.00", or "from €24.00" where variants differ."""
    compare_at: str
    """The crossed-out price, "" without one."""
    saving: str
    """ "−20 %", "" without one."""
    is_new: bool
    in_stock: bool
    stock_line: str
    """ "Only 3 left", "Sold out", or "" when there is nothing to say."""
    picture: PictureView
    second: PictureView
    """Shown on hover; its key is "" where there is none."""
    swatches: list[Swatch]
    rating: str
    """ "4.8", "" without reviews."""
    review_count: int
    as_of_ms: int = field(compare=False)
    """When this was read: a live push that is older doesn't count. Nothing of it is seen."""
    variant_query: str = ""
    """ "?variant=FH-DNM-MOS" where a filtered list means that variant, "" for the product as a whole."""

    def __hash__(self) -> int:
        return hash((self.slug, self.price, self.stock_line, self.variant_query))


@dataclass(frozen=True, slots=True)
class NavigationLink:
    """A category as every page names it: without its number of products, which changes more often."""

    slug: str
    title: str
    picture: PictureView


@dataclass(frozen=True, slots=True)
class CategoryLink:
    slug: str
    title: str
    description: str
    picture: PictureView
    product_count: int


@dataclass(frozen=True, slots=True)
class HomeView:
    hero: list[PictureView] = field(default_factory=list)
    hero_items: list[ProductCard] = field(default_factory=list)
    """The products in the hero picture, for the label below it."""
    categories: list[CategoryLink] = field(default_factory=list)
    featured: list[ProductCard] = field(default_factory=list)
    """One large (the first) and four beside it."""
    sale: list[ProductCard] = field(default_factory=list)
    sale_count: int = 0
    new: list[ProductCard] = field(default_factory=list)
    new_count: int = 0
    product_count: int = 0


@dataclass(frozen=True, slots=True)
class ListingQuery:
    """What a listing shows, read from its address; an unknown facet value matches no product."""

    text: str = ""
    category: str = ""
    sort: str = ""
    """ "" (featured, or relevance with a text), newest, price, -price, popular, rating."""
    page: int = 1
    after: str = ""
    """The cursor of a next-page link; without it `page` is counted from the start, up to a limit."""
    price_min_minor: int | None = None
    price_max_minor: int | None = None
    in_stock: bool = False
    on_sale: bool = False
    new: bool = False
    facets: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(name, values): OR inside a facet, AND across them."""
    price_typed: tuple[str, str] = ("", "")
    """What was typed as lowest and highest price where it can't be a range; the list has none then."""


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    label: str
    swatch: str
    count: int
    chosen: bool
    href: str
    """The address with this value switched."""


SHOWN_VALUES = 6
"""Values of a facet that a list shows at once; the others when it is asked for more."""


@dataclass(frozen=True, slots=True)
class Facet:
    name: str
    label: str
    choices: list[FacetValue]


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, and the address without it."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Crumb:
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class SortChoice:
    value: str
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Listing:
    title: str = ""
    intro: str = ""
    crumbs: list[Crumb] = field(default_factory=list)
    total: int = 0
    count_text: str = ""
    """ "48 products", "1,000+ products" where the count is capped."""
    shown_text: str = ""
    """ "Showing 24 of 48"."""
    shown_percent: int = 0
    cards: list[ProductCard] = field(default_factory=list)
    facets: list[Facet] = field(default_factory=list)
    chips: list[Chip] = field(default_factory=list)
    clear_href: str = ""
    sort: str = ""
    sorts: list[SortChoice] = field(default_factory=list)
    page: int = 1
    next_href: str = ""
    """The real link of the next page, "" on the last."""
    more_text: str = ""
    """ "Show 24 more"."""
    previous_href: str = ""
    price_floor: str = ""
    price_ceiling: str = ""
    price_min: str = ""
    price_max: str = ""
    price_error: str = ""
    """Why the typed prices aren't a range, else ""."""
    in_stock: bool = False
    in_stock_href: str = ""
    in_stock_count: int = 0
    on_sale: bool = False
    on_sale_href: str = ""
    on_sale_count: int = 0
    corrected_text: str = ""
    """What was searched for instead where the typed words matched nothing, else ""."""
    searches: list[Chip] = field(default_factory=list)
    """Searches that find something, to offer where this one doesn't."""
    suggestions: list[CategoryLink] = field(default_factory=list)
    """Categories to offer below an empty result."""
    canonical: str = ""


@dataclass(frozen=True, slots=True)
class OptionChoice:
    value: str
    swatch: str
    chosen: bool
    available: bool
    """Whether choosing it (with the other options as they are) gives a variant that can be bought."""
    sku: str
    """The variant that choosing it leads to."""


@dataclass(frozen=True, slots=True)
class OptionView:
    name: str
    chosen: str
    choices: list[OptionChoice]


@dataclass(frozen=True, slots=True)
class VariantView:
    sku: str = ""
    title: str = ""
    price: str = ""
    price_minor: int = 0
    compare_at: str = ""
    saving: str = ""
    """ "You save €24.00", "" without."""
    available: bool = False
    availability: str = ""
    """in, low, out or backorder."""
    stock_line: str = ""
    """ "In stock", "Only 3 left in Moss", "Sold out in Clay"."""
    max_quantity: int = 0
    unit_price: str = ""
    """ "€12.00 per kg", "" for what is sold by the piece."""
    lowest_30_days: str = ""
    """ "Lowest price of the last 30 days: €24.00" on a reduced variant, else ""."""
    delivery_line: str = ""
    """ "With you Wed 25 to Fri 27 November", where it is in stock."""
    delivery_cost_line: str = ""
    picture_index: int = 0
    """Which of the product's pictures shows it."""
    options: list[OptionView] = field(default_factory=list)
    """The option pickers with this variant chosen."""


@dataclass(frozen=True, slots=True)
class Detail:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ReviewView:
    author: str
    date: str
    stars: int
    title: str
    body: str
    bought: str
    """ "Bought: Moss", "" when not verified."""
    reply: str


@dataclass(frozen=True, slots=True)
class StarCount:
    stars: int
    count: int
    percent: int


@dataclass(frozen=True, slots=True)
class ProductPage:
    slug: str = ""
    listed: bool = True
    """Whether search engines may show it."""
    title: str = ""
    seo_title: str = ""
    """What search engines show as its title, "" for the title itself."""
    subtitle: str = ""
    crumbs: list[Crumb] = field(default_factory=list)
    description_html: str = ""
    pictures: list[PictureView] = field(default_factory=list)
    variants: list[VariantView] = field(default_factory=list)
    chosen_sku: str = ""
    details: list[Detail] = field(default_factory=list)
    care: str = ""
    rating: str = ""
    rating_percent: int = 0
    """The average as a part of five stars: 68 for 3.4."""
    review_count: int = 0
    review_text: str = ""
    """ "42 reviews"."""
    stars: list[StarCount] = field(default_factory=list)
    reviews: list[ReviewView] = field(default_factory=list)
    more_reviews: int = 0
    related: list[ProductCard] = field(default_factory=list)
    as_of_ms: int = 0
    meta_description: str = ""
    json_ld: str = ""
    """Product, offers, rating and breadcrumbs as one JSON-LD text."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One row below the search box. `before`+`typed`+`after` is its label."""

    kind: str
    """search, category or product."""
    href: str
    before: str
    typed: str
    after: str
    note: str = ""
    """A product's subtitle; how many products are behind a search or a category."""
    picture: PictureView = PictureView()
    price: str = ""


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What is shown below the search box for the letters typed so far; at most 10 rows."""

    text: str = ""
    searches: list[Suggestion] = field(default_factory=list)
    categories: list[Suggestion] = field(default_factory=list)
    products: list[Suggestion] = field(default_factory=list)
    all_text: str = ""
    """ "All 6 results for “lam”", "" where nothing was found."""
    said: str = ""
    """What a screen reader is told: how many suggestions there are, or that nothing matches."""


@dataclass(frozen=True, slots=True)
class VariantAvailability:
    price: str
    compare_at: str
    saving: str
    available: bool
    availability: str
    stock_line: str
    max_quantity: int
    unit_price: str
    lowest_30_days: str
    price_minor: int


@dataclass(frozen=True, slots=True)
class LiveAvailability:
    """Price and stock of variants by SKU, as read at `as_of`: pushes that are newer are laid over it."""

    as_of: int = 0
    variants: dict[str, VariantAvailability] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProductAvailability:
    """What is pushed to open pages when stock or price changes: for the card and for each variant."""

    slug: str
    price: str
    compare_at: str
    saving: str
    in_stock: bool
    stock_line: str
    variants: dict[str, VariantAvailability]
    at_ms: int


class Moved(Exception):
    """The product has another address now."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug
