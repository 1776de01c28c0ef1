"""`logs`: the log of the stack, or of one service of it."""

import time
from collections.abc import Generator
from pathlib import Path

from waybill_dev.commands.status import PARTS
from waybill_dev.errors import StackError
from waybill_dev.home import Home
from waybill_dev.log.book import STACK
from waybill_dev.log.terminal import colours_wanted, prefixed
from waybill_dev.settings import StackSettings
from waybill_dev.stack.deploying import NAME as DEPLOY
from waybill_dev.stack.migrate import NAME as MIGRATE
from waybill_dev.stack.plan import LAMBDA, WORKER

_NAMES = (*PARTS, WORKER, LAMBDA, MIGRATE, DEPLOY, STACK)
_POLL_SECONDS = 0.1


def logs(settings: StackSettings, service: str | None, *, follow: bool, lines: int) -> int:
    """Show the last `lines` lines, and those to come if told to follow. Raises StackError for an unknown service."""
    if service is not None and service not in _NAMES:
        raise StackError(f"there is no service '{service}': one of {', '.join(_NAMES)}")
    path = Home(settings.home).log
    if not path.exists():
        raise StackError(f"there is no log in {path.parent} yet: './justw up' starts the stack")
    coloured = colours_wanted()
    written = [line for line in path.read_text(errors="replace").splitlines() if _is_of(line, service)]
    for line in written[-lines:] if lines else []:
        _show(line, coloured=coloured)
    if follow:
        for line in _to_come(path):
            if _is_of(line, service):
                _show(line, coloured=coloured)
    return 0


def _is_of(line: str, service: str | None) -> bool:
    return service is None or line.partition("|")[0].strip() == service


def _show(line: str, *, coloured: bool) -> None:
    name, _, text = line.partition("| ")
    print(prefixed(name.strip(), text, coloured=coloured), flush=True)


def _to_come(path: Path) -> Generator[str]:
    """Lines written from now on, also into the file that takes the place of this one."""
    file = path.open(errors="replace")
    file.seek(0, 2)
    rest = ""
    while True:
        rest += file.read()
        *whole, rest = rest.split("\n")
        yield from whole
        if not whole:
            time.sleep(_POLL_SECONDS)
            if path.exists() and not path.samefile(f"/dev/fd/{file.fileno()}"):
                file.close()
                file = path.open(errors="replace")
