"""What the user sees when the stack is ready."""

from waybill_dev.log.terminal import paint
from waybill_dev.ministack import TASKS
from waybill_dev.ministack.function import FUNCTION
from waybill_dev.passwords import OWNER
from waybill_dev.ports import LOOPBACK
from waybill_dev.stack.plan import DATABASE, LAMBDA
from waybill_dev.state import StackState

_BOLD = 1
_DIM = 2
_BODY = '{"title":"Complete Flow Test","description":"Testing end-to-end process"}'


def addresses(state: StackState) -> dict[str, str]:
    """Where the parts of the running stack are found; no password among them."""
    api = f"http://localhost:{state.api_port}"
    return {
        "API": api,
        "docs": f"{api}/docs",
        "SQS": f"http://{LOOPBACK}:{state.aws_port}",
        "queue": TASKS,
        "database": f"postgresql://{OWNER}@{LOOPBACK}:{state.postgres_port}/{DATABASE}",
    }


def ready_panel(state: StackState, folder: str, seconds: float, *, detached: bool, coloured: bool) -> str:
    """Addresses, a first command to try and how to end it, in a few lines."""
    where = addresses(state)
    where["database"] += f"   (password in {folder}/passwords.json)"
    try_it = f"curl -X POST {where['API']}/tasks -H \"Content-Type: application/json\" -d '{_BODY}'"
    end = "./justw down" if detached else "Ctrl-C, or ./justw down elsewhere"
    by = [("lambda", f"{FUNCTION}, which works the tasks")] if state.processor == LAMBDA else []
    rows = [*where.items(), *by, ("try", try_it), ("end", end)]
    title = paint(f"Waybill is ready after {seconds:.1f} s", _BOLD, coloured=coloured)
    return "\n".join(["", f"  {title}", "", *(_row(name, text, coloured) for name, text in rows), ""])


def _row(name: str, text: str, coloured: bool) -> str:
    return f"  {paint(f'{name:<9}', _DIM, coloured=coloured)} {text}"
