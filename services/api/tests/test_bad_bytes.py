"""Bytes that no client library would send, on raw sockets against a running server: a 4xx each, and never a hang."""

import asyncio
import gzip
import json
import re

import pytest

LIMIT = 300 * 1024


def request(body=b"", method=b"POST", path=b"/tasks", headers=(b"Content-Type: application/json",), length=None):
    size = str(len(body) if length is None else length).encode()
    lines = [method + b" " + path + b" HTTP/1.1", b"Host: localhost", b"Connection: close", *headers]
    return b"\r\n".join([*lines, b"Content-Length: " + size, b"", body])


def chunked(*chunks, end=b"0\r\n\r\n"):
    head = b"POST /tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def get(path):
    return request(method=b"GET", path=path, headers=())


def of_type(*lines, body=b'{"title":"a"}'):
    return request(body, headers=lines)


CASES = {
    "an empty body": (400, request(b"")),
    "spaces only": (400, request(b"  \n")),
    "an array": (400, request(b"[]")),
    "null": (400, request(b"null")),
    "a number": (400, request(b"7")),
    "a truncated object": (400, request(b'{"title":"a"')),
    "trailing bytes": (400, request(b'{"title":"a"} x')),
    "two documents": (400, request(b'{"title":"a"}{"title":"a"}')),
    "a trailing comma": (400, request(b'{"title":"a",}')),
    "single quotes": (400, request(b"{'title':'a'}")),
    "a byte order mark": (400, request(b'\xef\xbb\xbf{"title":"a"}')),
    "UTF-16": (400, request('{"title":"a"}'.encode("utf-16"))),
    "bad UTF-8 in a value": (400, request(b'{"title":"\xff"}')),
    "bad UTF-8 in a key": (400, request(b'{"\xff":1,"title":"a"}')),
    "a surrogate in UTF-8": (400, request(b'{"title":"\xed\xa0\x80"}')),
    "overlong UTF-8": (400, request(b'{"title":"\xc0\xaf"}')),
    "a lone surrogate": (400, request(rb'{"title":"\ud800"}')),
    "a reversed surrogate pair": (400, request(rb'{"title":"\udc00\ud800"}')),
    "a raw NUL": (400, request(b'{"title":"a\x00"}')),
    "an escaped NUL": (400, request(rb'{"title":"a\u0000"}')),
    "an escaped NUL deep in a payload": (
        400,
        request(rb'{"kind":"webhook.deliver","payload":{"url":"http://a/","body":[{"k":["\u0000"]}]}}'),
    ),
    "an escaped NUL in a key": (
        400,
        request(rb'{"kind":"webhook.deliver","payload":{"url":"http://a/","body":{"\u0000":1}}}'),
    ),
    "a raw control character": (400, request(b'{"title":"a\x01"}')),
    "NaN": (400, request(b'{"title":NaN}')),
    "Infinity": (400, request(b'{"title":-Infinity}')),
    "1e400": (400, request(b'{"payload_version":1e400,"title":"a"}')),
    "1e400 in a payload": (
        400,
        request(b'{"kind":"webhook.deliver","payload":{"url":"http://a/","body":1e400}}'),
    ),
    "a huge integer": (400, request(b'{"title":"a","payload_version":' + b"9" * 200_000 + b"}")),
    "a key twice": (400, request(b'{"title":"a","title":"b"}')),
    "a key twice, once escaped": (400, request(rb'{"title":"a","titl\u0065":"b"}')),
    "a key twice deep in a payload": (
        400,
        request(b'{"kind":"webhook.deliver","payload":{"url":"http://a:1/","body":[{"a":1,"a":2}]}}'),
    ),
    "100,000 nested arrays": (400, request(b"[" * 100_000)),
    "100,000 nested arrays, closed": (400, request(b"[" * 100_000 + b"]" * 100_000)),
    "100,000 nested objects": (400, request(b'{"a":' * 50_000 + b"1" + b"}" * 50_000)),
    "33 levels": (400, request(b'{"payload":' + b"[" * 32 + b"]" * 32 + b"}")),
    "no content type": (415, of_type()),
    "text/plain": (415, of_type(b"Content-Type: text/plain")),
    "a form": (415, of_type(b"Content-Type: application/x-www-form-urlencoded")),
    "msgpack": (415, of_type(b"Content-Type: application/msgpack")),
    "latin-1": (415, of_type(b"Content-Type: application/json; charset=latin-1")),
    "utf-16 by name": (415, of_type(b"Content-Type: application/json; charset=utf-16")),
    "two content types": (415, of_type(b"Content-Type: application/json", b"Content-Type: text/plain")),
    "gzip": (
        415,
        of_type(b"Content-Type: application/json", b"Content-Encoding: gzip", body=gzip.compress(b'{"title":"a"}')),
    ),
    "a body over the limit": (413, request(b" " * (LIMIT + 1))),
    "a body far over the limit": (413, request(b" " * 5_000_000)),
    "a body announced over the limit": (
        413,
        request(length=10**12, headers=(b"Expect: 100-continue", b"Content-Type: application/json")),
    ),
    "a body over the limit in chunks": (413, chunked(*[b" " * 60_000] * 6)),
    "a negative length": (400, request(length=-1)),
    "a length that is no number": (400, request(length="ten")),
    "a length beyond 64 bits": (400, request(length=10**30)),
    "two lengths": (400, request(b'{"title":"a"}', headers=(b"Content-Length: 1", b"Content-Type: application/json"))),
    "length and chunks, as smugglers send": (
        400,
        request(b"0\r\n\r\n", headers=(b"Transfer-Encoding: chunked", b"Content-Type: application/json")),
    ),
    "a chunk size that is no number": (400, chunked(end=b"zz\r\n\r\n")),
    "a header of 70 kB": (431, request(b"{}", headers=(b"X-Long: " + b"x" * 70_000,))),
    "10,000 headers": (431, request(b"{}", headers=[b"X-%d: x" % n for n in range(10_000)])),
    "a header without an end": (431, b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 1_000_000),
    "a path of 70 kB": (431, get(b"/" + b"x" * 70_000)),
    "a NUL in a header": (400, request(b"{}", headers=(b"X-Nul: a\x00b",))),
    "not HTTP": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10),
    "garbage": (400, b"hello\r\n\r\n"),
    "a lower-case method": (400, b"get / HTTP/1.1\r\nHost: x\r\n\r\n"),
    "HTTP/2": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "a raw byte in the path": (400, get(b"/tasks/\xff")),
    "a space in the path": (400, get(b"/tasks/a b")),
    "an encoded NUL in the path": (404, get(b"/tasks/%00")),
    "bad UTF-8 in the path": (404, get(b"/tasks/%ff")),
    "dots in the path": (404, get(b"/tasks/..%2f..%2fetc%2fpasswd")),
    "plain dots in the path": (404, get(b"/tasks/../../etc/passwd")),
    "half a percent escape": (404, get(b"/tasks/%")),
    "a huge integer in the path": (404, get(b"/tasks/" + str(2**70).encode())),
    "an unknown path": (404, get(b"/nope")),
    "bad UTF-8 in the query": (400, get(b"/tasks?status=%ff")),
    "a NUL in the query": (400, get(b"/tasks?kind=a.b%00")),
    "a wrong method": (405, request(method=b"DELETE")),
    "TRACE": (405, request(method=b"TRACE")),
    "CONNECT": (400, b"CONNECT example.test:443 HTTP/1.1\r\nHost: x\r\n\r\n"),
    "a host that is no host": (400, b"GET /tasks HTTP/1.1\r\nHost: a b<>\r\nConnection: close\r\n\r\n"),
}


