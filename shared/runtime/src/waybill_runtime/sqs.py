"""Connections to SQS, opened with our timeouts; it may be away when a service starts.

The only module that imports the AWS SDK: what runs on Lambda needs none, and must not pay for its import.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

from .settings import SettingsError


def aws_region() -> str:
    """The region of the queue. Raises `SettingsError`: botocore itself would know only one of the two names."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise SettingsError("AWS_REGION must be set (see .env.example)")
    return region


@asynccontextmanager
async def open_sqs(read_seconds: float = 10.0, max_connections: int = 20) -> AsyncGenerator[Any]:
    """An SQS client; endpoint, region and credentials come from the standard AWS variables.

    The client itself does not retry: callers own their retries, and a retry inside would hide a fault from them.
    """
    config = AioConfig(
        connect_timeout=2,
        read_timeout=read_seconds,
        max_pool_connections=max_connections,
        retries={"total_max_attempts": 1},
        parameter_validation=False,
        tcp_keepalive=True,
    )
    session: Any = AioSession()  # its stubs describe every service of AWS and none well
    async with session.create_client("sqs", region_name=aws_region(), config=config) as client:
        yield client
