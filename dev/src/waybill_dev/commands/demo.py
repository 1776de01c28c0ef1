"""`demo`: what the running stack does with a task, watched from outside."""

import time

from waybill_dev.demo.acts import final_failure, one_task, poison, two_failures
from waybill_dev.demo.running import running_stack
from waybill_dev.demo.screen import Screen
from waybill_dev.settings import StackSettings


def demo(settings: StackSettings) -> int:
    """Follow a task, a retried one, a failed one, a poison message. Raises StackError when the stack does not run."""
    stack = running_stack(settings)
    screen = Screen()
    began = time.monotonic()
    for act in (one_task, two_failures, final_failure, poison):
        act(stack, screen)
    _try_next(screen, f"http://localhost:{stack.api.rpartition(':')[2]}", time.monotonic() - began)
    return 0


def _try_next(screen: Screen, api: str, seconds: float) -> None:
    told = f"all of it, in {seconds:.0f} s, was read from PostgreSQL, SQS and HTTP; nothing was made up"
    screen.title("What to try next", told)
    tries = {
        f'curl "{api}/tasks?limit=3"': "these three tasks, as the API shows them",
        "./justw logs --lines 20": "the same, as the services log it",
        f"{api}/docs": "a task of your own",
    }
    for command, what in tries.items():
        screen.line(f"{command:<{max(map(len, tries))}}   {what}")
    screen.line()
