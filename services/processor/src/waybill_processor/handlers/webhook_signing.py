"""Signatures of webhooks by the Standard Webhooks specification, version 1 (symmetric)."""

import base64
import binascii
import hashlib
import hmac

_PREFIX = "whsec_"


class WebhookSigner:
    """Makes the headers by which a receiver knows message, time and sender.

    `secrets` are split by spaces; each signs, so that a receiver may know the old or the new one while they rotate.
    Raises `ValueError` (one line, without the secret) for a `whsec_` that is not base64.
    """

    def __init__(self, secrets: str) -> None:
        self._keys = [_key(secret) for secret in secrets.split()]

    @property
    def signs(self) -> bool:
        """False when there is no secret: webhooks then go unsigned."""
        return bool(self._keys)

    def headers(self, message_id: str, timestamp_seconds: int, body: bytes) -> dict[str, str]:
        """Headers for exactly these bytes; `message_id` stays the same when the message is sent again."""
        headers = {"webhook-id": message_id, "webhook-timestamp": str(timestamp_seconds)}
        if self._keys:
            signed = f"{message_id}.{timestamp_seconds}.".encode() + body
            headers["webhook-signature"] = " ".join(_signature(key, signed) for key in self._keys)
        return headers


def _signature(key: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        return secret.encode()
    encoded = secret.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("what follows whsec_ must be base64; drop the prefix to use the secret as text")
    return key
