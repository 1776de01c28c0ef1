"""How a kind is declared: one payload struct that names its kind, its version and its result.

    class ProcessNote(TaskPayload, kind="note.process", version=1, result=NoteProcessed): ...

Structs are open readers: a field they do not know is ignored. The API, as the writer, refuses such a
field (see `unknown_fields`), so what is stored is always closed.
"""

import re
from typing import Any, ClassVar, cast

import msgspec

from .message import KIND_MAX_LENGTH, KIND_PATTERN


class TaskResult(msgspec.Struct):
    """Base of what a handler returns; stored as JSON on the task and shown to clients."""


class _PayloadMeta(msgspec.StructMeta):
    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        kind: str | None = None,
        version: int = 1,
        result: Any = None,
        **struct_options: Any,
    ) -> type:
        made: Any = super().__new__(mcls, name, bases, namespace, **struct_options)
        if kind is not None:
            if not re.match(KIND_PATTERN, kind) or len(kind) > KIND_MAX_LENGTH:
                raise TypeError(f"{name}: kind {kind!r} must read noun.verb, in at most {KIND_MAX_LENGTH} characters")
            if not (isinstance(result, type) and issubclass(result, TaskResult)):
                raise TypeError(f"{name}: say what its handler returns, result=…, a subclass of TaskResult")
            made.kind, made.version, made.result = kind, version, result
        return made


class TaskPayload(msgspec.Struct, metaclass=_PayloadMeta):
    """Base of the typed input of a task, one subclass for each (kind, version). Raises TypeError for a bad kind."""

    kind: ClassVar[str]
    version: ClassVar[int]
    result: ClassVar[type[TaskResult]]


def unknown_fields(document: Any, read: Any, path: str = "$") -> list[str]:
    """The paths in a JSON document that a struct did not read; `read` is the struct as builtins again.

    Structs that are compared must not omit defaults, or their absent fields would look unknown.
    """
    if isinstance(document, dict) and isinstance(read, dict):
        seen = cast("dict[str, Any]", read)
        found: list[str] = []
        for key, value in cast("dict[str, Any]", document).items():
            here = f"{path}.{key}"
            found += unknown_fields(value, seen[key], here) if key in seen else [here]
        return found
    if isinstance(document, list) and isinstance(read, list):
        pairs = zip(cast("list[Any]", document), cast("list[Any]", read), strict=True)
        return [field for i, (value, seen) in enumerate(pairs) for field in unknown_fields(value, seen, f"{path}[{i}]")]
    return []
