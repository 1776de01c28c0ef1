"""A client of SQS, in its JSON protocol; it may be away when a service starts.

The AWS SDK finds endpoint and credentials (`sqs_sdk`) and is not on the way of a request: its own client takes five
times the CPU for a batch of ten messages. What runs on Lambda needs none of these modules.
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import msgspec

from .settings import SettingsError
from .signing import Signer
from .sqs_connection import Answer
from .sqs_http import Http, Unreachable, open_http
from .sqs_settings import AwsSettings, SettingsFault, local_settings

TARGET = "AmazonSQS"


def aws_region() -> str:
    """The region of the queue. Raises `SettingsError`: botocore itself would know only one of the two names."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise SettingsError("AWS_REGION must be set (see .env.example)")
    return region


class SqsError(Exception):
    """SQS refused a request, or gave no answer; one line. `code` is AWS's, None when there is none.

    Without an answer, the request may have been carried out all the same.
    """

    def __init__(self, text: str, code: str | None = None) -> None:
        super().__init__(" ".join(text.split()))
        self.code = code


class SqsClient:
    """Asks SQS. Nothing is tried again: callers own their retries, and a retry in here would hide a fault from them."""

    def __init__(self, settings: AwsSettings, connect: Callable[[], Awaitable[tuple[Signer, Http]]]) -> None:
        self._settings = settings
        self._connect = connect
        self._way: tuple[Signer, Http] | None = None
        self._preparing = asyncio.Lock()

    async def prepare(self) -> None:
        """Find the endpoint. Raises `SqsError` for settings that cannot be used; `ask` then tries again."""
        try:
            async with self._preparing:
                self._way = self._way or await self._connect()
        except (SettingsFault, Unreachable) as error:
            raise SqsError(str(error)) from error

    async def ask(self, action: str, arguments: bytes) -> bytes:
        """Send one request, JSON in and JSON out. Raises `SqsError`."""
        if self._way is None:
            await self.prepare()
        assert self._way is not None
        signer, http = self._way
        try:
            keys = await self._settings.keys()
            answer = await http.post(signer.headers(keys, action, arguments, time.time()), arguments)
        except (SettingsFault, Unreachable) as error:
            raise SqsError(str(error)) from error
        if answer.status != 200:
            raise _refused(answer)
        return answer.body


class _Refusal(msgspec.Struct, rename={"type": "__type", "capital": "Message"}):
    """What AWS writes instead of an answer."""

    type: str = ""
    message: str = ""
    capital: str = ""


def _refused(answer: Answer) -> SqsError:
    try:
        said = msgspec.json.decode(answer.body, type=_Refusal)
    except msgspec.MsgspecError:  # of a proxy or a load balancer, or no answer of SQS at all
        said = _Refusal()
    older_code, _, _ = answer.headers.get("x-amzn-query-error", "").partition(";")
    code = older_code or said.type.rpartition("#")[2].partition(":")[0]
    text = said.message or said.capital or f"HTTP status {answer.status}"
    return SqsError(f"{code}: {text}" if code else text, code or None)


def _sdk() -> AwsSettings:
    from .sqs_sdk import Sdk  # only where it is needed: it takes longer to import than all the rest of a service

    return Sdk()


@asynccontextmanager
async def open_sqs(read_seconds: float = 10.0, max_connections: int = 20) -> AsyncGenerator[SqsClient]:
    """A client; endpoint, region, proxy, certificates and credentials come from the standard AWS variables and files.

    Settings that cannot be used do not raise here: each `ask` says so, as if SQS were away.
    """
    settings = local_settings(os.environ) or _sdk()
    region = aws_region()
    async with AsyncExitStack() as stack:

        async def connect() -> tuple[Signer, Http]:
            found = await settings.endpoint(region)
            opened = open_http(found.url, found.proxy, found.certificates, read_seconds, max_connections)
            http = await stack.enter_async_context(opened)
            return Signer(found.url, found.region, found.service, TARGET), http

        client = SqsClient(settings, connect)
        with suppress(SqsError):
            await client.prepare()
        yield client
