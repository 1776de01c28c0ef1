"""What a service of the stack is, to its supervisor."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from waybill_dev.process import Command


async def _nothing() -> None:
    return


@dataclass(frozen=True)
class Service:
    """How a service is started, when it is ready, what is done each time it got ready, how long its end may take."""

    name: str
    command: Command
    is_ready: Callable[[int], Awaitable[bool]]
    when_ready: Callable[[], Awaitable[None]] = _nothing
    start_seconds: float = 30.0
    stop_seconds: float = 10.0
