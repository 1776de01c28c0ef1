"""The client of SQS: what the standard settings say, one request for each question, faults in one line."""

import asyncio
import json
import os
import socket
import ssl
import subprocess
import sys
from contextlib import suppress

import pytest
import trustme
from waybill_runtime import sqs_connection
from waybill_runtime.settings import SettingsError
from waybill_runtime.sqs import SqsError, aws_region, open_sqs
from waybill_runtime.sqs_actions import ATTRIBUTES, RECEIVE, Attributes, Receive
from waybill_runtime.sqs_sdk import Sdk
from waybill_runtime.sqs_settings import local_settings

SETTINGS = (
    "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy",
    "https_proxy", "no_proxy",
)  # fmt: skip


@pytest.fixture
def aws(monkeypatch, tmp_path):
    """Sets AWS's variables, and takes away those of the machine."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)

    def point(**variables):
        files = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "keys")}
        given = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
        for name, value in {**files, "AWS_EC2_METADATA_DISABLED": "true", **given, **variables}.items():
            monkeypatch.setenv(name, value)

    return point


@pytest.fixture
def free_port():
    """A port of loopback at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


@pytest.fixture
async def serve(aws):
    """Starts a server that takes each connection to `answer(reader, writer)`, and points AWS at it."""
    servers = []

    async def start(answer):
        async def serve_one(reader, writer):
            try:
                await answer(reader, writer)
            finally:
                writer.close()

        servers.append(await asyncio.start_server(serve_one, "127.0.0.1", 0))
        port = servers[-1].sockets[0].getsockname()[1]
        aws(AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}")

    yield start
    for server in servers:
        server.close()


async def request(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if line)
    return headers, await reader.readexactly(int(headers["content-length"]))


def answering(text):
    """Always answers these bytes, after which the connection is closed; notes the requests."""
    seen = []

    async def answer(reader, writer):
        seen.append(await request(reader))
        writer.write(text.encode())
        await writer.drain()

    answer.seen = seen
    return answer


def http(status, body, *headers):
    lines = [f"HTTP/1.1 {status}", "connection: close", f"content-length: {len(body)}", *headers]
    return "\r\n".join(lines) + "\r\n\r\n" + body


async def error_of(asking):
    with pytest.raises(SqsError) as caught:
        await asking
    assert "\n" not in str(caught.value)
    return caught.value


async def ask_and_fail():
    async with open_sqs(read_seconds=1.0) as client:
        return await error_of(client.ask("ReceiveMessage", b"{}"))


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_is_read_from_either_variable(monkeypatch, name):
    for each in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(each, raising=False)
    with pytest.raises(SettingsError, match="AWS_REGION must be set"):
        aws_region()
    monkeypatch.setenv(name, "eu-central-1")
    assert aws_region() == "eu-central-1"


KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
LOCAL = {**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}


@pytest.mark.parametrize("more", [{}, {"AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:2/x"}, {"AWS_SESSION_TOKEN": "token"}])
async def test_a_local_endpoint_is_found_without_the_sdk_and_is_what_the_sdk_finds(aws, more):
    aws(**LOCAL, **more)
    local = local_settings(os.environ)
    here, there = await local.endpoint("us-east-1"), await Sdk().endpoint("us-east-1")
    assert here.url.rstrip("/") == there.url.rstrip("/")
    assert (here.region, here.service, here.proxy) == (there.region, there.service, there.proxy)
    keys, found = await local.keys(), await Sdk().keys()
    assert (keys.access_key, keys.secret_key, keys.token) == (found.access_key, found.secret_key, found.token)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        KEYS,
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
        {**KEYS, "AWS_ENDPOINT_URL": "https://127.0.0.1:1"},
        *({**LOCAL, name: "x"} for name in ("AWS_PROFILE", "HTTP_PROXY", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")),
    ],
)
def test_everything_else_is_left_to_the_sdk(variables):
    assert local_settings(variables) is None


def test_the_sdk_is_not_imported_for_a_local_endpoint():
    program = """
import asyncio, sys
from waybill_runtime.sqs import open_sqs
async def run():
    async with open_sqs():
        print([name for name in sys.modules if "botocore" in name])
asyncio.run(run())
"""
    environment = {**LOCAL, "AWS_REGION": "us-east-1"}
    assert subprocess.check_output([sys.executable, "-c", program], env=environment, text=True) == "[]\n"


