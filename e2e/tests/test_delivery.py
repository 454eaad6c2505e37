"""How codes reach people: a real SMTP server and a real HTTP endpoint of the suite's own."""

import email
import http.server
import json
import re
import threading

import pytest
from aiosmtpd.controller import Controller

from harness import people
from harness.postgres import free_port
from harness.waiting import eventually


class Mailbox:
    def __init__(self):
        self.messages = []

    async def handle_DATA(self, _server, _session, envelope):
        self.messages.append((envelope.mail_from, envelope.rcpt_tos, email.message_from_bytes(envelope.content)))
        return "250 taken"


@pytest.fixture
def mail():
    box = Mailbox()
    port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    box.port = port
    yield box
    controller.stop()


@pytest.fixture
def gateway():
    """An SMS gateway: what it was asked to deliver, and with which token."""
    calls = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            calls.append((self.path, self.headers.get("authorization"), json.loads(body)))
            self.send_response(calls_status.pop(0) if calls_status else 204)
            self.end_headers()

        def log_message(self, *_):
            pass

    calls_status = []
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield httpd.server_address[1], calls, calls_status
    httpd.shutdown()


async def test_code_by_webhook(start_server, pool, gateway):
    port, calls, _ = gateway
    config = f'[codes.sms]\nurl = "http://127.0.0.1:{port}/sms"\ntoken = "let me in"\n'
    server = await start_server(config=config)
    client = await pool.open("telethon", server)
    phone = people.new_phone()
    sent = await client.send_code(phone=phone)
    assert sent["type"] == "SentCodeTypeSms"

    async def delivered():
        return len(calls)
    await eventually(delivered, 1)
    path, authorization, body = calls[0]
    assert path == "/sms" and authorization == "Bearer let me in"
    assert body["phone"] == phone and body["channel"] == "sms", {k: v for k, v in body.items() if k != "code"}
    answer = await client.sign_in(code=body["code"])
    assert answer["sign_up_required"]


async def test_a_gateway_that_fails_does_not_hold_up_the_server(start_server, pool, gateway):
    port, calls, statuses = gateway
    statuses += [500]
    config = f'[codes.sms]\nurl = "http://127.0.0.1:{port}/sms"\n'
    server = await start_server(config=config)
    client = await pool.open("telethon", server)
    phone = people.new_phone()
    # The code is left to the operator, who always has it.
    await client.send_code(phone=phone, timeout=15)
    answer = await client.sign_in(code=await server.code(phone))
    assert answer["sign_up_required"] and len(calls) == 1
    other = await pool.open("kurigram", server)
    await other.send_code(phone=people.new_phone(), timeout=15)


async def test_code_by_mail(start_server, pool, mail):
    config = (f'[codes.email]\nhost = "127.0.0.1"\nport = {mail.port}\nsecurity = "none"\n'
              'from = "Chatters <codes@example.org>"\n')
    server = await start_server(config=config)
    # Nobody has an address yet: the operator hands the first code over, and nothing is mailed.
    client = await people.sign_up(await pool.open("telethon", server), "Postal")
    assert not mail.messages
    purpose = {"_": "EmailVerifyPurposeLoginChange"}
    asked = await client.raw(method="account.sendVerifyEmailCode", args={
        "purpose": purpose, "email": "postal@example.org"})
    assert asked["email_pattern"] == "p***l@example.org"
    code = await mailed(mail, 1)
    await client.raw(method="account.verifyEmail", args={
        "purpose": purpose, "verification": {"_": "EmailVerificationCode", "code": code}})
    await client.log_out()

    again = await pool.open("telethon", server)
    sent = await again.send_code(phone=client.phone)
    assert sent["type"] == "SentCodeTypeEmailCode"
    code = await mailed(mail, 2)
    assert await server.code(client.phone) == code, "the operator sees it, too"
    assert (await again.sign_in(code=code))["user"]["id"] == client.id


async def mailed(mail, count):
    """The code in the latest of so many mails."""
    async def arrived():
        return len(mail.messages)
    await eventually(arrived, count)
    sender, recipients, message = mail.messages[-1]
    assert sender == "codes@example.org" and recipients == ["postal@example.org"]
    return re.search(r"\b\d{5}\b", message.get_payload(decode=True).decode())[0]


async def test_code_from_the_service_account(plain_server, pool):
    first = await people.sign_up(await pool.open("telethon", plain_server), "Twice")
    mark = first.mark()
    second = await pool.open("kurigram", plain_server)
    sent = await second.send_code(phone=first.phone)
    assert sent["type"] == "APP"
    e = await first.wait("new_message", since=mark, message__from=people.SERVICE)
    code = re.search(r"\b\d{5}\b", e["message"]["text"])[0]
    assert (await second.sign_in(code=code))["user"]["id"] == first.id


async def test_test_numbers_have_known_codes(start_server, pool):
    server = await start_server(flags=["--test-mode"])
    client = await pool.open("telethon", server)
    await client.send_code(phone="+9996621234")
    assert (await client.sign_in(code="22222"))["sign_up_required"]
    assert not await server.codes("+9996621234")
    assert (await client.raw(method="help.getConfig"))["test_mode"]
    plain = await start_server()
    client = await pool.open("telethon", plain)
    assert not (await client.raw(method="help.getConfig"))["test_mode"]
