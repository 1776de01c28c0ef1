"""The API as its clients see it."""

import json
import time
from dataclasses import dataclass
from typing import Any

import aiohttp


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, with the seconds it took."""

    status: int
    headers: dict[str, str]
    body: Any
    seconds: float


class Client:
    """Talks to the API at `url`; raises aiohttp's errors when there is none."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self.url = url

    async def request(self, method: str, path: str, document: Any = None) -> Answer:
        """Any request."""
        began = time.perf_counter()
        async with self._session.request(method, self.url + path, json=document) as response:
            text = await response.text()
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, headers, json.loads(text), time.perf_counter() - began)

    async def get(self, path: str) -> Answer:
        """GET."""
        return await self.request("GET", path)

    async def submit(self, title: str = "a task", **fields: Any) -> str:
        """Hand a task over; its id. Fails unless it is accepted."""
        answer = await self.request("POST", "/tasks", {"title": title, **fields})
        assert answer.status == 202, answer
        return answer.body["id"]

    async def submit_webhook(self, url: str) -> str:
        """Hand over a task that POSTs to `url`; its id."""
        return await self.submit(kind="webhook.deliver", payload={"url": url})

    async def task(self, task_id: str) -> dict[str, Any]:
        """A task as it stands."""
        answer = await self.get(f"/tasks/{task_id}")
        assert answer.status == 200, answer
        return answer.body

    async def status(self, task_id: str) -> str:
        """A task's status."""
        return (await self.task(task_id))["status"]
