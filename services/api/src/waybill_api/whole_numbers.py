"""`1.0` where an integer belongs: JSON Schema calls it one, msgspec does not."""

from typing import Any, cast

from msgspec import inspect

_EXACT = 2**53
"""Up to here every integer is a float of its own."""


def with_whole_numbers(document: Any, wanted: type) -> Any:
    """A JSON document with integers for floats without a fraction, wherever `wanted` asks for integers."""
    return _whole(document, inspect.type_info(wanted))


def _whole(value: Any, kind: inspect.Type) -> Any:
    match kind:
        case inspect.IntType() if isinstance(value, float):
            return int(value) if value.is_integer() and abs(value) <= _EXACT else value
        case inspect.StructType() if isinstance(value, dict):
            types = {field.encode_name: field.type for field in kind.fields}
            given = cast("dict[str, Any]", value)
            return {name: _whole(one, types[name]) if name in types else one for name, one in given.items()}
        case inspect.DictType() if isinstance(value, dict):
            return {name: _whole(one, kind.value_type) for name, one in cast("dict[str, Any]", value).items()}
        case inspect.ListType() if isinstance(value, list):
            return [_whole(one, kind.item_type) for one in cast("list[Any]", value)]
        case inspect.UnionType() if not any(isinstance(one, inspect.FloatType | inspect.AnyType) for one in kind.types):
            for one in kind.types:
                value = _whole(value, one)
            return value
        case inspect.Metadata():
            return _whole(value, kind.type)
        case _:
            return value
