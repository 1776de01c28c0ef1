"""The running stack, as the demo reaches it."""

import json
import os
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from waybill_dev.errors import NOT_RUNNING, StackError
from waybill_dev.home import Home
from waybill_dev.ministack import queue_url
from waybill_dev.panel import addresses
from waybill_dev.passwords import OWNER, load_passwords
from waybill_dev.ports import LOOPBACK
from waybill_dev.postgres.binaries import wheel_bin_folder
from waybill_dev.settings import StackSettings
from waybill_dev.state import load_state

_ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class RunningStack:
    """Where its parts are: the API, SQS, and PostgreSQL as the owner of the schema."""

    api: str
    sqs: str
    database: str
    password: str

    @property
    def queue(self) -> str:
        """Address of the task queue."""
        return queue_url(self.sqs)

    def submit(self, task: dict[str, Any]) -> tuple[str, str]:
        """Hand a task over; status line and Location of the answer. Raises StackError unless it is accepted."""
        body = json.dumps(task).encode()
        request = urllib.request.Request(f"{self.api}/tasks", body, {"Content-Type": "application/json"})
        try:
            # An opener without proxies: the address is on loopback.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(request, timeout=_ANSWER_SECONDS) as answer:
                return f"{answer.status} {answer.reason}", answer.headers["Location"]
        except urllib.error.HTTPError as error:
            raise StackError(f"the API answered {error.code} to a task: './justw logs api' says why") from None
        except OSError as error:
            raise StackError(f"the API does not answer at {self.api}: {error}; see './justw status'") from None

    def psql(self, statements: str) -> "subprocess.Popen[str]":
        """Run SQL in a process of its own, which says on standard error what the SQL raises, as it is raised."""
        argv = [wheel_bin_folder() / "psql", "-XqAt", "-v", "VERBOSITY=terse", self.database, "-c", statements]
        # Nobody's PGHOST, PGSERVICE or PGSSLMODE may lead elsewhere.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        environment |= {"PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "10", "PGCLIENTENCODING": "UTF8"}
        return subprocess.Popen(
            argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8"
        )


def running_stack(settings: StackSettings) -> RunningStack:
    """The stack of this checkout. Raises StackError when it does not run, or not yet."""
    home = Home(settings.home)
    if home.holder() is None:
        raise StackError("not running: './justw up' starts it", exit_code=NOT_RUNNING)
    state = load_state(home.state)
    if not state.ready:
        raise StackError("the stack is still starting: try again when './justw status' says that it runs")
    where = addresses(state)
    password = load_passwords(home.passwords, data_exists=True)[OWNER]
    return RunningStack(f"http://{LOOPBACK}:{state.api_port}", where["SQS"], where["database"], password)
