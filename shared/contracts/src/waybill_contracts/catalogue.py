"""Every contract between the services by name, and its two views: what a writer promises, what a reader needs.

Writers are closed and readers are open: a writer emits these fields and no others, a reader accepts at least these.
Views are JSON Schema (2020-12) as msgspec makes it; `digest` names one, whatever its wording.
"""

import hashlib
import inspect
from collections.abc import Iterator
from typing import Any, Literal, cast

import msgspec

from .kinds import KINDS
from .message import TaskRequested
from .registry import KindTable
from .stored import TaskError

Schema = dict[str, Any]
Service = Literal["api", "processor"]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_WORDING = frozenset({"$schema", "title", "description", "examples"})


class Contract(msgspec.Struct, frozen=True):
    """One kind of document that crosses the border: who writes it, who reads it, and the struct of both."""

    name: str
    """`task.requested.v1`, `payload.<kind>.v<n>`, `result.<kind>.v<n>`, `error.v1`: for ever."""
    struct: type[msgspec.Struct]
    writers: frozenset[Service]
    readers: frozenset[Service]

    def writer(self) -> Schema:
        """What a writer promises: closed, with every field required that is always written."""
        return writer_schema(self.struct)

    def reader(self) -> Schema:
        """What a reader needs: open, with defaults for what may be missing."""
        return reader_schema(self.struct)


def catalogue(kinds: KindTable = KINDS) -> dict[str, Contract]:
    """All contracts of this build, by name."""
    api: frozenset[Service] = frozenset({"api"})
    processor: frozenset[Service] = frozenset({"processor"})
    found = [Contract("task.requested.v1", TaskRequested, api, processor)]
    for payload in kinds:
        suffix = f"{payload.kind}.v{payload.version}"
        found.append(Contract(f"payload.{suffix}", payload, api, processor))
        found.append(Contract(f"result.{suffix}", payload.result, processor, api))
    # The relay reaps, and writes the error of a lost lease: it belongs to the API.
    found.append(Contract("error.v1", TaskError, api | processor, api))
    return {contract.name: contract for contract in found}


def reader_schema(struct: type[msgspec.Struct]) -> Schema:
    """The open view of a struct."""
    return {"$schema": DRAFT, **_schema(struct)}


def writer_schema(struct: type[msgspec.Struct]) -> Schema:
    """The closed view of a struct: no other field, and required is what its encoder never leaves out."""
    schema = _schema(struct)
    for name, inner in _structs(struct):
        view = schema["$defs"][name]
        if inner.__struct_config__.array_like:
            view["minItems"] = view["maxItems"] = len(view["prefixItems"])  # its encoder leaves out no position
            continue
        view["additionalProperties"] = False
        tag = inner.__struct_config__.tag_field
        view["required"] = [tag] * (tag is not None) + [
            field.encode_name for field in msgspec.structs.fields(inner) if _is_always_written(inner, field)
        ]
    return {"$schema": DRAFT, **schema}


def digest(schema: Schema) -> str:
    """A name for what a schema allows, `sha256:` and 64 hexadecimal digits; its wording does not count."""
    return "sha256:" + hashlib.sha256(msgspec.json.encode(_bare(schema), order="sorted")).hexdigest()


def _schema(struct: type[msgspec.Struct]) -> Schema:
    schema = msgspec.json.schema(struct)
    for view in schema["$defs"].values():
        if "description" in view:
            view["description"] = inspect.cleandoc(view["description"])
    return schema


def _structs(struct: type[msgspec.Struct]) -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """The struct and all that its fields are made of, each once, under the names that the schema gives them."""
    waiting: list[Any] = [struct]
    seen: set[Any] = set()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        yield one.__name__, one
        info: Any = msgspec.inspect.type_info(one)
        waiting += [inner.cls for field in info.fields for inner in _inside(field.type)]


def _inside(kind: Any) -> Iterator[Any]:
    if isinstance(kind, msgspec.inspect.StructType):
        yield kind
        return
    for attribute in ("types", "item_types"):
        for inner in getattr(kind, attribute, ()):
            yield from _inside(inner)
    for attribute in ("item_type", "key_type", "value_type", "type"):
        if isinstance(inner := getattr(kind, attribute, None), msgspec.inspect.Type):
            yield from _inside(inner)


def _is_always_written(struct: type[msgspec.Struct], field: msgspec.structs.FieldInfo) -> bool:
    if field.required:
        return True
    return field.default is not msgspec.UNSET and not struct.__struct_config__.omit_defaults


def _bare(schema: Any) -> Any:
    """Without wording. A property may be called `title`: only keywords of a schema are dropped, no names."""
    if isinstance(schema, list):
        return [_bare(each) for each in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    kept: Schema = {}
    for key, value in cast("Schema", schema).items():
        if key in ("properties", "$defs"):
            kept[key] = {name: _bare(inner) for name, inner in value.items()}
        elif key == "required":
            kept[key] = sorted(value)
        elif key not in _WORDING:
            kept[key] = value if key in ("default", "const", "enum") else _bare(value)
    return kept
