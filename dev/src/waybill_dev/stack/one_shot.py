"""A command that runs to its end while the stack starts, its lines in the stack's log."""

from waybill_dev.log.book import LogBook
from waybill_dev.log.pump import lines_of
from waybill_dev.process import Command


async def failure_of(command: Command, name: str, log: LogBook) -> str | None:
    """Run it; None when it ended well, else the last line it said."""
    process = await command.spawn_piped()
    assert process.stdout is not None
    last = "it said nothing"
    async for line in lines_of(process.stdout):
        log.write(name, line)
        last = line.strip() or last
    return None if await process.wait() == 0 else last
