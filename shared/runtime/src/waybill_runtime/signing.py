"""Signature Version 4 of AWS, for requests that differ in action, body and time alone: POST / with a JSON body.

What does not change is prepared once, and the day's signing key is kept: a request costs two SHA-256 and one HMAC,
where botocore's general form costs more than sending the request.
"""

import hashlib
import hmac
import time
from typing import Protocol
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
CONTENT_TYPE = "application/x-amz-json-1.0"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Keys(Protocol):
    """Credentials at one moment."""

    @property
    def access_key(self) -> str:
        """Its name, sent along."""
        ...

    @property
    def secret_key(self) -> str:
        """What signs."""
        ...

    @property
    def token(self) -> str | None:
        """Of a session; None for credentials that stay."""
        ...


class Signer:
    """Signs requests to one endpoint. `region` and `service` are those of the signature."""

    def __init__(self, endpoint: str, region: str, service: str, target: str) -> None:
        address = urlsplit(endpoint)
        self._path = quote(address.path or "/", safe="/~")
        self.host = _host_of(address.scheme, address.hostname or "", address.port)
        self._scope = f"{region}/{service}/aws4_request"
        self._region = region
        self._service = service
        self._target = target
        self._signing_key: tuple[tuple[str, str], bytes] = (("", ""), b"")

    def headers(self, keys: Keys, action: str, body: bytes, unix_seconds: float) -> dict[str, str]:
        """All headers of the request but those of the transport, `Authorization` among them."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(unix_seconds))
        signed = {"content-type": CONTENT_TYPE, "host": self.host, "x-amz-date": stamp}
        if keys.token:
            signed["x-amz-security-token"] = keys.token
        signed["x-amz-target"] = f"{self._target}.{action}"
        signed["x-amzn-query-mode"] = "true"  # refusals then carry the codes that SQS has always had
        signed["authorization"] = self._authorization(keys, signed, body, stamp)
        return signed

    def _authorization(self, keys: Keys, signed: dict[str, str], body: bytes, stamp: str) -> str:
        names = ";".join(signed)  # they were put in by alphabet, as the signature wants them
        lines = "".join(f"{name}:{' '.join(value.split())}\n" for name, value in signed.items())
        request = f"POST\n{self._path}\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        day = stamp[:8]
        digest = hashlib.sha256(request.encode()).hexdigest()
        to_sign = f"{ALGORITHM}\n{stamp}\n{day}/{self._scope}\n{digest}"
        signature = hmac.digest(self._key(keys.secret_key, day), to_sign.encode(), "sha256").hex()
        who = f"{keys.access_key}/{day}/{self._scope}"
        return f"{ALGORITHM} Credential={who}, SignedHeaders={names}, Signature={signature}"

    def _key(self, secret_key: str, day: str) -> bytes:
        made_of, key = self._signing_key
        if made_of != (secret_key, day):
            key = f"AWS4{secret_key}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._signing_key = ((secret_key, day), key)
        return key


def _host_of(scheme: str, name: str, port: int | None) -> str:
    host = f"[{name}]" if ":" in name else name
    return host if port in (None, _DEFAULT_PORTS.get(scheme)) else f"{host}:{port}"
