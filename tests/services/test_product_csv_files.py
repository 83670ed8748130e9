"""Product files by other hands: separators, characters, line ends, rows of other lengths, other columns."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from sqlmodel import col, select

from shop_app.core import db
from shop_app.core.errors import ShopError
from shop_app.models import Product, TaxClass, Variant
from shop_app.services.product_files import csv_export, csv_import
from shop_app.services.product_files.csv_columns import HEADER, PRESENT_NAMES, column_of, resembled
from tests.factories import make_basics, stock_of

LINES = (
    "Handle,Title,Variant Price,Variant SKU",
    'cup,"Größe, weiß",24.90,CUP',
    'plate,"Crème brûlée\nfür zwei",1.5,PLATE',
)
TITLES = ["Größe, weiß", "Crème brûlée für zwei"]


@pytest.fixture
def shop(engine):
    with db.transaction() as session:
        make_basics(session)
        session.add(TaxClass(code="zero", label="Zero"))
    return engine


@pytest.fixture
def run(shop, tmp_path: Path):
    def imported(content: bytes | str, **how) -> csv_import.Report:
        path = tmp_path / "in.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return csv_import.import_file(path, pictures=False, **how)

    return imported


def said(report: csv_import.Report) -> list[str]:
    return [str(problem) for problem in report.problems]


def products() -> dict[str, Product]:
    with db.reading() as session:
        return {row.slug: row for row in session.exec(select(Product).order_by(col(Product.id)))}


def variants() -> list[Variant]:
    with db.reading() as session:
        return list(session.exec(select(Variant).order_by(col(Variant.id))))


def with_separator(separator: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(csv.reader(io.StringIO("\n".join(LINES))))
    return out.getvalue()


# --- How a file is written ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("separator", "name"), [(",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "bars")]
)
@pytest.mark.parametrize("says_so", [False, True])
def test_any_usual_separator_is_found(run, separator, name, says_so):
    text = with_separator(separator)
    report = run(f"sep={separator}\n{text}" if says_so else text)
    assert (report.created, report.problems) == (2, [])
    assert [product.title for product in products().values()] == TITLES
    usual = [] if name == "commas" else [f"Read as UTF-8, with {name} between the cells."]
    assert report.notes == usual


@pytest.mark.parametrize("first", ["sep=,", '"sep=,"', "SEP=,", "sep=,,,"])
def test_a_line_for_spreadsheets_is_no_header_and_counts_as_a_line(run, first):
    report = run(f"{first}\r\nHandle,Title,Variant Price\r\ncap,Cap,5.00\r\nhat,Hat,x\r\n")
    assert said(report) == ["Line 4: Variant Price is x, which isn't an amount like 24.90."]
    assert list(products()) == ["cap"]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("cp1252", "Windows-1252"),
        ("mac_roman", "Mac Roman"),
    ],
)
def test_any_usual_encoding_is_found_and_said(run, encoding, name):
    report = run("\n".join(LINES).encode(encoding))
    assert (report.created, report.problems) == (2, [])
    assert [product.title for product in products().values()] == TITLES
    assert report.notes == ([f"Read as {name}, with commas between the cells."] if name else [])


def test_utf_16_with_a_mark_of_either_order(run):
    for encoding, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        assert run(mark + "\n".join(LINES).encode(encoding)).problems == []
    assert [product.title for product in products().values()] == TITLES


@pytest.mark.parametrize(
    ("encoding", "title"),
    [
        ("cp1252", "Becher Größe M – 5 € “neu”"),
        ("cp1252", "Señor Niño, Crème brûlée"),
        ("mac_roman", "Becher für Käse, große Tasse"),
        ("cp1250", "Żółta lampa Łódź święta"),
        ("cp1251", "Чашка кофейная, лампа"),
        ("cp932", "陶器マグカップとガラスの花瓶"),
        ("cp1252", "“x”, it’s €5 – y"),
        ("cp1252", "¿Qué tal? Señor Niño"),
        ("cp1252", "20°C, 5 m², Acme®"),
        ("mac_roman", "Größe"),
        ("cp1250", "Příliš žluťoučký"),
        ("cp1253", "Λάμπα γραφείου"),
        ("gb18030", "红色台灯和花瓶"),
        ("cp949", "파란 램프 도자기"),
    ],
)
def test_encodings_of_spreadsheets_elsewhere(run, encoding, title):
    report = run(f"Handle,Title,Variant Price\na,{title.replace(',', '')},1.50\n".encode(encoding))
    assert (report.created, report.problems) == (1, [])
    assert products()["a"].title == title.replace(",", "")
    assert report.notes != []


def test_an_encoding_that_is_said_wins_and_an_unknown_one_is_refused(run):
    content = "Handle,Title,Variant Price\na,Caf\u00e9,1\n".encode("mac_roman")
    assert run(content, encoding="macroman").created == 1
    assert products()["a"].title == "Café"
    with pytest.raises(ShopError, match="There is no encoding klingon"):
        run(content, encoding="klingon")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_and_blank_lines_count_as_in_an_editor(run, end):
    lines = ["", *LINES[:2], "", "  ", "bad,Bad,x,BAD", 'long,"two', 'lines",1,L', "worse,Worse,y,W", ""]
    report = run(end.join(lines))
    assert said(report) == [
        "Line 6: Variant Price is x, which isn't an amount like 24.90.",
        "Line 9: Variant Price is y, which isn't an amount like 24.90.",
    ]
    assert list(products()) == ["cup", "long"]


def test_short_rows_are_filled_and_long_ones_refused_where_something_would_be_lost(run):
    report = run(
        "Handle,Title,Variant Price,Variant SKU,Image Src,Vendor\n"
        "plate,Plate,12.00,PLATE\n"
        "bowl,Bowl,13.00,BOWL,,\n"
        "cup,Cup,14.00,CUP,,,,\n"
        "jug,Jug, large,15.00,JUG,,Acme\n"
        "pot\n"
    )
    assert said(report) == [
        "Line 5: it has 7 cells, and the header has 6. Are quotes missing around a comma?",
        "Line 6: the first row of a product needs a Title.",
    ]
    assert [variant.sku for variant in variants()] == ["PLATE", "BOWL", "CUP"]


def test_a_header_that_stands_there_again_is_left_out_and_said(run):
    header = "Handle,Title,Option1 Name,Option1 Value,Variant Price"
    report = run("\n".join([header, "cup,Cup,Size,S,1", header.upper(), "cup,,,M,2", "plate,Plate,,,3"]))
    assert said(report) == ["Line 3: the header stands here again, and was left out."]
    assert report.problems[0].warning
    assert list(products()) == ["cup", "plate"]
    assert [variant.title for variant in variants()] == ["S", "M", ""]


def test_bytes_that_are_no_characters_are_said_in_a_way_that_can_be_printed(run):
    proper = "größe-äöüß".encode() * 3
    report = run(
        b"Handle,Title,Variant Price,Pric\xe9,Gr\xf6\xdfe\n" + b"a," + proper + b",1,,\n"
        b"caf\xe9,Cafe,1,,\nb,B,1,,x\ncaf\xe9,Cafe,1,,\n"
    )
    sentences = said(report)
    assert sentences == [
        "Line 1: the column Pric? isn't read. It looks like Price; rename it if it is meant.",
        "Line 3: Handle isn't in UTF-8. Save the file as UTF-8 and try again.",
        "Line 5: the handle caf? was on line 3 already; rows of one product stand together.",
    ]
    assert "".join(sentences).isascii()
    assert list(products()) == ["a", "b"]
    assert products()["b"].extra == {"Gr??e": "x"}


def test_a_first_row_with_a_very_long_cell_is_read(run):
    report = run(f"Handle,Title,Body,Variant Price\na,A,{'x' * 190_000},1\n")
    assert report.problems == []
    assert len(products()["a"].description_html) == 190_000
    assert csv.field_size_limit() == 131_072


def test_a_file_without_rows_says_so(run):
    report = run("Handle,Title,Variant Price\n\n,,\n")
    assert (report.notes, report.problems) == (["The file has no rows below its header."], [])


def test_a_file_of_a_german_spreadsheet(run):
    lines = [
        "sep=;",
        "Handle;Title;Variant Price;Published;Variant Grams",
        "tasse;Tasse für Käse;1.299,00;WAHR;340,5",
    ]
    report = run("\r\n".join([*lines, "becher;Becher;1.250;FALSCH;1.200", ""]).encode("cp1252"))
    assert report.problems == []
    assert report.notes == [
        "Read as Windows-1252, with semicolons between the cells.",
        "Amounts have a comma before their decimals.",
    ]
    prices = [(variant.price_minor, variant.weight_grams) for variant in variants()]
    assert prices == [(129900, 341), (125000, 1200)]
    assert {slug: product.status for slug, product in products().items()} == {
        "tasse": "active",
        "becher": "draft",
    }


def test_unicode_text_of_a_spreadsheet(run):
    text = "Handle\tTitle\tVariant Price\r\na\t湯呑み\t5\r\n"
    report = run(text.encode("utf-16"))
    assert (report.problems, report.notes) == ([], ["Read as UTF-16, with tabs between the cells."])
    assert products()["a"].title == "湯呑み"


def test_a_quote_that_never_ends_takes_no_other_product_with_it(run):
    report = run('Handle,Title,Variant Price\na,A,1\nb,"B,2\nc,C,3\n')
    assert said(report) == ["Line 3: a quote that starts here never ends."]
    assert list(products()) == ["a"]


# --- Columns --------------------------------------------------------------------------------------

PRESENT = (
    "Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,"
    "Barcode,Option1 name,Option1 value,Option1 Linked To,Option2 name,Option2 value,Option2 Linked To,"
    "Option3 name,Option3 value,Option3 Linked To,Price,Compare-at price,Cost per item,Charge tax,Tax code,"
    "Unit price total measure,Unit price total measure unit,Unit price base measure,"
    "Unit price base measure unit,Inventory tracker,Inventory quantity,Continue selling when out of stock,"
    "Weight value (grams),Weight unit for display,Requires shipping,Fulfillment service,Product image URL,"
    "Image position,Image alt text,Variant image URL,Gift card,SEO title,SEO description"
)


def test_every_column_of_the_present_template_is_known():
    unknown = [name for name in next(csv.reader([PRESENT])) if not column_of(name)]
    assert unknown == []
    assert {column_of(name) for name in PRESENT_NAMES} <= set(HEADER)


@pytest.mark.both
def test_the_present_columns_say_the_same_as_the_older_ones(run):
    first = {
        "Title": "Pine Tee",
        "URL handle": "pine-tee",
        "Description": "Heavy cotton.",
        "Vendor": "Acme",
        "Type": "T-Shirt",
        "Tags": "dark, cotton",
        "Published on online store": "TRUE",
        "Status": "Active",
        "SKU": "PT-S",
        "Barcode": "'4006381333931",
        "Option1 name": "Size",
        "Option1 value": "S",
        "Price": "149",
        "Compare-at price": "180.00",
        "Cost per item": "50",
        "Charge tax": "TRUE",
        "Inventory tracker": "shopify",
        "Inventory quantity": "25",
        "Continue selling when out of stock": "CONTINUE",
        "Weight value (grams)": "220",
        "Requires shipping": "TRUE",
        "SEO title": "A tee",
    }
    names = next(csv.reader([PRESENT]))
    out = io.StringIO()
    csv.writer(out).writerows([names, [first.get(name, "") for name in names]])
    report = run(out.getvalue())
    assert (report.created, report.problems) == (1, [])
    product, variant = products()["pine-tee"], variants()[0]
    assert (product.title, product.description_html, product.vendor, product.kind) == (
        "Pine Tee",
        "Heavy cotton.",
        "Acme",
        "T-Shirt",
    )
    assert (product.status, product.seo_title) == ("active", "A tee")
    assert (variant.sku, variant.title, variant.barcode) == ("PT-S", "S", "4006381333931")
    assert (variant.price_minor, variant.compare_at_minor, variant.cost_minor) == (14900, 18000, 5000)
    assert (variant.weight_grams, variant.requires_shipping) == (220, True)
    with db.reading() as session:
        assert stock_of(session, "PT-S") == (25, 0, 0)
    assert report.notes[0].startswith("Columns taken: URL handle as Handle, Description as Body (HTML), ")


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("Body HTML", "Body (HTML)"),
        ("body_html", "Body (HTML)"),
        ("DESCRIPTION", "Body (HTML)"),
        (" variant sku ", "Variant SKU"),
        ("Variant_SKU", "Variant SKU"),
        ("\ufeffHandle", "Handle"),
        ("url-handle", "Handle"),
        ("Ｐｒｉｃｅ", "Variant Price"),
        ("Compare At Price", "Variant Compare At Price"),
        ("Variant Compare-at price", "Variant Compare At Price"),
        ("Variant Inventory Quantity", "Variant Inventory Qty"),
        ("option1\u00a0name", "Option1 Name"),
        ("Image URL", "Image Src"),
        ("Category (product.metafields.shop.category)", "Category (product.metafields.shop.category)"),
        ("Variant SKUs", ""),
        ("Prcie", ""),
        ("Colour", ""),
    ],
)
def test_a_column_is_known_by_its_letters_and_digits(name, column):
    assert column_of(name) == column


@pytest.mark.parametrize(
    ("name", "alike"),
    [
        ("Prcie", "Price"),
        ("Variant SKUs", "Variant SKU"),
        ("Titel", "Title"),
        ("Tag", "Tags"),
        ("Handel", "Handle"),
        ("Barcodes", "Barcode"),
        ("Staus", "Status"),
        ("Sale Price", "Price"),
        ("Price EUR", "Price"),
        ("Product Title", "Title"),
        ("Option4 Name", "Option1 Name"),
        ("Inventory", "Inventory Qty"),
        ("Weight", "Variant Weight"),
        ("Colour", ""),
        ("Notes", ""),
        ("Google Shopping / MPN", ""),
        ("Price / International", ""),
        ("Included / Germany", ""),
        ("Fabric (product.metafields.custom.title)", ""),
        ("Metafield: custom.price [money]", ""),
    ],
)
def test_a_name_that_is_no_column_may_look_like_one(name, alike):
    assert resembled(name) == alike


def test_a_column_that_looks_like_one_is_said_and_kept(run, tmp_path):
    report = run("Handle,Title,Price,Barcodes,Notes\na,A,1,123,soft\n")
    assert said(report) == [
        "Line 1: the column Barcodes isn't read. It looks like Barcode; rename it if it is meant."
    ]
    assert report.notes[-1] == "Columns kept for exports alone: Barcodes, Notes."
    with db.reading() as session:
        csv_export.export_file(session, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        cells = next(iter(csv.DictReader(file)))
    assert (cells["Barcodes"], cells["Notes"], cells["Variant Barcode"]) == ("123", "soft", "")


def test_two_columns_of_one_meaning_have_to_agree(run):
    report = run(
        "Handle,URL handle,Title,Title,Variant Price,Price\n"
        "a,,A,A,1,1\n"
        ",b,B,,,2\n"
        "c,c,C,C,3,4\n"
        "d,e,D,D,5,5\n"
        "f,f,F,f,6,6\n"
    )
    assert said(report) == [
        "Line 4: Variant Price and Price mean the same, and say 3 and 4.",
        "Line 5: Handle and URL handle mean the same, and say d and e.",
        "Line 6: Title and Title mean the same, and say F and f.",
    ]
    assert {slug: product.title for slug, product in products().items()} == {"a": "A", "b": "B"}


# --- Status ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "published", "new", "was_draft", "was_unlisted", "was_archived"),
    [
        ("", "", "active", "draft", "unlisted", "archived"),
        ("", "TRUE", "active", "active", "unlisted", "active"),
        ("", "FALSE", "draft", "draft", "draft", "archived"),
        ("", "WAHR", "active", "active", "unlisted", "active"),
        ("", "faux", "draft", "draft", "draft", "archived"),
        ("active", "", "active", "active", "active", "active"),
        ("Active", "TRUE", "active", "active", "active", "active"),
        ("active", "FALSE", "draft", "draft", "draft", "draft"),
        ("draft", "TRUE", "draft", "draft", "draft", "draft"),
        ("ARCHIVED", "TRUE", "archived", "archived", "archived", "archived"),
        ("unlisted", "", "unlisted", "unlisted", "unlisted", "unlisted"),
        ("Unlisted", "TRUE", "unlisted", "unlisted", "unlisted", "unlisted"),
        ("unlisted", "FALSE", "draft", "draft", "draft", "draft"),
    ],
)
def test_the_status_of_new_and_of_stored_products(
    run, status, published, new, was_draft, was_unlisted, was_archived
):
    before = ("draft", "unlisted", "archived")
    rows = "".join(f"{word},P,1,{word},TRUE\n" for word in before)
    run("Handle,Title,Variant Price,Status,Published\n" + rows)
    rows = "".join(f"{word},P,1,{status},{published}\n" for word in ("new", *before))
    assert run("Handle,Title,Variant Price,Status,Published\n" + rows).problems == []
    found = {slug: product.status for slug, product in products().items()}
    assert found == {"new": new, "draft": was_draft, "unlisted": was_unlisted, "archived": was_archived}


def test_a_status_that_is_none_is_refused(run):
    report = run("Handle,Title,Variant Price,Status\na,A,1,sold out\nb,B,1,deleted\n")
    assert said(report) == [
        f"Line {line}: Status is {word}; active, draft, archived and unlisted can be taken."
        for line, word in ((2, "sold out"), (3, "deleted"))
    ]
    assert products() == {}


@pytest.mark.parametrize(
    ("column", "word"),
    [
        ("Command", "DELETE"),
        ("Command", "delete"),
        ("Command", "Ignore"),
        ("Delete", "TRUE"),
        ("Delete", "yes"),
        ("Delete", "x"),
        ("delete", "1"),
    ],
)
def test_a_file_that_says_to_delete_puts_nothing_on_sale_and_deletes_nothing(run, column, word):
    run("Handle,Title,Variant Price\nold,Old,1\n")
    before = products()
    report = run(f"Handle,Title,Variant Price,{column}\nold,New,2,{word}\nnew,New,2,{word}\nb,B,1,\n")
    shown = word if column == "Command" else "Delete"
    assert said(report) == [
        f"Line {line}: the file says {shown}. Nothing is deleted by a file: the product was left as it is."
        for line in (2, 3)
    ]
    assert report.refused == 2
    after = products()
    assert list(after) == ["old", "b"]
    assert after["old"] == before["old"]
    report = run(f"Handle,Title,Variant Price,{column}\nold,,,{word}\n")
    assert said(report)[0].startswith(f"Line 2: the file says {shown}.")
    assert products() == after


def test_a_variant_that_is_to_be_deleted_is_left_as_it_is(run):
    header = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Command\n"
    run(header + "top,Top,Size,S,S,1,\ntop,,,M,M,1,\n")
    report = run(header + "top,Top,Size,S,S,2,MERGE\ntop,,,M,M,9,DELETE\ntop,,,L,L,9,DELETE\n")
    assert said(report) == [
        f"Line {line}: the file says to delete this variant. Nothing is deleted by a file: it stays as it is."
        for line in (3, 4)
    ]
    assert [(variant.sku, variant.price_minor, variant.active) for variant in variants()] == [
        ("S", 200, True),
        ("M", 100, True),
    ]
    report = run(header + "hat,Hat,Size,S,H,2,DELETE\n")
    assert said(report)[-1] == "Line 2: no variant of this product is left."
    assert list(products()) == ["top"]
