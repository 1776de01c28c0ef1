"""Signatures, checked as a receiver would check them: by the text of the specification, not by our code."""

import base64
import hashlib
import hmac

import pytest
from waybill_processor.handlers.webhook_signing import WebhookSigner

EXAMPLE_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def signed_by(key: bytes, message_id: str, timestamp_seconds: int, body: bytes) -> str:
    content = b".".join([message_id.encode(), str(timestamp_seconds).encode(), body])
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def test_the_published_example_of_the_specification_gets_its_published_signature() -> None:
    headers = WebhookSigner(EXAMPLE_SECRET).headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_secret_without_the_prefix_signs_as_the_text_it_is() -> None:
    headers = WebhookSigner("pässword").headers("id", 7, b"{}")
    assert headers["webhook-signature"] == signed_by("pässword".encode(), "id", 7, b"{}")


def test_while_secrets_rotate_each_of_them_signs() -> None:
    headers = WebhookSigner(f"new-one  {EXAMPLE_SECRET}").headers("id", 7, b"{}")
    old_key = base64.b64decode(EXAMPLE_SECRET.removeprefix("whsec_"))
    assert headers["webhook-signature"].split(" ") == [
        signed_by(b"new-one", "id", 7, b"{}"),
        signed_by(old_key, "id", 7, b"{}"),
    ]


def test_base64_may_come_without_its_padding() -> None:
    assert WebhookSigner("whsec_YWI=").headers("id", 7, b"") == WebhookSigner("whsec_YWI").headers("id", 7, b"")


def test_without_a_secret_there_is_no_signature_but_still_id_and_time() -> None:
    signer = WebhookSigner(" ")
    assert not signer.signs
    assert signer.headers("id", 7, b"{}") == {"webhook-id": "id", "webhook-timestamp": "7"}


@pytest.mark.parametrize("secret", ["whsec_%%%hidden", "whsec_", "whsec_a", "good whsec_ä"])
def test_a_prefixed_secret_that_is_not_base64_is_refused_without_quoting_it(secret: str) -> None:
    with pytest.raises(ValueError, match="must be base64") as caught:
        WebhookSigner(secret)
    assert "hidden" not in str(caught.value)