@pytest.fixture
async def server(start_server, database):
    return await start_server(database.url("waybill_api"))


def parse(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(re.match(rb"HTTP/1\.1 (\d{3}) ", head)[1])
    headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    return status, headers, body


async def problem_of(server, *pieces):
    status, headers, body = parse(await server.exchange(*pieces))
    assert headers[b"content-type"] == b"application/problem+json"
    problem = json.loads(body)
    assert {"type", "title", "status", "detail", "instance", "request_id"} <= set(problem)
    assert problem["status"] == status
    assert problem["request_id"].encode() == headers[b"x-request-id"]
    return status, headers, problem


async def test_every_case_is_refused_with_a_problem_and_the_connection_closed(server):
    wrong = {}
    for name, (expected, data) in CASES.items():
        try:
            status, _, problem = await problem_of(server, data)
        except Exception as error:
            wrong[name] = repr(error)
            continue
        if status != expected:
            wrong[name] = problem
    assert not wrong
    status, _, _ = parse(await server.exchange(request(b'{"title":"still alive"}')))
    assert status == 202


async def test_what_only_looks_odd_is_accepted(server):
    odd = {
        "charset utf-8": of_type(b'Content-Type: Application/JSON ; charset="UTF-8"'),
        "identity": of_type(b"Content-Type: application/json", b"Content-Encoding: identity"),
        "white space around": request(b' \r\n\t{ "title" : "a" }\n '),
        "a colon and a brace in strings": request(rb'{"title":"a:\"{[\\","description":":::"}'),
        "an escaped backslash before u0000": request(rb'{"title":"\\u0000"}'),
        "32 levels": request(
            b'{"kind":"webhook.deliver","payload":{"url":"http://a/","body":' + b"[" * 30 + b"]" * 30 + b"}}"
        ),
        "a large integer": request(
            b'{"kind":"webhook.deliver","payload":{"url":"http://a/","body":' + b"9" * 4000 + b"}}"
        ),
        "in chunks of one byte": chunked(*[bytes([byte]) for byte in b'{"title":"a"}']).replace(
            b"Host: x", b"Host: x\r\nConnection: close"
        ),
        "an upgrade to HTTP/2 that we do not take": of_type(
            b"Content-Type: application/json", b"Upgrade: h2c", b"Connection: Upgrade, HTTP2-Settings"
        ),
        "HTTP/1.0": request(b'{"title":"a"}').replace(b"HTTP/1.1", b"HTTP/1.0"),
    }
    answers = {name: parse(await server.exchange(data))[0] for name, data in odd.items()}
    assert answers == dict.fromkeys(odd, 202)


async def test_a_client_that_stalls_is_sent_away_after_ten_seconds(server):
    head = b"POST /tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    stalled = {
        "body": head + b'Content-Length: 100\r\n\r\n{"title"',
        "chunked body": head + b'Transfer-Encoding: chunked\r\n\r\n2\r\n{"\r\n',
        "body that never begins": head + b"Content-Length: 100\r\n\r\n",
        "headers": head,
        "request line": b"POST /ta",
    }
    *answers, silence = await asyncio.gather(
        *(problem_of(server, data) for data in stalled.values()), server.exchange()
    )
    assert {name: answer[0] for name, answer in zip(stalled, answers, strict=True)} == dict.fromkeys(stalled, 408)
    assert silence == b""


async def test_a_refused_body_is_not_asked_for(server):
    headers = (b"Content-Type: text/plain", b"Expect: 100-continue")
    answer = await server.exchange(request(length=1000, headers=headers))
    assert answer.startswith(b"HTTP/1.1 415")


async def test_garbage_after_a_request_does_not_take_its_answer_away(server):
    first = request(b'{"title":"a"}').replace(b"Connection: close\r\n", b"")
    assert parse(await server.exchange(first + b"\x00garbage\r\n\r\n"))[0] == 202


async def test_a_client_that_leaves_in_the_middle_harms_nobody(server):
    for data in (b"POST /tas", request(b'{"title"', length=100), request(b'{"title":"a"}')):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(data)
        await writer.drain()
        writer.transport.abort()
    assert parse(await server.exchange(get(b"/health/ready")))[0] == 200
    server.process.terminate()
    _, logged = await server.process.communicate()
    assert b"request.failed" not in logged
    assert b"Traceback" not in logged
