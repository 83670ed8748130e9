"""Cells of product files: amounts that nobody guesses, codes that spreadsheets eat, limits, descriptions."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from shop_app.core import db
from shop_app.core.errors import ShopError
from shop_app.models import Product, ProductTag, TaxClass, Variant
from shop_app.services.catalog import commands, product_draft
from shop_app.services.catalog.commands import draft_of
from shop_app.services.catalog.descriptions import clean_html, left_out
from shop_app.services.catalog.identity import is_sku
from shop_app.services.product_files import csv_export, csv_import, csv_product
from shop_app.services.product_files.csv_cells import as_it_was, harmless
from tests.factories import make_basics


@pytest.fixture
def shop(engine):
    with db.transaction() as session:
        make_basics(session)
        session.add(TaxClass(code="zero", label="Zero"))
    return engine


@pytest.fixture
def run(shop, tmp_path: Path):
    def imported(header: str, *rows: list[str], **how) -> csv_import.Report:
        path = tmp_path / "in.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header.split(","), *rows])
        return csv_import.import_file(path, pictures=False, **how)

    return imported


def said(report: csv_import.Report) -> list[str]:
    return [str(problem) for problem in report.problems]


def variants() -> list[Variant]:
    with db.reading() as session:
        return list(session.exec(select(Variant).order_by(col(Variant.id))))


def product() -> Product:
    with db.reading() as session:
        return session.exec(select(Product)).one()


def exported(folder: Path) -> list[dict[str, str]]:
    with db.reading() as session:
        csv_export.export_file(session, folder / "out.csv")
    with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- Amounts --------------------------------------------------------------------------------------

PRICES = "Handle,Title,Variant Price,Variant Compare At Price"


def unsure(line: int, column: str, value: str, first: str, second: str) -> str:
    return (
        f"Line {line}: {column} is {value}, which could be {first} or {second}. Say the file's locale"
        " (--locale), or write it without a sign for thousands."
    )


@pytest.mark.parametrize(
    ("others", "typed", "minor"),
    [
        (["12.50"], "1,000", 100000),
        (["7,90"], "1.000", 100000),
        (["7,90"], "1,000", 100),
        (["12.50"], "1.000", 100),
        (["1,299.00"], "12,000", 1200000),
        (["1.299,00"], "12.000", 1200000),
        (["1,234,567"], "1,250", 125000),
        (["1 299,5", "3"], "1.250", 125000),
        (["12", "1'000"], "1'250", 125000),
        ([], "1'299.00", 129900),
        ([], "1 299,00", 129900),
        ([], "€ 1,299.00", 129900),
        ([], "'12.50", 1250),
        ([], "'€ 12.50", 1250),
        ([], '="12.50"', 1250),
    ],
)
def test_the_other_amounts_show_the_decimal_sign(run, others, typed, minor):
    rows = [[f"o{number}", "P", price, ""] for number, price in enumerate(others)]
    report = run(PRICES, ["it", "P", typed, ""], *rows)
    assert report.problems == []
    assert variants()[0].price_minor == minor


@pytest.mark.parametrize(
    ("others", "typed", "first", "second"),
    [
        ([], "1,000", "1000", "1.000"),
        ([], "1.000", "1000", "1.000"),
        ([], "12,000", "12000", "12.000"),
        (["5", "1'000"], "1,250", "1250", "1.250"),
        (["12.50", "7,90"], "1,000", "1000", "1.000"),
        (["1,299.00", "1.299,00"], "1.000", "1000", "1.000"),
    ],
)
def test_an_amount_that_nothing_resolves_is_refused_with_both_readings(run, others, typed, first, second):
    rows = [[f"o{number}", "P", price, ""] for number, price in enumerate(others)]
    report = run(PRICES, ["it", "P", typed, ""], *rows)
    assert said(report) == [unsure(2, "Variant Price", typed, first, second)]
    assert report.created == len(others)
    with db.reading() as session:
        assert "it" not in session.exec(select(Product.slug)).all()


@pytest.mark.parametrize(
    ("locale", "minor"), [("en", 100000), ("de", 100), ("de-CH", 100000), ("fr", 100), ("en_IN", 100000)]
)
def test_the_locale_of_the_file_resolves_it(run, locale, minor):
    assert run(PRICES, ["it", "P", "1,000", ""], locale=locale).problems == []
    assert variants()[0].price_minor == minor


def test_an_unknown_locale_is_refused(run):
    with pytest.raises(ShopError, match="There is no locale dothraki"):
        run(PRICES, ["it", "P", "1,000", ""], locale="dothraki")
    assert variants() == []


def test_a_compare_at_price_is_read_like_a_price_and_never_dropped_without_a_word(run):
    report = run(
        PRICES,
        ["a", "A", "899,00", "1.000"],
        ["b", "B", "899,00", "1.000,00"],
        ["c", "C", "20", "10"],
        ["d", "D", "20", "20"],
        ["e", "E", "20", "0"],
        ["f", "F", "20", "x"],
    )
    assert said(report) == [
        "Line 4: the compare-at price isn't higher than the price, and was left out.",
        "Line 5: the compare-at price isn't higher than the price, and was left out.",
        "Line 7: Variant Compare At Price is x, which isn't an amount like 24.90.",
    ]
    prices = [variant.compare_at_minor for variant in variants()]
    assert prices == [100000, 100000, None, None, None]
    assert report.notes == ["Amounts have a comma before their decimals."]


def test_a_compare_at_price_that_could_be_two_amounts_refuses_the_product(run):
    report = run(PRICES, ["a", "A", "899", "1,000"])
    assert said(report) == [unsure(2, "Variant Compare At Price", "1,000", "1000", "1.000")]
    assert variants() == []


@pytest.mark.parametrize(
    ("column", "typed", "message"),
    [
        ("Variant Price", "-5", "Variant Price is -5, which isn't an amount like 24.90."),
        ("Variant Price", "1e3", "Variant Price is 1e3, which isn't an amount like 24.90."),
        ("Variant Price", "$5", "Variant Price is $5, which isn't an amount like 24.90."),
        ("Variant Price", "12.345", unsure(2, "Variant Price", "12.345", "12345", "12.345")[8:]),
        ("Variant Inventory Qty", "1,000", unsure(2, "Variant Inventory Qty", "1,000", "1000", "1.000")[8:]),
        ("Variant Inventory Qty", "many", "Variant Inventory Qty is many, which isn't a number."),
        ("Variant Grams", "1,000", unsure(2, "Variant Grams", "1,000", "1000", "1.000")[8:]),
        ("Cost per item", "1,000", unsure(2, "Cost per item", "1,000", "1000", "1.000")[8:]),
    ],
)
def test_what_is_no_number_or_two_is_refused(run, column, typed, message):
    price = [] if column == "Variant Price" else ["5"]
    header = "Handle,Title," + ",".join(["Variant Price"] * len(price) + [column])
    assert said(run(header, ["a", "A", *price, typed])) == [f"Line 2: {message}"]
    assert variants() == []


@pytest.mark.parametrize(
    ("typed", "grams"), [("453.592", 454), ("340,5", 341), ("1'200", 1200), ("220", 220)]
)
def test_measures_are_written_with_a_point_by_programs(run, typed, grams):
    assert run("Handle,Title,Variant Price,Variant Grams", ["a", "A", "5", typed]).problems == []
    assert variants()[0].weight_grams == grams


# --- Codes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("'4006381333931", "4006381333931"),
        ("'0123456789012", "0123456789012"),
        ('="0123456789012"', "0123456789012"),
        ("''0123", "'0123"),
        ("4006381333931", "4006381333931"),
        ("'12-34", "12-34"),
        ("'90s-SHIRT", "'90s-SHIRT"),
        ("'TIS", "'TIS"),
        ("1E5", "1E5"),
        ("5E06", "5E06"),
        ("", ""),
    ],
)
def test_what_keeps_spreadsheets_away_is_no_part_of_a_barcode(run, cell, kept):
    assert run("Handle,Title,Variant Price,Variant Barcode", ["a", "A", "5", cell]).problems == []
    assert variants()[0].barcode == kept


@pytest.mark.parametrize("rounded", ["5.06E+12", "5,06E+12", "5.06012E+12", "9.78E+12", "4e+12", "'5.06E+12"])
def test_a_rounded_barcode_is_left_out_and_said_and_the_stored_one_stays(run, rounded):
    header = "Handle,Title,Variant Price,Variant Barcode"
    sentence = f"is {rounded.lstrip(chr(39))}: a spreadsheet has rounded it, so it was left out."
    assert said(run(header, ["a", "A", "5", rounded])) == [f"Line 2: Variant Barcode {sentence}"]
    assert variants()[0].barcode == ""
    run(header, ["a", "A", "5", "4006381333931"])
    run(header, ["a", "A", "5", rounded])
    assert variants()[0].barcode == "4006381333931"


def test_a_rounded_sku_is_said_and_a_code_that_looks_like_it_is_not(run):
    header = "Handle,Title,Variant Price,Variant SKU"
    report = run(header, ["a", "A", "5", "1.23457E+11"], ["b", "B", "5", "1E5"])
    assert said(report) == [
        "Line 2: Variant SKU is 1.23457E+11, which looks rounded by a spreadsheet. It was taken as it is."
    ]
    assert [variant.sku for variant in variants()] == ["1.23457E+11", "1E5"]


@pytest.mark.parametrize(
    ("code", "cell"),
    [
        ("0123", "'0123"),
        ("4006381333931", "'4006381333931"),
        ("12345678901234567890", "'12345678901234567890"),
        ("1E5", "'1E5"),
        ("6109.10", "'6109.10"),
        ("3-4", "'3-4"),
        ("2024/01/02", "'2024/01/02"),
        ("=1+1", "'=1+1"),
        ("-1", "'-1"),
        ("@A", "'@A"),
        ("'0123", "''0123"),
        ("'=1", "''=1"),
        ("0", "0"),
        ("12345", "12345"),
        ("A-0123", "A-0123"),
        ("'90s", "'90s"),
        ("3-4-B", "3-4-B"),
        ("", ""),
    ],
)
def test_a_code_that_a_spreadsheet_would_eat_has_an_apostrophe(code, cell):
    assert harmless(code, "Variant SKU") == cell
    assert as_it_was(cell, "Variant SKU") == code
    assert harmless(code, "Variant Price") == (
        cell if code[:1] in ("=", "-", "@") or cell == "''=1" else code
    )


def test_codes_go_out_so_that_a_spreadsheet_leaves_them_alone(run, tmp_path):
    header = "Handle,Title,Variant Price,Variant SKU,Variant Barcode,HS Code,Variant Tax Code"
    run(header, ["a", "007", "5", "0012", "4006381333931", "0901", "P0000000"])
    cells = exported(tmp_path)[0]
    names = ("Title", "Variant Price", "Variant SKU", "Variant Barcode", "HS Code", "Variant Tax Code")
    assert [cells[name] for name in names] == ["007", "5.00", "'0012", "'4006381333931", "'0901", "P0000000"]


CODES = st.text(st.sampled_from("'0123456789=+-@eE.,/AZ \"é"), max_size=16)


@given(
    text=CODES,
    column=st.sampled_from(["Variant SKU", "Variant Barcode", "Title", "Option1 Value", "HS Code"]),
)
def test_any_text_comes_back_as_it_was(text: str, column: str):
    assert as_it_was(harmless(text, column), column) == text


_plain = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12).map(str.strip)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    title=_plain.filter(bool),
    vendor=_plain,
    barcode=CODES.map(str.strip),
    sku=CODES.filter(is_sku) | _plain.filter(is_sku),
    price=st.integers(0, 10**9),
    hs_code=CODES.map(str.strip),
)
def test_out_and_in_again_gives_the_same_product(shop, tmp_path, title, vendor, barcode, sku, price, hs_code):
    variant = product_draft.VariantDraft(sku, price, barcode=barcode)
    draft = product_draft.ProductDraft(
        slug="it",
        title=title,
        vendor=vendor,
        status="unlisted",
        variants=(variant,),
        extra=(("HS Code", hs_code),) if hs_code else (),
    )
    with db.transaction() as session:
        commands.put(session, draft, actor="test")
    with db.reading() as session:
        before, version = draft_of(session, "it")
        csv_export.export_file(session, tmp_path / "out.csv")
    report = csv_import.import_file(tmp_path / "out.csv", pictures=False)
    assert (report.same, said(report)) == (1, [])
    with db.reading() as session:
        assert draft_of(session, "it") == (before, version)


# --- Limits ---------------------------------------------------------------------------------------


def test_tags_over_the_limit_are_left_out_and_said(run):
    most = product_draft.MAX_TAGS
    tags = ", ".join(f"t{number:03}" for number in range(most + 5))
    report = run("Handle,Title,Variant Price,Tags", ["a", "A", "5", f"{tags}, t000, {'x' * 300}"])
    assert said(report) == [
        "Line 2: 1 tag is longer than 255 characters, and was left out.",
        f"Line 2: it has {most + 5} tags; those after the first {most} were left out.",
    ]
    with db.reading() as session:
        assert len(session.exec(select(ProductTag)).all()) == most


def test_variants_over_the_limit_are_left_out_and_said(run, monkeypatch):
    monkeypatch.setattr(csv_product, "MAX_VARIANTS", 3)
    header = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price"
    first = ["yarn", "Yarn", "No", "1", "Y1", "1"]
    rows = [["yarn", "", "", str(number), f"Y{number}", "1"] for number in range(2, 6)]
    report = run(header, first, *rows)
    assert said(report) == ["Line 5: a product has at most 3 variants. Left out from here on: 2."]
    assert report.problems[0].warning
    assert [variant.sku for variant in variants()] == ["Y1", "Y2", "Y3"]
    rows = [["yarn", "", "", str(number), "", "1"] for number in range(2, 4)]
    assert run(header, ["yarn", "Yarn", "No", "1", "", "1"], *rows).problems == []
    report = run(header, ["yarn", "Yarn", "No", "9", "Y9", "1"], ["yarn", "", "", "2", "Y2", "7"])
    assert said(report) == ["Line 2: a product has at most 3 variants. Left out from here on: 1."]
    assert [(variant.sku, variant.price_minor) for variant in variants()] == [
        ("Y1", 100),
        ("Y2", 700),
        ("Y3", 100),
    ]


def test_texts_over_their_limits_are_cut_and_a_title_refuses_the_product(run):
    header = "Handle,Title,Variant Price,Vendor,SEO Title"
    report = run(header, ["a", "A", "5", "v" * 256, "s" * 400], ["b", "B" * 256, "5", "", ""])
    assert said(report) == [
        "Line 2: Vendor has 256 characters, and was cut to 255.",
        "Line 2: SEO Title has 400 characters, and was cut to 300.",
        "Line 3: title is longer than 255 characters.",
    ]
    assert (len(product().vendor), len(product().seo_title)) == (255, 300)


def test_an_option_without_a_name_and_a_place_that_is_none_are_said(run):
    header = "Handle,Title,Option1 Name,Option1 Value,Option2 Value,Variant Price,Image Src,Image Position"
    picture = "https://pictures.example/a.jpg"
    report = run(header, ["a", "A", "Size", "S", "Red", "5", picture, "first"])
    assert said(report) == [
        "Line 2: Option2 Value has no name in Option2 Name, and was left out.",
        "Line 2: Image Position is first, which is no place; the picture comes after the others.",
    ]
    assert variants()[0].title == "S"


def test_a_gift_card_is_said_to_be_a_product_like_any_other(run, tmp_path):
    report = run("Handle,Title,Variant Price,Gift card", ["a", "A", "50", "TRUE"], ["b", "B", "5", "FALSE"])
    assert said(report) == [
        "Line 2: Gift Card is true. Here it is sold like any other product, and no card is issued."
    ]
    assert [cells["Gift Card"] for cells in exported(tmp_path)] == ["TRUE", "FALSE"]


def test_variants_that_differ_in_taxes_are_all_taxed_and_it_is_said(run):
    header = "Handle,Title,Option1 Name,Option1 Value,Variant Price,Charge tax"
    report = run(header, ["a", "A", "Kind", "Book", "5", "FALSE"], ["a", "", "", "Pen", "5", "WAHR"])
    assert said(report) == [
        "Line 2: the variants differ in Variant Taxable. A product has one tax class here: all are taxed."
    ]
    assert product().tax_class == "standard"
    report = run(header, ["a", "A", "Kind", "Book", "5", "FALSE"], ["a", "", "", "Pen", "5", "falsch"])
    assert (report.problems, product().tax_class) == ([], "zero")


# --- Descriptions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "cleaned", "missed"),
    [
        ("<h1>Sizes</h1><p>All.</p>", "<h2>Sizes</h2><p>All.</p>", []),
        ("<h1>A</h1><h2>B</h2><h3>C</h3>", "<h2>A</h2><h3>B</h3><h4>C</h4>", []),
        ("<h2>A</h2><h3>B</h3>", "<h2>A</h2><h3>B</h3>", []),
        ('<H1 class="big">A</H1><h6>Z</h6>', "<h2>A</h2><h6>Z</h6>", []),
        ("<header>A</header><hr>", "A<hr>", []),
        ("<p>a &lt;h1&gt; b</p>", "<p>a &lt;h1&gt; b</p>", []),
        ('<p>See <img src="x.png" alt="chart"></p>', "<p>See </p>", ["img"]),
        ('<IFRAME src="https://v.example"></IFRAME>t', "t", ["iframe"]),
        ("<video><p>Old browser</p></video>t", "t", ["video"]),
        ("<script>alert(1)</script><p>x</p>", "<p>x</p>", ["script"]),
        ("<style>p{}</style><p style='x'>x</p>", "<p>x</p>", []),
        ("<form><input><button>Go</button></form>", "Go", ["button", "form", "input"]),
        ("<p>&lt;img&gt; is a tag</p>", "<p>&lt;img&gt; is a tag</p>", []),
        ("Heavy cotton.", "Heavy cotton.", []),
    ],
)
def test_a_description_keeps_its_headings_and_what_it_loses_is_known(html, cleaned, missed):
    assert clean_html(html) == cleaned
    assert clean_html(cleaned) == cleaned
    assert left_out(html) == missed


def test_what_a_description_loses_is_said_with_its_line(run):
    html = '<h1>Sizes</h1><p>See <img src="x"></p><iframe src="y"></iframe>'
    report = run("Handle,Title,Body HTML,Variant Price", ["a", "A", html, "5"])
    assert said(report) == ["Line 2: descriptions are text and links; left out of this one: <iframe>, <img>."]
    assert report.problems[0].warning
    assert product().description_html == "<h2>Sizes</h2><p>See </p>"
    assert run("Handle,Title,Body HTML,Variant Price", ["a", "A", html, "5"]).same == 1


@given(html=st.text(st.sampled_from("<>/h123456 pimg='\"&;"), max_size=60))
def test_no_description_has_a_first_heading_or_changes_when_it_is_cleaned_again(html: str):
    cleaned = clean_html(html)
    assert "<h1" not in cleaned
    assert clean_html(cleaned) == cleaned
