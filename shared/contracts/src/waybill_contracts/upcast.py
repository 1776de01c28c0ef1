"""Payloads of an older version in the terms of a newer one, so that a handler is written for the newest alone.

A struct of version n + 1 says what a payload of version n means:

    class DeliverWebhookV2(TaskPayload, kind="webhook.deliver", version=2, …):
        @classmethod
        def from_older(cls, older: DeliverWebhook) -> Self: ...

It is pure and never raises: every payload of version n that was ever stored has to be worked.
"""

from collections.abc import Callable
from typing import Any

from .payload import TaskPayload
from .registry import KindTable

Upcast = Callable[[Any], Any]
"""A payload of the older struct to one of the newer."""


def find_upcast(kinds: KindTable, older: type[TaskPayload], newer: type[TaskPayload]) -> Upcast | None:
    """The way from one version of a kind to a later one, by way of each between; None where a step is missing."""
    if older.kind != newer.kind or older.version >= newer.version:
        return None
    between = range(older.version + 1, newer.version + 1)
    steps = [getattr(kinds.find(older.kind, version), "from_older", None) for version in between]
    return None if None in steps else _in_turn(steps)


def _in_turn(steps: list[Any]) -> Upcast:
    def upcast(payload: Any) -> Any:
        for step in steps:
            payload = step(payload)
        return payload

    return upcast
