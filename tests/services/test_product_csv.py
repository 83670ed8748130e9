"""Shopify's product CSV: what comes in, what goes out, and what is refused with its line number."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image
from sqlmodel import col, func, select

from shop_app.core import db
from shop_app.core.errors import Invalid, ShopError
from shop_app.models import (
    AuditEntry,
    OptionValue,
    Picture,
    PriceHistory,
    Product,
    ProductOption,
    ProductPicture,
    StockMovement,
    StockPolicy,
    TaxClass,
    Variant,
    VariantPicture,
)
from shop_app.services.catalog import price_tags
from shop_app.services.inventory import holds as inventory_holds
from shop_app.services.inventory import ledger as inventory_ledger
from shop_app.services.product_files import csv_export, csv_import
from shop_app.services.product_files.csv_cells import as_it_was, harmless
from shop_app.services.product_files.csv_product import made_up_sku
from tests.factories import make_basics, make_category, stock_of, variant_with

HEADER = [
    "Handle",
    "Title",
    "Body (HTML)",
    "Vendor",
    "Type",
    "Tags",
    "Published",
    "Option1 Name",
    "Option1 Value",
    "Option2 Name",
    "Option2 Value",
    "Option3 Name",
    "Option3 Value",
    "Variant SKU",
    "Variant Grams",
    "Variant Inventory Tracker",
    "Variant Inventory Qty",
    "Variant Inventory Policy",
    "Variant Fulfillment Service",
    "Variant Price",
    "Variant Compare At Price",
    "Variant Requires Shipping",
    "Variant Taxable",
    "Variant Barcode",
    "Image Src",
    "Image Position",
    "Image Alt Text",
    "Gift Card",
    "SEO Title",
    "SEO Description",
    "Google Shopping / MPN",
    "Variant Image",
    "Variant Weight Unit",
    "Variant Tax Code",
]
URL = "https://pictures.example/"


@pytest.fixture
def shop(engine):
    with db.transaction() as session:
        make_basics(session)
        session.add(TaxClass(code="zero", label="Zero"))
    return engine


def row(handle: str, **cells: str) -> dict[str, str]:
    names = {
        name.lower().replace("/", "").replace(" ", "_").replace("(", "").replace(")", ""): name
        for name in HEADER
    }
    return {"Handle": handle, **{names[name]: value for name, value in cells.items()}}


def shirt(handle: str = "shirt", **cells: str) -> dict[str, str]:
    """The first row of a product without options, as Shopify writes it."""
    plain = {
        "title": "Shirt",
        "published": "true",
        "option1_name": "Title",
        "option1_value": "Default Title",
        "variant_grams": "0",
        "variant_inventory_tracker": "shopify",
        "variant_inventory_qty": "1",
        "variant_inventory_policy": "deny",
        "variant_fulfillment_service": "manual",
        "variant_price": "50",
        "variant_requires_shipping": "true",
        "variant_taxable": "true",
        "gift_card": "false",
        "variant_weight_unit": "kg",
    }
    return row(handle, **{**plain, **cells})


def top(*sizes: str, handle: str = "top") -> list[dict[str, str]]:
    first = shirt(handle, title="Top", option1_name="Size", option1_value=sizes[0], variant_price="60")
    return [
        first,
        *(
            row(
                handle,
                option1_value=size,
                variant_price="60",
                variant_inventory_tracker="shopify",
                variant_inventory_qty="2",
            )
            for size in sizes[1:]
        ),
    ]


@pytest.fixture
def write(tmp_path: Path):
    def to_file(*rows: dict[str, str], name: str = "in.csv") -> Path:
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, HEADER, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return path

    return to_file


def jpeg(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 50), colour).save(out, "JPEG")
    return out.getvalue()


def run(path: Path, **how) -> csv_import.Report:
    how.setdefault("pictures", False)
    return csv_import.import_file(path, **how)


def said(report: csv_import.Report) -> list[str]:
    return [str(problem) for problem in report.problems]


def rows_of(table) -> list:
    with db.reading() as session:
        return list(session.exec(select(table).order_by(col(table.id))).all())


def everything() -> list[object]:
    """All that an import might touch, to the last version number."""
    return [
        [row.model_dump() for row in rows_of(table)]
        for table in (
            Product,
            Variant,
            ProductOption,
            OptionValue,
            PriceHistory,
            StockMovement,
            AuditEntry,
            ProductPicture,
        )
    ]


# --- In -------------------------------------------------------------------------------------------


@pytest.mark.both
def test_default_title_means_no_options_and_a_missing_sku_is_made_up(shop, write):
    report = run(write(shirt("ocean-blue-shirt", body_html="Blue.", tags="men, summer", vendor="Demo")))
    assert (report.created, report.problems) == (1, [])
    with db.reading() as session:
        variant = variant_with(session, "OCEAN-BLUE-SHIRT")
        assert (variant.title, variant.price_minor, variant.compare_at_minor, variant.weight_grams) == (
            "",
            5000,
            None,
            0,
        )
        assert stock_of(session, "OCEAN-BLUE-SHIRT") == (1, 0, 0)
    assert rows_of(ProductOption) == []
    product = rows_of(Product)[0]
    assert (product.slug, product.title, product.vendor, product.status) == (
        "ocean-blue-shirt",
        "Shirt",
        "Demo",
        "active",
    )


@pytest.mark.both
def test_rows_of_a_handle_are_its_variants_in_order(shop, write):
    assert run(write(*top("Small", "Medium", "Large"))).created == 1
    assert [(v.sku, v.title, v.position) for v in rows_of(Variant)] == [
        ("TOP-SMALL", "Small", 0),
        ("TOP-MEDIUM", "Medium", 1),
        ("TOP-LARGE", "Large", 2),
    ]
    assert [option.name for option in rows_of(ProductOption)] == ["Size"]
    assert [value.value for value in rows_of(OptionValue)] == ["Small", "Medium", "Large"]


@pytest.mark.both
def test_the_same_file_twice_changes_nothing_at_all(shop, write):
    path = write(
        *top("Small", "Large"),
        shirt(
            variant_sku="S-1",
            variant_compare_at_price="80.00",
            tags="b, a",
            body_html="<p>x</p><script>y</script>",
        ),
    )
    run(path)
    before = everything()
    report = run(path)
    assert (report.created, report.changed, report.same, report.refused) == (0, 0, 2, 0)
    assert everything() == before


def test_only_what_differs_is_written_and_what_the_file_leaves_out_stays(shop, write):
    run(write(*top("Small", "Medium"), shirt()))
    report = run(write(*top("Small", "Large"), name="next.csv"))
    assert (report.changed, report.same) == (1, 0)
    row = {variant.sku: (variant.active, variant.version) for variant in rows_of(Variant)}
    assert row == {
        "TOP-SMALL": (True, 1),
        "TOP-MEDIUM": (True, 1),
        "TOP-LARGE": (True, 1),
        "SHIRT": (True, 1),
    }


def test_a_sku_says_which_variant_is_meant(shop, write):
    run(write(shirt(variant_sku="OLD-1")))
    key = rows_of(Variant)[0].id
    run(write(shirt(variant_sku="NEW-1", variant_price="55.50"), name="next.csv"))
    assert [(variant.id, variant.sku, variant.price_minor) for variant in rows_of(Variant)] == [
        (key, "NEW-1", 5550)
    ]


def test_made_up_skus_are_stable_and_differ():
    assert made_up_sku("varsity-top", (("Size", "Small"),)) == "VARSITY-TOP-SMALL"
    assert made_up_sku("a", (("Size", "ü"),)) != made_up_sku("a", (("Size", "u"),))
    long = made_up_sku("x" * 200, (("Size", "Small"),))
    assert (len(long), long) == (64, made_up_sku("x" * 200, (("Size", "Small"),)))
    taken = made_up_sku("varsity-top", (("Size", "Small"),), {"VARSITY-TOP-SMALL"}.__contains__)
    assert (taken.startswith("VARSITY-TOP-SMALL-"), len(taken)) == (True, 30)


def test_quantities_count_what_can_be_sold_on_top_of_what_orders_have(shop, write):
    run(write(shirt(variant_inventory_qty="9")))
    with db.transaction() as session:
        variant = variant_with(session, "SHIRT")
        assert variant.id
        inventory_holds.hold(session, _cart(session), {variant.id: 4}, expires_at=db_now())
    before = everything()
    assert run(write(shirt(variant_inventory_qty="5"))).same == 1
    assert everything() == before
    assert run(write(shirt(variant_inventory_qty="7"))).changed == 1
    with db.reading() as session:
        assert stock_of(session, "SHIRT") == (11, 0, 4)


def _cart(session) -> int:
    from tests.factories import make_cart

    return make_cart(session, {}).id or 0


def db_now():
    from shop_app.core.clock import now

    return now()


@pytest.mark.parametrize(
    ("cells", "grams"),
    [
        ({"variant_grams": "340"}, 340),
        ({"variant_grams": "340.5"}, 341),
        ({"variant_grams": ""}, 0),
    ],
)
def test_weights_are_grams_rounded_half_up(shop, write, cells, grams):
    assert run(write(shirt(**cells))).problems == []
    assert rows_of(Variant)[0].weight_grams == grams


def test_a_weight_in_another_unit_is_turned_into_grams(shop, tmp_path):
    path = tmp_path / "weights.csv"
    lines = ["Handle,Title,Variant Price,Variant Weight,Variant Weight Unit"]
    lines += [
        f"p{number},P,1,{weight},{unit}"
        for number, (weight, unit) in enumerate((("1.5", "kg"), ("2", "lb"), ("8", "oz"), ("7", "g")))
    ]
    path.write_text("\n".join(lines))
    assert run(path).problems == []
    assert [variant.weight_grams for variant in rows_of(Variant)] == [1500, 907, 227, 7]


def test_continue_means_that_it_can_be_ordered_without_stock(shop, write):
    run(write(shirt(variant_inventory_policy="continue", variant_inventory_qty="0")))
    with db.reading() as session:
        key = variant_with(session, "SHIRT").id
        assert key
        assert inventory_ledger.levels(session, [key])[key].policy == StockPolicy.BACKORDER


# --- Pictures -------------------------------------------------------------------------------------


def test_several_pictures_and_the_variants_own_one(shop, write):
    files = {URL + "a.jpg": jpeg("red"), URL + "b.jpg": jpeg("green"), URL + "c.jpg": jpeg("blue")}
    first, second = top("Small", "Large")
    first |= row(
        "top",
        image_src=URL + "b.jpg",
        image_position="2",
        image_alt_text="Green",
        variant_image=URL + "c.jpg",
    )
    second |= row("top", image_src=URL + "a.jpg", image_position="1", image_alt_text="Red")
    path = write(first, second, row("top", image_src=URL + "c.jpg", image_position="3"))
    report = run(path, pictures=True, fetch=files.__getitem__)
    assert (report.created, report.pictures, report.problems) == (1, 3, [])
    with db.reading() as session:
        shown = session.exec(
            select(Picture.source, ProductPicture.alt)
            .join(ProductPicture, col(ProductPicture.picture_id) == Picture.id)
            .order_by(col(ProductPicture.position))
        ).all()
        assert [tuple(picture) for picture in shown] == [
            (URL + "a.jpg", "Red"),
            (URL + "b.jpg", "Green"),
            (URL + "c.jpg", ""),
        ]
        assert session.exec(select(func.count()).select_from(VariantPicture)).one() == 1
    before = everything()
    assert run(path, pictures=True, fetch={}.__getitem__).same == 1
    assert everything() == before


def test_a_picture_that_can_not_be_had_keeps_its_address_and_the_product(shop, write, tmp_path):
    def fetch(url: str) -> bytes:
        if url.endswith("gone.jpg"):
            raise Invalid("pictures.example answers with 404.")
        return b"<html>not a picture</html>"

    path = write(
        shirt(image_src=URL + "gone.jpg", image_position="1", image_alt_text="Front"),
        row("shirt", image_src=URL + "odd.jpg", image_position="2"),
    )
    report = run(path, pictures=True, fetch=fetch)
    assert report.created == 1
    assert said(report) == [
        f"Line 2: the picture {URL}gone.jpg was left out: pictures.example answers with 404.",
        f"Line 3: the picture {URL}odd.jpg was left out: This file isn't a picture that the shop can read."
        " Use JPEG, PNG, WebP, AVIF or GIF.",
    ]
    assert all(problem.warning for problem in report.problems)
    out = export(tmp_path)
    assert [(cells["Image Src"], cells["Image Position"], cells["Image Alt Text"]) for cells in out] == [
        (URL + "gone.jpg", "1", "Front"),
        (URL + "odd.jpg", "2", ""),
    ]
    report = run(path, pictures=True, fetch=lambda url: jpeg("red" if "gone" in url else "blue"))
    assert (report.changed, report.pictures) == (1, 2)
    assert rows_of(Product)[0].extra.keys().isdisjoint({"Image Src 1", "Image Src 2", "Image Alt Text 1"})


# --- Out ------------------------------------------------------------------------------------------


def export(folder: Path, name: str = "out.csv") -> list[dict[str, str]]:
    with db.reading() as session:
        csv_export.export_file(session, folder / name)
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.both
def test_out_and_in_again_changes_nothing_and_writes_the_same_file(shop, write, tmp_path):
    run(
        write(
            *top("Small", "Large"),
            shirt(
                body_html="<p>Soft &amp; warm</p>",
                tags="b,a",
                variant_sku="S 1/2",
                variant_compare_at_price="80",
                variant_barcode="4006381333931",
                google_shopping__mpn="M-1",
                variant_tax_code="T1",
                image_src=URL + "gone.jpg",
                seo_title="A shirt",
                variant_inventory_tracker="",
            ),
            shirt("draft", published="false", variant_taxable="false", title="=SUM(A1)", variant_sku="-1"),
        )
    )
    before = everything()
    export(tmp_path)
    report = run(tmp_path / "out.csv")
    assert (report.same, report.changed, report.created, report.problems) == (3, 0, 0, [])
    assert everything() == before
    export(tmp_path, "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()


def test_what_the_shop_has_no_place_for_is_there_on_the_way_out(shop, write, tmp_path):
    run(write(shirt(google_shopping__mpn="M-1", variant_tax_code="T1", gift_card="true")))
    cells = export(tmp_path)[0]
    kept = ("Google Shopping / MPN", "Variant Tax Code", "Gift Card", "Variant Weight Unit")
    assert tuple(cells[name] for name in kept) == (
        "M-1",
        "T1",
        "true",
        "kg",
    )


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=1", "''=1", "it's", "'tis", "", "'", "plain", "1-2", "''"],
)
def test_formulas_are_made_harmless_and_come_back_as_they_were(text):
    assert as_it_was(harmless(text)) == text
    assert not harmless(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_no_exported_cell_is_a_formula(shop, write, tmp_path):
    run(
        write(
            shirt(
                title='=HYPERLINK("http://x")', tags="=a, +b", vendor="@v", variant_sku="+1", seo_title="-2+3"
            )
        )
    )
    cells = export(tmp_path)[0]
    assert cells["Title"] == '\'=HYPERLINK("http://x")'
    assert not [value for value in cells.values() if value.startswith(("=", "+", "-", "@"))]


# --- Broken files ---------------------------------------------------------------------------------


@pytest.mark.both
def test_bad_rows_are_named_and_the_others_go_in(shop, write):
    report = run(
        write(
            shirt("good"),
            shirt("price", variant_price="fifty"),
            shirt("none", variant_price=""),
            shirt("minus", variant_price="-1"),
            shirt("quantity", variant_inventory_qty="2.5"),
            shirt("policy", variant_inventory_policy="maybe"),
            shirt("published", published="yes"),
            shirt("untitled", title=""),
            shirt("", title="No handle"),
            shirt("late", title="Late"),
        )
    )
    assert said(report) == [
        "Line 3: Variant Price is fifty, which isn't an amount like 24.90.",
        "Line 4: Variant Price is missing.",
        "Line 5: Variant Price is -1, which isn't an amount like 24.90.",
        "Line 6: Variant Inventory Qty isn't a whole number.",
        "Line 7: Variant Inventory Policy is maybe; deny and continue can be taken.",
        "Line 8: Published is yes; true and false can be taken.",
        "Line 9: the first row of a product needs a Title.",
        "Line 10: the Handle is missing.",
    ]
    assert [product.slug for product in rows_of(Product)] == ["good", "late"]


def test_a_product_with_one_bad_row_is_not_half_there(shop, write):
    rows = top("Small", "Medium", "Large")
    rows[2]["Variant Price"] = "1,2,3"
    report = run(write(*rows))
    assert (report.refused, said(report)) == (
        1,
        ["Line 4: Variant Price is 1,2,3, which isn't an amount like 24.90."],
    )
    assert rows_of(Product) == rows_of(Variant) == rows_of(ProductOption) == []


def test_a_handle_that_comes_again_apart_is_refused(shop, write):
    report = run(write(shirt("one"), shirt("two"), shirt("one", title="Another")))
    assert said(report) == [
        "Line 4: the handle one was on line 2 already; rows of one product stand together."
    ]
    assert [(product.slug, product.title) for product in rows_of(Product)] == [
        ("one", "Shirt"),
        ("two", "Shirt"),
    ]


def test_a_product_whose_rows_are_torn_apart_stays_out_whole(shop, write):
    first, second = top("Small", "Large")
    report = run(write(first, shirt("two"), second))
    assert said(report) == [
        "Line 2: further rows of this product stand apart, so none of it was taken.",
        "Line 4: the handle top was on line 2 already; rows of one product stand together.",
    ]
    assert [product.slug for product in rows_of(Product)] == ["two"]


def test_a_sku_twice_is_refused_in_one_product_and_in_two(shop, write):
    first, second = top("Small", "Large")
    report = run(
        write(
            first | {"Variant SKU": "X"},
            second | {"Variant SKU": "X"},
            shirt("a", variant_sku="Y"),
            shirt("b", variant_sku="Y"),
        )
    )
    assert said(report) == [
        "Line 3: the SKU X stands on line 2 too.",
        "Line 5: the SKU Y stands on line 4 too.",
    ]
    assert [product.slug for product in rows_of(Product)] == ["a"]


def test_a_cell_of_two_million_characters_is_refused_by_its_line(shop, write):
    report = run(write(shirt("good"), shirt("long", body_html="x" * 2_000_000), shirt("after")))
    assert said(report) == ["Line 3: Body (HTML) holds 2,000,000 characters; 200,000 is the most."]
    assert [product.slug for product in rows_of(Product)] == ["good", "after"]


def test_a_row_in_another_encoding_is_refused_and_the_others_go_in(shop, write):
    path = write(shirt("good", title="Größe, weiß"), shirt("cafe", title="Cafe"), shirt("after"))
    path.write_bytes(path.read_bytes().replace(b"Cafe", "Café".encode("latin-1")))
    report = run(path)
    assert said(report) == ["Line 3: Title isn't in UTF-8. Save the file as UTF-8 and try again."]
    assert [product.slug for product in rows_of(Product)] == ["good", "after"]


def test_line_numbers_count_lines_inside_cells(shop, write):
    report = run(write(shirt("good", body_html="<p>one</p>\n<p>two</p>\n"), shirt("bad", variant_price="x")))
    assert said(report) == ["Line 5: Variant Price is x, which isn't an amount like 24.90."]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"\xef\xbb\xbf\r\n  \r\n", "The file is empty."),
        (b"Name,Colour\na,b\n", "Line 1: the columns Handle, Title, Variant Price are missing."),
        (b"\n\nHandle,Title\na,b\n", "Line 3: the columns Variant Price are missing."),
        (
            b"Handle,Title,Prcie\na,b,1\n",
            "Line 1: the columns Variant Price are missing. Prcie looks like Price.",
        ),
        (
            b"PK\x03\x04rest",
            "This is an Excel workbook (.xlsx) or another ZIP file, not a CSV file."
            " Save the products as CSV in UTF-8.",
        ),
        (
            b"\xd0\xcf\x11\xe0rest",
            "This is an old Excel workbook (.xls), not a CSV file. Save the products as CSV in UTF-8.",
        ),
        (b"%PDF-1.7", "This is a PDF, not a CSV file. Save the products as CSV in UTF-8."),
        (
            b"\x1f\x8b\x08rest",
            "This is a file packed with gzip, not a CSV file. Save the products as CSV in UTF-8.",
        ),
        (
            b"{\\rtf1 x}",
            "This is a text document (RTF), not a CSV file. Save the products as CSV in UTF-8.",
        ),
        (
            b"\n<!DOCTYPE html><html><body>Sign in</body></html>",
            "This is a web page or XML, not a CSV file. Save the products as CSV in UTF-8.",
        ),
        (
            "<table><tr><td>Handle</td></tr></table>".encode("utf-16"),
            "This is a web page or XML, not a CSV file. Save the products as CSV in UTF-8.",
        ),
        (
            b'{"products": [{"handle": "a"}]}',
            "This is JSON, not a CSV file. Save the products as CSV in UTF-8.",
        ),
        (
            b'"Handle,Title,Variant Price"\n"a,A,1"\n',
            "Line 1: the columns Handle, Title, Variant Price are missing. Each line stands in quotes, as if"
            " it were one cell. Save the file as CSV again.",
        ),
        (b"Handle\x00\x01\x02", "This isn't a CSV file. Save the products as CSV in UTF-8."),
    ],
)
def test_a_file_that_is_something_else_is_refused_whole(shop, tmp_path, content, sentence):
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    with pytest.raises(ShopError) as refusal:
        run(path)
    assert refusal.value.message == sentence
    assert rows_of(Product) == []


def test_html_is_sanitised_on_the_way_in(shop, write):
    run(write(shirt(body_html='<p onclick="x()">Hi</p><script>alert(1)</script><img src=x onerror=y>')))
    assert rows_of(Product)[0].description_html == "<p>Hi</p>"


def test_a_compare_at_price_that_is_none_is_left_out_and_said(shop, write):
    report = run(write(shirt("a", variant_compare_at_price="40"), shirt("b", variant_compare_at_price="50")))
    assert said(report) == [
        f"Line {line}: the compare-at price isn't higher than the price, and was left out." for line in (2, 3)
    ]
    assert [variant.compare_at_minor for variant in rows_of(Variant)] == [None, None]


@pytest.mark.both
def test_a_category_that_is_not_there_is_said_and_the_product_goes_in(shop, tmp_path):
    path = tmp_path / "categories.csv"
    column = "Category (product.metafields.shop.category)"
    path.write_text(f"Handle,Title,Variant Price,{column}\na,A,1,nowhere\nb,B,1,lighting\n")
    with db.transaction() as session:
        make_category(session, "Lighting")
    report = run(path)
    assert said(report) == ["Line 2: there is no category nowhere here; the product has none."]
    assert [product.category_id is None for product in rows_of(Product)] == [True, False]


def test_oversold_units_start_at_none_and_are_said(shop, write):
    report = run(write(shirt(variant_inventory_qty="-3")))
    assert said(report) == ["Line 2: 3 units were oversold; the shop starts with 0."]
    assert report.problems[0].warning


def test_a_dry_run_says_the_same_and_writes_nothing(shop, write):
    path = write(*top("Small", "Large"), shirt("bad", variant_price="x"), shirt())
    before = everything()
    dry = run(path, dry_run=True)
    assert everything() == before
    real = run(path)
    assert (
        (dry.created, dry.refused, said(dry))
        == (real.created, real.refused, said(real))
        == (
            2,
            1,
            ["Line 4: Variant Price is x, which isn't an amount like 24.90."],
        )
    )


def test_a_file_of_all_sorts_of_rubbish_never_raises(shop, tmp_path):
    path = tmp_path / "rubbish.csv"
    for content in (
        b'Handle,Title,Variant Price\n"a,b,c\n',
        b"Handle,Title,Variant Price\n\xff\xfe\x00,\x00,1\n",
        b"Handle,Title,Variant Price\n,,\n\n\n,,\n",
        b"Handle,Title,Variant Price\na\x00b,T,1\n",
        "Handle,Title,Variant Price\n💥,💥,1\n../../x,T,1\n'; DROP TABLE product;--,T,1\n".encode(),
    ):
        path.write_bytes(content)
        with suppress(ShopError):
            run(path)
    assert {product.slug for product in rows_of(Product)} <= {"x", "drop-table-product", "product"}


def test_contents_come_in_and_go_out_and_give_the_price_of_a_unit(shop, tmp_path):
    path = tmp_path / "contents.csv"
    measures = (("250", "g"), ("0.75", "l"), ("33", "cl"), ("2", "m"), ("", ""))
    lines = [f"p{number},P,15,{measure},{unit}" for number, (measure, unit) in enumerate(measures)]
    header = "Handle,Title,Variant Price,Unit Price Total Measure,Unit Price Total Measure Unit"
    path.write_text("\n".join([header, *lines]), encoding="utf-8")
    report = run(path)
    assert [str(problem) for problem in report.problems] == [
        "Line 5: a price by m isn't shown; g, kg, ml, cl and l can be taken."
    ]
    kept = [(250, "g"), (750, "ml"), (330, "ml"), (0, ""), (0, "")]
    assert [(variant.contents, variant.contents_unit) for variant in rows_of(Variant)] == kept
    assert [price_tags.unit_price(1500, *contents) for contents in kept] == [
        "€60.00 per kg",
        "€20.00 per l",
        "€45.45 per l",
        "",
        "",
    ]
    names = ("Unit Price Total Measure", "Unit Price Total Measure Unit")
    assert [tuple(row[name] for name in names) for row in export(tmp_path)] == [
        ("250", "g"),
        ("750", "ml"),
        ("330", "ml"),
        ("", ""),
        ("", ""),
    ]
