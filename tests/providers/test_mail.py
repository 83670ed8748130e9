"""Mail: files that mail programs open, and SMTP with its refusals."""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from shop_app.core.errors import Invalid, ProviderDown
from shop_app.providers.mail import mailer
from shop_app.providers.mail.file import FileMailer
from shop_app.providers.mail.smtp import SmtpMailer


def a_letter() -> EmailMessage:
    letter = EmailMessage()
    letter["Subject"], letter["To"], letter["From"] = "Grüße", "marta@example.com", "orders@shop.example"
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


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    answer = "250 ok"
    taken: list[str] = []


class _Talk(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.say("220 hello")
        while line := self.rfile.readline().decode().strip():
            command = line.split(" ")[0].split(":")[0].upper()
            if command == "DATA":
                self.say("354 go on")
                text = b""
                while not text.endswith(b"\r\n.\r\n"):
                    text += self.rfile.readline()
                self.server.taken.append(text.decode())
            if command == "QUIT":
                return self.say("221 bye")
            self.say(self.server.answer if command == "RCPT" else "250 ok")
        return None

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Talk) as smtp_server:
        smtp_server.taken = []
        threading.Thread(target=smtp_server.serve_forever, daemon=True).start()
        yield smtp_server
        smtp_server.shutdown()


def send(server: _Server) -> None:
    SmtpMailer(f"smtp://127.0.0.1:{server.server_address[1]}").send(a_letter())


def test_letters_go_out_by_smtp(server):
    send(server)

    assert "Message-ID: <order_paid.1001@shop.example>" in server.taken[0]


@pytest.mark.parametrize(
    ("answer", "error"),
    [("550 nobody here", Invalid), ("451 later", ProviderDown), ("421 busy", ProviderDown)],
)
def test_refusals_tell_never_from_later(server, answer, error):
    server.answer = answer
    with pytest.raises(error):
        send(server)
    assert server.taken == []


def test_a_server_that_isnt_there_is_tried_again_later():
    with pytest.raises(ProviderDown):
        SmtpMailer("smtp://127.0.0.1:9").send(a_letter())


def test_settings_choose_between_files_and_smtp(configure):
    assert isinstance(mailer(), FileMailer)
    configure(SHOP_SMTP_URL="smtps://me:secret@mail.example")
    assert isinstance(mailer(), SmtpMailer)
