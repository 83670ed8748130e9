"""Mail: files that mail programs open, and SMTP with its refusals."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

import pytest

from shop_app.core.email_addresses import normal_email, sent_form
from shop_app.core.errors import Invalid, ProviderDown
from shop_app.providers.mail import AddressRefused, mailer
from shop_app.providers.mail.file import FileMailer
from shop_app.providers.mail.smtp import SmtpMailer
from tests.providers.smtp_server import SmtpServer, smtp_server


def a_letter(address: str = "marta@example.com") -> EmailMessage:
    letter = EmailMessage()
    letter["Subject"], letter["To"], letter["From"] = "Grüße", address, "orders@shop.example"
    letter["Message-ID"] = "<order_paid.1001@shop.example>"
    letter.set_content("Hello")
    return letter


def test_letters_are_files_and_a_repeat_is_one_file(tmp_path):
    for _ in range(2):
        FileMailer(tmp_path / "letters").send(a_letter())

    (path,) = (tmp_path / "letters").iterdir()
    assert path.name == "order_paid-1001.eml"
    read = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert (read["Subject"], read.get_content().strip()) == ("Grüße", "Hello")


def test_a_folder_that_cant_be_written_is_tried_again_later(tmp_path):
    (tmp_path / "letters").write_text("a file")
    with pytest.raises(ProviderDown):
        FileMailer(tmp_path / "letters").send(a_letter())


def send(server: SmtpServer, address: str = "marta@example.com") -> None:
    SmtpMailer(server.url).send(a_letter(address))


def test_letters_go_out_by_smtp():
    with smtp_server() as server:
        send(server)

        assert server.recipients == ["marta@example.com"]
        assert "Message-ID: <order_paid.1001@shop.example>" in server.taken[0]


@pytest.mark.parametrize(
    ("answers", "error", "why"),
    [
        ({"RCPT": "550 5.1.1 <ada@x.de>: nobody here"}, AddressRefused, "550 5.1.1 … nobody here"),
        ({"RCPT": "550 5.7.1 your network is listed"}, Invalid, "550 5.7.1 your network is listed"),
        ({"RCPT": "553 not\tone of\x1b[31m ours"}, AddressRefused, "553 not one of[31m ours"),
        ({"RCPT": "552-full\r\n552 up"}, Invalid, "552 full up"),
        ({"RCPT": "551"}, AddressRefused, "551"),
        ({"DATA": "554 looks like spam"}, Invalid, "554 looks like spam"),
        ({"RCPT": "451 4.7.1 Greylisted, come back"}, ProviderDown, "451 4.7.1 Greylisted, come back"),
        ({"RCPT": "450 busy"}, ProviderDown, "450 busy"),
        ({"RCPT": "421 closing"}, ProviderDown, "421 closing"),
        ({"RCPT": "530 Authentication required"}, ProviderDown, "530 Authentication required"),
        ({"DATA": "452 no room"}, ProviderDown, "452 no room"),
        ({"MAIL": "550 you may not send"}, ProviderDown, "550 you may not send"),
        ({"GREETING": "554 no service"}, ProviderDown, "554 no service"),
    ],
    ids=str,
)
def test_refusals_tell_never_from_later_with_the_servers_reason(answers, error, why):
    with smtp_server(**answers) as server:
        with pytest.raises((Invalid, ProviderDown)) as refusal:
            send(server)
        assert type(refusal.value) is error
        assert refusal.value.message == f"The mail server refused: {why}"
        assert server.taken == []


@pytest.mark.parametrize("unicode", [False, True])
@pytest.mark.parametrize("typed", ["info@müller.de", "Info＠XN--MLLER-KVA.de", "info@mu\u0308ller.de."])
def test_a_host_with_an_umlaut_is_sent_in_ascii_to_every_server(typed, unicode):
    with smtp_server(unicode=unicode) as server:
        send(server, sent_form(normal_email(typed)))

        assert server.recipients == ["info@xn--mller-kva.de"]
        assert "To: info@xn--mller-kva.de\r\n" in server.taken[0]


def test_a_name_with_an_umlaut_is_sent_where_the_server_has_smtputf8():
    with smtp_server(unicode=True) as server:
        send(server, "jürgen@xn--mller-kva.de")

        assert server.recipients == ["jürgen@xn--mller-kva.de"]
        assert "To: jürgen@xn--mller-kva.de\r\n" in server.taken[0]


def test_and_given_up_with_the_reason_where_it_has_not():
    with smtp_server() as server:
        with pytest.raises(Invalid, match=r"^The mail server has no SMTPUTF8, which this address needs\.$"):
            send(server, "jürgen@example.com")
        assert (server.recipients, server.taken) == ([], [])


@pytest.mark.parametrize("unicode", [False, True])
def test_what_can_be_delivered_is_asked_once_and_learned_anew_with_each_letter(unicode):
    with smtp_server(unicode=unicode) as server:
        post = SmtpMailer(server.url)
        assert (post.can_deliver("ada@example.com"), server.talks) == (True, 0)
        assert post.can_deliver("jürgen@example.com") is unicode
        assert post.can_deliver("用户@example.com") is unicode
        assert (server.talks, server.taken) == (1, [])

        server.extensions = ["8BITMIME", *([] if unicode else ["SMTPUTF8"])]
        post.send(a_letter())
        assert post.can_deliver("jürgen@example.com") is not unicode


def test_a_server_without_extensions_is_greeted_in_the_old_way():
    with smtp_server(EHLO="502 what?") as server:
        server.extensions = []
        send(server)
        assert len(server.taken) == 1


def test_a_login_that_the_server_doesnt_take_is_no_fault_of_the_address():
    with smtp_server() as server:
        post = SmtpMailer(server.url.replace("//", "//me:secret@"))
        with pytest.raises(ProviderDown, match="SMTP AUTH extension not supported"):
            post.send(a_letter())
        with pytest.raises(ProviderDown):
            post.can_deliver("jürgen@example.com")


def test_a_server_that_isnt_there_is_tried_again_later():
    with pytest.raises(ProviderDown):
        SmtpMailer("smtp://127.0.0.1:9").send(a_letter())


def test_settings_choose_between_files_and_smtp(configure):
    assert isinstance(mailer(), FileMailer)
    configure(SHOP_SMTP_URL="smtps://me:secret@mail.example")
    assert isinstance(mailer(), SmtpMailer)
