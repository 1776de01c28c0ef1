"""The handler table: which function works which kind, by what policy."""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct
from waybill_contracts import KindTable, TaskPayload, find_upcast

from .context import TaskContext
from .policy import RetryPolicy


class HandlerTableError(TypeError):
    """The table does not fit the contracts; the message names the kind. The processor does not start."""


class Handler(Struct, frozen=True):
    """One line of the table. `payload` and `function` fit one another; a `def` function runs in a thread."""

    payload: type[TaskPayload]
    function: Callable[[Any, TaskContext], Any]
    is_async: bool
    policy: RetryPolicy


def handle(function: Callable[[Any, TaskContext], Awaitable[Any] | Any], policy: RetryPolicy | None = None) -> Handler:
    """A table line for a function; its kind is read from the annotation of its first parameter.

    Raises `HandlerTableError` if that is no payload struct, if it does not return that kind's result, or if it cannot
    be called with payload and context.
    """
    hints = get_type_hints(function)
    signature = inspect.signature(function)
    payload, result = hints.get(next(iter(signature.parameters), "")), hints.get("return")
    name = function.__qualname__
    if not (isinstance(payload, type) and issubclass(payload, TaskPayload)):
        raise HandlerTableError(f"{name}: annotate its first parameter with the payload struct of a kind")
    if result is not payload.result:
        raise HandlerTableError(f"{name}: {payload.kind} returns {payload.result.__name__}, annotate it so")
    try:
        signature.bind(payload, TaskContext)
    except TypeError:
        raise HandlerTableError(f"{name}: it is called with two arguments, (payload, task)") from None
    return Handler(payload, function, inspect.iscoroutinefunction(function), policy or RetryPolicy())


class HandlerTable:
    """Handlers by (kind, payload version), complete for the contracts' kinds. Raises `HandlerTableError`.

    A version without a line of its own is worked by the next one that has one, through the contracts' upcasts.
    """

    def __init__(self, kinds: KindTable, *handlers: Handler) -> None:
        self._by_key: dict[tuple[str, int], Handler] = {}
        for handler in handlers:
            key = (handler.payload.kind, handler.payload.version)
            if kinds.find(*key) is not handler.payload:
                raise HandlerTableError(f"{handler.function.__qualname__}: {key[0]} version {key[1]} is not in KINDS")
            if self._by_key.setdefault(key, handler) is not handler:
                raise HandlerTableError(f"{key[0]} version {key[1]} has two handlers")
        for payload in kinds:
            if (payload.kind, payload.version) not in self._by_key:
                self._by_key[payload.kind, payload.version] = _for_older(payload, kinds, handlers)

    def find(self, kind: str, version: int) -> Handler:
        """The handler of a kind and version that this table holds. Raises KeyError."""
        return self._by_key[kind, version]

    def __iter__(self) -> Iterator[Handler]:
        return iter(self._by_key.values())


def _for_older(payload: type[TaskPayload], kinds: KindTable, handlers: Sequence[Handler]) -> Handler:
    """The line that works a version by the handler of a newer one."""
    named = f"{payload.kind} version {payload.version}"
    newer = [each for each in handlers if each.payload.kind == payload.kind and each.payload.version > payload.version]
    if not newer:
        raise HandlerTableError(f"{named} has no handler")
    handler = min(newer, key=lambda each: each.payload.version)
    upcast = find_upcast(kinds, payload, handler.payload)
    if upcast is None:
        raise HandlerTableError(
            f"{named} has no handler, and no `from_older` leads to version {handler.payload.version}"
        )
    if handler.payload.result is not payload.result:
        worked = f"{handler.function.__qualname__}, which returns {handler.payload.result.__name__}"
        raise HandlerTableError(f"{named} promises {payload.result.__name__}, but would be worked by {worked}")

    def work(older: Any, task: TaskContext) -> Any:
        return handler.function(upcast(older), task)

    return msgspec.structs.replace(handler, payload=payload, function=work)
