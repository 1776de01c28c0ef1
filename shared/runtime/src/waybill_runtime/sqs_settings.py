"""Where SQS is and who asks: what is found out, and what needs no SDK to be found out."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from .signing import Keys

_ASK_THE_SDK = (
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_CREDENTIAL_EXPIRATION",
    "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "HTTP_PROXY", "http_proxy",
)  # fmt: skip
"""Each gives another meaning to the variables that `LocalSettings` reads."""


class SettingsFault(Exception):
    """Something in AWS's settings cannot be used, or no credentials were to be had; one line."""


class Endpoint(Struct, frozen=True):
    """Where requests go, and in whose name they are signed."""

    url: str
    region: str
    service: str
    proxy: str | None = None
    certificates: str = ""
    """Path of the authorities' certificates, for https."""


class AwsSettings(Protocol):
    """Finds endpoint and credentials. Both raise `SettingsFault`."""

    async def endpoint(self, region: str) -> Endpoint:
        """Where requests for SQS go."""
        ...

    async def keys(self) -> Keys:
        """Credentials that hold now."""
        ...


class StaticKeys(Struct, frozen=True):
    """Credentials that stay."""

    access_key: str
    secret_key: str
    token: str | None


class LocalSettings:
    """A stand-in for AWS, with keys and an endpoint of plain http in the environment.

    The SDK would find the same, for 0.3 s of CPU and 20 MB of memory in each process.
    """

    def __init__(self, url: str, keys: Keys) -> None:
        self._url = url
        self._keys = keys

    async def endpoint(self, region: str) -> Endpoint:
        """As the environment says."""
        return Endpoint(self._url, region, "sqs")

    async def keys(self) -> Keys:
        """As the environment says."""
        return self._keys


def local_settings(environment: Mapping[str, str]) -> LocalSettings | None:
    """Settings that the environment alone gives; None for everything that the SDK has to find."""
    url = environment.get("AWS_ENDPOINT_URL_SQS") or environment.get("AWS_ENDPOINT_URL") or ""
    access_key, secret_key = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    if not (url.startswith("http://") and access_key and secret_key) or any(map(environment.get, _ASK_THE_SDK)):
        return None
    return LocalSettings(url, StaticKeys(access_key, secret_key, environment.get("AWS_SESSION_TOKEN")))
