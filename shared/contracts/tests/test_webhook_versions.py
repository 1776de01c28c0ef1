"""`webhook.deliver`: what version 2 takes, and version 1 in the terms of version 2."""

import re
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from waybill_contracts import KINDS, find_upcast
from waybill_contracts.kinds.webhook_deliver import DeliverWebhook, WebhookUrl
from waybill_contracts.kinds.webhook_deliver_v2 import DeliverWebhookV2, HeaderName, HeaderValue

MINIMAL = {"url": "https://example.com/hook", "body": ""}
ASCII = [chr(code) for code in range(128)]


def read(**members):
    return msgspec.convert({**MINIMAL, **members}, DeliverWebhookV2)


def takes(rule, value):
    try:
        msgspec.convert(value, rule)
    except msgspec.ValidationError:
        return False
    return True


def test_a_url_and_a_text_are_enough_and_go_as_version_1_goes():
    webhook = read(body="[1]")
    assert (webhook.method, webhook.content_type, webhook.headers) == ("POST", "application/json", {})


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD", "post", "CONNECT", "PO ST", "", None])
def test_only_methods_that_carry_a_body_are_taken(method):
    with pytest.raises(msgspec.ValidationError, match="method"):
        read(method=method)


@pytest.mark.parametrize("body", [None, {}, [], 1, True])
def test_a_body_that_is_no_text_is_refused(body):
    with pytest.raises(msgspec.ValidationError, match="body"):
        read(body=body)


@pytest.mark.parametrize(
    "name",
    ["authorization", "x-event", "idempotency-key", "accept", "x_y", "!#$%&'*+.^_`|~", "content-language", "tea"],
)
def test_headers_of_the_receivers_own_are_taken(name):
    assert read(headers={name: "v"}).headers == {name: "v"}


@pytest.mark.parametrize(
    "name",
    [
        *("host", "connection", "content-length", "content-type", "transfer-encoding", "te", "trailer", "upgrade"),
        *("expect", "keep-alive", "proxy-connection", "user-agent"),
        *("webhook-id", "webhook-timestamp", "webhook-signature", "webhook-", "webhook_signature", "content_length"),
    ],
)
def test_headers_that_http_or_the_signature_sets_are_refused_in_any_spelling(name):
    assert not takes(HeaderName, name)
    assert not takes(HeaderName, name.upper())
    assert not takes(HeaderName, f"{name}\n")


@pytest.mark.parametrize("character", [c for c in ASCII if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9a-z-]", c)])
def test_no_other_character_stands_in_the_name_of_a_header(character):
    for name in (character, f"x{character}", f"{character}x", f"x{character}x"):
        assert not takes(HeaderName, name)


@pytest.mark.parametrize("character", [*(c for c in ASCII if not " " <= c <= "~"), "\x80", "ü", "\u2028"])
def test_the_value_of_a_header_is_printable_ascii(character):
    for value in (character, f"x{character}", f"{character}x", f"x{character}x"):
        assert not takes(HeaderValue, value)


@pytest.mark.parametrize("value", ["", "Bearer a.b=", "a  b", '"e-tag"', "~" * 8192])
def test_any_other_value_is_taken(value):
    assert takes(HeaderValue, value)


@pytest.mark.parametrize("value", [" a", "a ", " ", "~" * 8193])
def test_a_value_that_servers_would_trim_or_refuse_is_refused(value):
    assert not takes(HeaderValue, value)


def test_there_is_room_for_32_headers():
    assert len(read(headers={f"x-{n}": "" for n in range(32)}).headers) == 32
    with pytest.raises(msgspec.ValidationError, match="length <= 32"):
        read(headers={f"x-{n}": "" for n in range(33)})


@pytest.mark.parametrize("content_type", ["text/plain", "application/cloudevents+json;charset=utf-8", 'a/b ; c="d e"'])
def test_a_content_type_is_a_type_with_parameters(content_type):
    assert read(content_type=content_type).content_type == content_type


@pytest.mark.parametrize("content_type", ["", "text", "text/", "/plain", "a/b\r\nx: y", "a/b;", "a/b c", "ü/b"])
def test_a_content_type_that_is_none_is_refused(content_type):
    with pytest.raises(msgspec.ValidationError, match="content_type"):
        read(content_type=content_type)


# --- version 1 in the terms of version 2 ---

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
URLS = st.from_regex(get_args(WebhookUrl)[1].pattern)
UPCAST = find_upcast(KINDS, DeliverWebhook, DeliverWebhookV2)


@given(URLS, JSON)
def test_version_1_sends_the_same_bytes_to_the_same_place_as_version_2(url, body):
    stored = msgspec.json.encode({"url": url, "body": body})
    older = msgspec.json.decode(stored, type=DeliverWebhook)
    newer = UPCAST(older)
    assert newer == DeliverWebhookV2(url=url, body=newer.body)
    assert newer.body.encode() == msgspec.json.encode(older.body)
    assert msgspec.json.decode(msgspec.json.encode(newer), type=DeliverWebhookV2) == newer, "its own reader takes it"
    assert older == msgspec.json.decode(stored, type=DeliverWebhook), "the older one is left as it was"


def test_version_1_without_a_body_sends_null():
    assert UPCAST(DeliverWebhook(url="http://a/")).body == "null"


def test_both_versions_promise_the_same_result():
    assert DeliverWebhook.result is DeliverWebhookV2.result
