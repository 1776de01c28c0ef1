"""AWS, or the MiniStack that stands in for it, and its refusals in one line."""

import contextlib
from collections.abc import Generator
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from waybill_dev.errors import StackError
from waybill_dev.ministack.sqs import ACCESS_KEY, REGION

_WAITS: dict[str, Any] = {"connect_timeout": 5, "read_timeout": 90}
_FAR = Config(**_WAITS, retries={"mode": "standard", "max_attempts": 4})
# Nothing stands between us and loopback, and what does not answer there has ended.
_NEAR = Config(**_WAITS, retries={"total_max_attempts": 1}, proxies={})


class Aws:
    """Clients for one account: the one that the usual credentials open, or the local one when given its `endpoint`."""

    def __init__(self, endpoint: str | None = None) -> None:
        self.is_local = endpoint is not None
        self._endpoint = endpoint
        self._session: Any = botocore.session.Session()
        if self.is_local:  # whatever else is set: nothing meant for this machine may reach a real account
            self._session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
            self._session.set_credentials(ACCESS_KEY, ACCESS_KEY)

    def client(self, service: str) -> Any:
        """Client of one AWS service. Raises StackError if there is no region."""
        with refusals():
            if self.is_local:
                return self._session.create_client(service, REGION, endpoint_url=self._endpoint, config=_NEAR)
            return self._session.create_client(service, config=_FAR)

    def account(self) -> str:
        """Number of the account that the credentials open. Raises StackError if they open none."""
        with refusals():
            return self.client("sts").get_caller_identity()["Account"]


@contextlib.contextmanager
def refusals() -> Generator[None]:
    """What AWS refuses or does not answer inside the block is raised as StackError, in one line."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise StackError(f"AWS: {' '.join(str(error).split())}") from None
