"""Legal texts: base texts until there are own ones, facts filled in, sanitised, every version kept."""

from __future__ import annotations

import pytest
from sqlmodel import select

from shop_app.core import db
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.core.shop import shop
from shop_app.models import LegalText
from shop_app.services.accounts import passwords, sessions
from shop_app.services.shop import legal, profile
from shop_app.services.shop.legal import PAGES, Text

RIGHTS = frozenset({"settings.view", "settings.edit"})
OWN = Text("Terms", "In short.", "## Ordering\n\nWe are {legal_name}.")


def opened(**more: object) -> None:
    with db.transaction() as session:
        sessions.create_staff(session, "ada@example.com", passwords.Hashed("x"), "owner")
        profile.open_shop(session, name="Tide", country="DE", currency="EUR", locale="en", **more)


def saved(text: Text = OWN, version: int = 0, by: Principal | None = None) -> legal.Version:
    by = by or Principal("staff", 1, "ada@example.com", "", "owner", RIGHTS)
    with db.transaction() as session:
        return legal.save(session, by, "terms", text, version=version)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_a_base_text_that_names_no_shop(engine, page: str):
    with db.reading() as session:
        shown = legal.view(session, page)
    assert shown.title
    assert "{" not in shown.title + shown.lead + shown.html
    assert shown.html.startswith("<section>")


@pytest.mark.both
def test_a_text_is_the_base_text_until_there_is_an_own_one(engine):
    opened(legal_name="Tide & Twine GmbH")
    with db.reading() as session:
        assert legal.own(session)["terms"] == 0
    assert legal.terms_version().startswith("base-")
    saved()
    with db.reading() as session:
        assert (legal.own(session)["terms"], legal.own(session)["imprint"]) == (1, 0)
        html = legal.view(session, "terms").html
    assert html == "<section><h2>Ordering</h2>\n<p>We are Tide &amp; Twine GmbH.</p>\n</section>"
    assert (legal.terms_version(), shop().version) == ("1", 2)


def test_a_version_is_kept_and_can_be_shown_again(engine):
    opened()
    saved()
    saved(Text("Terms", "", "Second"), version=1)
    with db.transaction() as session:
        legal.restore(session, Principal("staff", 1, "ada@example.com", permissions=RIGHTS), "terms", 1)
    with db.reading() as session:
        assert [one.number for one in legal.versions(session, "terms")] == [3, 2, 1]
        assert legal.newest(session, "terms").text == OWN
    assert legal.terms_version() == "3"


def test_a_stale_or_unallowed_change_writes_nothing(engine):
    opened()
    saved()
    with pytest.raises(Conflict):
        saved(version=0)
    with pytest.raises(Forbidden):
        saved(version=1, by=NOBODY)
    with db.reading() as session:
        assert len(session.exec(select(LegalText)).all()) == 1
        with pytest.raises(NotFound):
            legal.newest(session, "../../etc/passwd")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (Text("", "", "x"), "title"),
        (Text("T", "{nobody}", "x"), "lead"),
        (Text("T", "", "{emial}"), "body"),
        (Text("T", "", "x" * 30_001), "body"),
    ],
)
def test_a_text_that_cant_be_kept_names_its_field(engine, text: Text, field: str):
    opened()
    with pytest.raises(Invalid) as refused:
        saved(text)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("<script>alert(1)</script>", "<section><p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n</section>"),
        ("[x](javascript:alert(1))", "<section><p>[x](javascript:alert(1))</p>\n</section>"),
        ("![x](https://evil.example/x.png)", "<section><p></p>\n</section>"),
        ("# A\n\nb\n\n## C", "<section><h2>A</h2>\n<p>b</p>\n</section><section><h2>C</h2>\n</section>"),
        (
            "| | |\n|-|-|\n| Name | {name} |\n| Phone | {phone} |",
            "<section><dl><dt>Name</dt><dd>Your shop</dd></dl></section>",
        ),
    ],
)
def test_what_a_text_becomes(engine, markdown: str, html: str):
    assert "".join(legal.shown(Text("T", "", markdown)).html.split("\n")) == "".join(html.split("\n"))


def test_a_fact_is_no_markup(engine):
    opened(legal_name="[x](https://evil.example) <b>*me*</b>")
    html = legal.shown(Text("T", "", "{legal_name}")).html
    assert html == "<section><p>[x](https://evil.example) &lt;b&gt;*me*&lt;/b&gt;</p>\n</section>"
