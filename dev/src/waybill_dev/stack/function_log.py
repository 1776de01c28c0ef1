"""The function's log, which MiniStack keeps as CloudWatch Logs, brought into the one log."""

import asyncio
import time

from waybill_dev.errors import StackError
from waybill_dev.log.book import LogBook
from waybill_dev.ministack import MiniStack
from waybill_dev.ministack.function import LogLine, function_log

NAME = "lambda"
_POLL_SECONDS = 0.5
# A line may come to stand a little later than the time it bears.
_LATE_MS = 3000
_FRAME = ("START RequestId: ", "END RequestId: ", "REPORT RequestId: ")


async def follow_function_log(ministack: MiniStack, log: LogBook) -> None:
    """Write each line of the function's log once, within a second of the end of its invocation, until cancelled."""
    seen: dict[str, int] = {}
    since_ms = int(time.time() * 1000)
    while True:
        await asyncio.sleep(_POLL_SECONDS)
        for line in await asyncio.to_thread(_lines, ministack.endpoint, since_ms - _LATE_MS):
            if line.id not in seen:
                seen[line.id] = line.at_ms
                since_ms = max(since_ms, line.at_ms)
                if not line.text.startswith(_FRAME):
                    log.write(NAME, line.text)
        seen = {key: at_ms for key, at_ms in seen.items() if at_ms >= since_ms - _LATE_MS}


def _lines(endpoint: str, since_ms: int) -> list[LogLine]:
    try:
        return function_log(endpoint, since_ms)
    except StackError:  # no invocation yet, or MiniStack is away
        return []