async def test_keys_of_a_profile_reach_a_real_queue(aws, queues, sqs, tmp_path, monkeypatch):
    aws(AWS_PROFILE="ours", AWS_ENDPOINT_URL=queues.endpoint)
    for name in KEYS:
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text("[profile ours]\n")
    (tmp_path / "keys").write_text("[ours]\naws_access_key_id = key\naws_secret_access_key = secret\n")
    async with open_sqs() as client:
        assert (await RECEIVE.ask(client, Receive(queues.url, 10, 0, 30))).messages in (None, [])


@pytest.mark.parametrize(
    ("variables", "region", "url", "signed_for"),
    [
        ({}, "eu-central-1", "https://sqs.eu-central-1.amazonaws.com/", "eu-central-1"),
        ({}, "cn-north-1", "https://sqs.cn-north-1.amazonaws.com.cn/", "cn-north-1"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1/"}, "us-east-1", "http://127.0.0.1:1/", "us-east-1"),
        (
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:2/"},
            "us-east-1", "http://127.0.0.1:2/", "us-east-1",
        ),
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, "us-west-2", "https://sqs-fips.us-west-2.amazonaws.com/", "us-west-2"),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "us-west-2", "https://sqs.us-west-2.api.aws/", "us-west-2"),
    ],
)  # fmt: skip
async def test_the_endpoint_is_the_one_that_the_sdk_would_take(aws, variables, region, url, signed_for):
    aws(**variables)
    found = await Sdk().endpoint(region)
    assert (found.url, found.region, found.service) == (url, signed_for, "sqs")


async def test_the_endpoint_may_stand_in_the_configuration_file(aws, tmp_path):
    aws()
    (tmp_path / "config").write_text(
        "[default]\nservices = ours\n[services ours]\nsqs =\n  endpoint_url = http://q:1/\n"
    )
    assert (await Sdk().endpoint("us-east-1")).url == "http://q:1/"


async def test_a_proxy_is_taken_from_the_environment_unless_it_is_not_for_that_host(aws):
    aws(HTTPS_PROXY="proxy.example:3128", NO_PROXY="us-west-2.amazonaws.com")
    assert (await Sdk().endpoint("us-east-1")).proxy == "http://proxy.example:3128"
    assert (await Sdk().endpoint("us-west-2")).proxy is None


