"""Our signatures beside botocore's, byte for byte."""

import random
import string
from datetime import UTC, datetime, timedelta

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from waybill_runtime.signing import Signer

ENDPOINTS = [
    "http://127.0.0.1:4566", "http://[::1]:9324/", "https://sqs.eu-central-1.amazonaws.com/", "http://queue:80/",
    "https://sqs.us-east-1.api.aws:443/", "https://proxy.example:8443/aws/sqs%20here/", "https://a.example/~x",
]  # fmt: skip
ACTIONS = ["SendMessageBatch", "ReceiveMessage", "GetQueueAttributes"]


def any_text(roll, most):
    return "".join(roll.choices(string.ascii_letters + string.digits + "/+=", k=roll.randint(1, most)))


def any_keys(roll):
    token = roll.choice([None, any_text(roll, 900)])
    return ReadOnlyCredentials(any_text(roll, 20), any_text(roll, 40), token)


def by_botocore(endpoint, region, keys, headers, body, now, monkeypatch):
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: now)
    unsigned = {name: headers[name] for name in ("content-type", "x-amz-target", "x-amzn-query-mode")}
    request = AWSRequest("POST", endpoint, unsigned, body)
    SigV4Auth(keys, "sqs", region).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@pytest.mark.parametrize("seed", range(20))
def test_signatures_are_those_of_botocore(seed, monkeypatch):
    roll = random.Random(seed)
    endpoint, region = roll.choice(ENDPOINTS), roll.choice(["us-east-1", "cn-north-1"])
    signer, keys = Signer(endpoint, region, "sqs", "AmazonSQS"), any_keys(roll)
    now = datetime(2024, 2, 28, 23, 59, 58, tzinfo=UTC)
    for _ in range(20):
        now += timedelta(seconds=roll.choice([0.3, 1, 3600, 86400 * 40]))
        keys = roll.choice([keys, any_keys(roll)])  # renewed now and then, whatever the day
        body = roll.randbytes(roll.randint(0, 2000))
        headers = signer.headers(keys, roll.choice(ACTIONS), body, now.timestamp())
        signed = by_botocore(endpoint, region, keys, headers, body, now, monkeypatch)
        assert {name: value for name, value in headers.items() if name != "host"} == signed


def test_credentials_without_a_token_send_none():
    keys = ReadOnlyCredentials("key", "secret", None)
    headers = Signer("http://127.0.0.1:1", "us-east-1", "sqs", "AmazonSQS").headers(keys, "ReceiveMessage", b"{}", 0.0)
    assert "x-amz-security-token" not in headers
    assert headers["x-amz-target"] == "AmazonSQS.ReceiveMessage"
    assert headers["x-amz-date"] == "19700101T000000Z"
