"""`queue peek`: the messages that wait, looked at without being received."""

from waybill_dev.errors import NOT_RUNNING, StackError
from waybill_dev.home import Home
from waybill_dev.ministack import DEAD, TASKS, queue_url
from waybill_dev.ministack.peek import WaitingMessage, peek
from waybill_dev.settings import StackSettings
from waybill_dev.state import load_state


def queue_peek(settings: StackSettings, *, dead: bool, limit: int) -> int:
    """Show up to `limit` messages of the task queue, or of the dead-letter queue; counts stay as they are.

    Raises StackError when the stack does not run.
    """
    home = Home(settings.home)
    if home.holder() is None:
        raise StackError("not running: './justw up' starts it", exit_code=NOT_RUNNING)
    endpoint = f"http://127.0.0.1:{load_state(home.state).aws_port}"
    name = DEAD if dead else TASKS
    messages = peek(endpoint, queue_url(endpoint, name))
    for message in messages[:limit]:
        print(_line(message))
    shown = f", the first {limit} shown" if len(messages) > limit else ""
    print(f"{len(messages)} messages in {name}{shown}")
    return 0


def _line(message: WaitingMessage) -> str:
    when = "visible" if message.is_visible else f"hidden until {message.visible_at:%H:%M:%S}"
    sent = f"{message.sent_at:%Y-%m-%d %H:%M:%S}"
    return f"{message.message_id}  sent {sent} UTC  {when}  received {message.receive_count} times\n  {message.body}"