async def test_a_request_goes_through_the_proxy(aws, serve, monkeypatch):
    answer = answering(http("200 OK", "{}"))
    await serve(answer)
    monkeypatch.setenv("HTTP_PROXY", os.environ["AWS_ENDPOINT_URL"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://queue.invalid")
    async with open_sqs() as client:
        assert await client.ask("ReceiveMessage", b"{}") == b"{}"
    assert answer.seen[0][0]["host"] == "queue.invalid"


async def test_certificates_are_those_of_the_bundle_that_is_set(aws):
    aws(AWS_CA_BUNDLE="/no/such/bundle.pem")
    error = await ask_and_fail()
    assert str(error) == "the certificates in /no/such/bundle.pem cannot be read: No such file or directory"


async def test_a_setting_that_cannot_be_used_is_named_at_each_request(aws):
    aws(AWS_PROFILE="nobody")
    assert "profile (nobody) could not be found" in str(await ask_and_fail())


async def test_missing_credentials_are_named_at_each_request(aws, serve, monkeypatch):
    await serve(answering(""))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert str(await ask_and_fail()).startswith("no AWS credentials: ")


async def test_a_request_is_signed_with_the_session_token(aws, serve, monkeypatch):
    answer = answering(http("200 OK", "{}"))
    await serve(answer)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-a-session")
    async with open_sqs() as client:
        await client.ask("ReceiveMessage", b'{"QueueUrl": "q"}')
    headers, body = answer.seen[0]
    assert body == b'{"QueueUrl": "q"}'
    assert headers["x-amz-target"] == "amazonsqs.receivemessage"
    assert headers["x-amz-security-token"] == "of-a-session"
    assert "x-amz-security-token" in headers["authorization"]


async def test_a_client_opens_while_the_queue_is_away_and_fails_when_asked(aws, free_port):
    aws(AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port}")
    error = await ask_and_fail()
    assert str(error).startswith(f"http://127.0.0.1:{free_port}: ")
    assert error.code is None


async def test_a_name_without_an_address_is_named(aws):
    aws(AWS_ENDPOINT_URL="http://queue.invalid:9324")
    assert str(await ask_and_fail()).startswith("http://queue.invalid:9324: ")


async def test_a_request_that_failed_is_not_repeated(serve):
    answer = answering(http("503 Service Unavailable", "no"))
    await serve(answer)
    assert str(await ask_and_fail()) == "HTTP status 503"
    assert len(answer.seen) == 1


REFUSALS = [
    (
        '{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "No such\\nqueue."}',
        ["x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender"],
        ("AWS.SimpleQueueService.NonExistentQueue", "AWS.SimpleQueueService.NonExistentQueue: No such queue."),
    ),
    (
        '{"__type": "InvalidSignatureException", "Message": "Signature expired: 19700101T000000Z is now …"}',
        [],
        ("InvalidSignatureException", "InvalidSignatureException: Signature expired: 19700101T000000Z is now"),
    ),
    ('{"__type": "com.amazon.coral.service#ThrottlingException"}', [], ("ThrottlingException", "ThrottlingException")),
    ("<html>Bad gateway</html>", [], (None, "HTTP status 400")),
    ("[1]", [], (None, "HTTP status 400")),
    ("", [], (None, "HTTP status 400")),
]


@pytest.mark.parametrize(("body", "headers", "expected"), REFUSALS)
async def test_a_refusal_has_the_code_and_the_text_of_aws(serve, body, headers, expected):
    await serve(answering(http("400 Bad Request", body.replace("…", "..."), *headers)))
    error = await ask_and_fail()
    assert error.code == expected[0]
    assert str(error).startswith(expected[1])


@pytest.mark.parametrize(
    "told", ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort", "SSH-2.0-OpenSSH_9.2\r\n\r\n"]
)
async def test_an_answer_that_breaks_off_or_is_no_http_is_a_failure(serve, told):
    await serve(answering(told))
    assert (await ask_and_fail()).code is None


async def test_a_queue_that_takes_requests_and_never_answers_is_given_up(serve, monkeypatch):
    async def say_nothing(reader, writer):
        await reader.read()

    await serve(say_nothing)
    async with open_sqs(read_seconds=0.1) as client:
        error = await error_of(asyncio.wait_for(client.ask("ReceiveMessage", b"{}"), 10))
    assert "gave no answer in time" in str(error)


async def test_an_answer_without_end_is_given_up(serve, monkeypatch):
    monkeypatch.setattr(sqs_connection, "MAX_ANSWER_BYTES", 1000)
    await serve(answering(http("200 OK", "x" * 5000)))
    assert "more than 1000 bytes" in str(await ask_and_fail())


async def test_an_answer_without_a_length_ends_with_its_connection(serve):
    await serve(answering('HTTP/1.1 200 OK\r\n\r\n{"a": 1}'))
    async with open_sqs() as client:
        assert await client.ask("ReceiveMessage", b"{}") == b'{"a": 1}'


async def test_headers_without_end_are_given_up(serve):
    await serve(answering("HTTP/1.1 200 OK\r\n" + "x-more: of the same\r\n" * 5000))
    assert "bytes of headers" in str(await ask_and_fail())


async def test_more_than_was_asked_for_ends_the_connection_and_answers_no_later_request(serve):
    served = []

    async def answer(reader, writer):
        served.append(await request(reader))
        once = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{n}"
        writer.write((once.replace("{n}", f"[{len(served)}]") + once.replace("{n}", "[9]")).encode())
        await reader.read()

    await serve(answer)
    async with open_sqs() as client:
        assert [await client.ask("ReceiveMessage", b"{}") for _ in range(3)] == [b"[1]", b"[2]", b"[3]"]


async def test_the_answer_of_a_request_that_was_given_up_is_not_taken_for_the_next(serve, until):
    served = []

    async def answer(reader, writer):
        while True:
            served.append(await request(reader))
            if len(served) == 1:
                await asyncio.sleep(0.2)
            writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{len(served)}".encode())
            await writer.drain()

    async def quiet(reader, writer):
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await answer(reader, writer)

    await serve(quiet)
    async with open_sqs() as client:
        asking = asyncio.create_task(client.ask("ReceiveMessage", b"{}"))
        await until(lambda: served)
        asking.cancel()
        assert await client.ask("ReceiveMessage", b"{}") == b"2"


async def test_a_kept_connection_that_closes_as_it_is_used_again_is_replaced(serve):
    requests = []

    async def answer(reader, writer):
        requests.append(await request(reader))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        requests.append(await request(reader))  # and the connection is closed without an answer

    await serve(answer)
    async with open_sqs() as client:
        await client.ask("ReceiveMessage", b"{}")
        assert await client.ask("ReceiveMessage", b"{}") == b"{}"
    assert len(requests) == 3


async def test_more_requests_than_connections_wait_for_one(serve):
    most = []

    async def answer(reader, writer):
        most.append(1)
        await request(reader)
        await asyncio.sleep(0.02)
        writer.write(http("200 OK", "{}").encode())
        open_now.append(len(most))
        most.pop()

    open_now = []
    await serve(answer)
    async with open_sqs(max_connections=2) as client:
        await asyncio.gather(*(client.ask("ReceiveMessage", b"{}") for _ in range(8)))
    assert max(open_now) == 2


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_https_asks_for_a_certificate_of_the_bundle(aws, tmp_path, is_trusted):
    authority, other = trustme.CA(), trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    (authority if is_trusted else other).cert_pem.write_to_path(str(tmp_path / "bundle.pem"))
    answer = answering(http("200 OK", "{}"))
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    aws(AWS_ENDPOINT_URL=f"https://localhost:{port}", AWS_CA_BUNDLE=str(tmp_path / "bundle.pem"))
    async with open_sqs() as client:
        if is_trusted:
            assert await client.ask("ReceiveMessage", b"{}") == b"{}"
        else:
            assert "certificate verify failed" in str(await error_of(client.ask("ReceiveMessage", b"{}"))).lower()
    server.close()


async def test_a_line_break_in_a_credential_is_named(aws, serve, monkeypatch):
    await serve(answering(""))
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a\r\nx-header: smuggled")
    assert str(await ask_and_fail()) == "a line break among AWS's credentials or settings"


async def test_an_answer_in_pieces_is_put_together(serve):
    async def answer(reader, writer):
        await request(reader)
        head = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        for piece in (head[:30], head[30:], '5\r\n{"a":\r', "\n2\r\n 1\r\n1\r\n}\r\n0\r", "\n\r\n"):
            writer.write(piece.encode())
            await writer.drain()
            await asyncio.sleep(0.005)  # so that they do not arrive as one

    await serve(answer)
    async with open_sqs() as client:
        assert json.loads(await client.ask("ReceiveMessage", b"{}")) == {"a": 1}


async def test_a_connection_is_used_again_unless_the_server_closes_it(serve):
    served = []

    async def answer(reader, writer):
        for last in (False, True):
            await request(reader)
            served.append(id(writer))
            close = "connection: close\r\n" if last else ""
            writer.write(f"HTTP/1.1 200 OK\r\n{close}content-length: 2\r\n\r\n{{}}".encode())
            await writer.drain()

    await serve(answer)
    async with open_sqs() as client:
        for _ in range(4):
            await client.ask("ReceiveMessage", b"{}")
    assert [served.count(writer) for writer in dict.fromkeys(served)] == [2, 2]


async def test_a_connection_that_the_server_closed_while_it_was_idle_is_not_used_again(serve, until):
    closed = []

    async def answer(reader, writer):
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()
        closed.append(writer)

    await serve(answer)
    async with open_sqs() as client:
        for number in range(1, 4):
            await client.ask("ReceiveMessage", b"{}")
            await until(lambda number=number: len(closed) == number)
            await asyncio.sleep(0.01)  # the close is on its way to us


async def test_typed_actions_are_answered_by_a_real_queue(queues, sqs):
    async with open_sqs() as client:
        await sqs.send_message(QueueUrl=queues.url, MessageBody='say "ä"')
        [message] = (await RECEIVE.ask(client, Receive(queues.url, 10, 1, 30))).messages
        assert message.body == 'say "ä"'
        assert message.attributes.approximate_receive_count == 1
        assert message.attributes.sent_timestamp > 1_600_000_000_000
        names = ("ApproximateNumberOfMessagesNotVisible",)
        assert (await ATTRIBUTES.ask(client, Attributes(queues.url, names))).attributes == {names[0]: "1"}


async def test_an_answer_that_is_not_the_expected_json_is_a_failure(serve):
    await serve(answering(http("200 OK", '{"Messages": [{"Body": 1}]}')))
    async with open_sqs() as client:
        error = await error_of(RECEIVE.ask(client, Receive("q", 10, 0, 30)))
    assert str(error).startswith("the answer to ReceiveMessage cannot be read: ")


async def test_a_queue_that_is_not_there_is_named_by_its_code(queues):
    async with open_sqs() as client:
        error = await error_of(RECEIVE.ask(client, Receive(queues.url + "-gone", 10, 0, 30)))
    assert error.code == "AWS.SimpleQueueService.NonExistentQueue"
