"""Golden samples: documents of a contract, made from its struct, exactly as a writer writes them.

    example     as a person would write it              minimal     without any optional field
    maximal     every field, the greatest values        lowest      every field, the least values
    unicode     every field, text of many scripts
    only-<field>                each optional field alone
    <field>-<value>             each value of an enum, each branch of a union, each further example of a field

The same struct makes the same samples.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import inspect
from waybill_contracts import TaskRequested, encode, task_requested
from waybill_contracts.catalogue import Contract
from waybill_contracts.example import NoExample, example

from tools.contracts.values import NoSample, Wish, options, unwrapped, value

__all__ = ["NoSample", "golden_samples", "message"]

ALWAYS = frozenset({"example", "minimal", "maximal"})
DEEPEST = 8
"""Structs inside structs: a struct inside itself ends here."""


@dataclass(frozen=True)
class Recipe:
    """Which document of many: its values, the optional fields it has (None: all), and the options it takes."""

    wish: Wish = Wish.EVERYDAY
    optional: frozenset[str] | None = frozenset()
    picks: Mapping[str, int] = field(default_factory=dict[str, int])

    def has(self, path: str) -> bool:
        """Whether the optional field at `path` is present."""
        wanted = {*(self.optional or ()), *self.picks}
        return self.optional is None or any(one == path or one.startswith(f"{path}.") for one in wanted)


def golden_samples(contract: Contract) -> dict[str, bytes]:
    """Every golden sample of a contract by name. Raises NoSample, which names the field and says what to do."""
    kind = inspect.type_info(contract.struct)
    try:
        made = {name: _build(kind, "", recipe) for name, recipe in _recipes(kind).items()}
        made["example"] = example(contract.struct)
    except (LookupError, NoExample) as error:
        raise NoSample(f"{contract.name}: {error}") from error
    written = {name: _written(contract, name, document) for name, document in made.items()}
    # Where little is optional, much comes out alike: the first name stays.
    seen: dict[bytes, str] = {}
    return {name: one for name, one in written.items() if seen.setdefault(one, name) == name or name in ALWAYS}


def message(asked: TaskRequested) -> TaskRequested:
    """The message as the relay makes it: what follows from other fields, such as `subject`, does so here too."""
    data = asked.data
    trace = asked.traceparent if isinstance(asked.traceparent, str) else None
    made = task_requested(data.task_id, data.kind, data.payload_version, data.dispatch, asked.time, trace)
    derived = {name: getattr(made, name) for name in ("specversion", "id", "source", "subject", "type", "time")}
    return msgspec.structs.replace(asked, **derived)


def _recipes(kind: inspect.Type) -> dict[str, Recipe]:
    found = {
        "minimal": Recipe(),
        "maximal": Recipe(Wish.MOST, None),
        "lowest": Recipe(Wish.LEAST, None),
        "unicode": Recipe(Wish.UNICODE, None),
    }
    for path, optional, choices in _points(kind, "", 0):
        if optional:
            found[f"only-{_slug(path)}"] = Recipe(optional=frozenset({path}))
        for index, choice in enumerate(choices if len(choices) > 1 else ()):
            found[f"{_slug(path)}-{_slug(_shown(choice)) or index}"] = Recipe(picks={path: index})
    return found


def _points(kind: inspect.Type, path: str, depth: int) -> Iterator[tuple[str, bool, list[Any]]]:
    """Where documents differ: (path, whether the field is optional, its options), for each field at any depth."""
    kind, _ = unwrapped(kind)
    if isinstance(kind, inspect.UnionType):
        for branch in kind.types:
            yield from _points(branch, path, depth)
    if not isinstance(kind, inspect.StructType) or depth >= DEEPEST:
        return
    for one in kind.fields:
        below = f"{path}.{one.encode_name}".lstrip(".")
        yield below, not one.required, options(*unwrapped(one.type))
        yield from _points(one.type, below, depth + 1)


def _build(kind: inspect.Type, path: str, recipe: Recipe, depth: int = 0) -> Any:
    kind, examples = unwrapped(kind)
    match kind:
        case inspect.StructType():
            return _object(kind, path, recipe, depth)
        case inspect.UnionType() if examples and recipe.wish is Wish.EVERYDAY and path not in recipe.picks:
            return examples[0]
        case inspect.UnionType() | inspect.EnumType() | inspect.LiteralType():
            return _chosen(kind, path, recipe, depth)
        case inspect.ListType() | inspect.VarTupleType():
            least, most = kind.min_length or 0, kind.max_length or 3
            count = {Wish.LEAST: least, Wish.MOST: most}.get(recipe.wish, max(least, min(1, most)))
            return [_build(kind.item_type, path, recipe, depth + 1) for _ in range(count if depth < DEEPEST else least)]
        case inspect.DictType():
            if recipe.wish is Wish.LEAST and not kind.min_length:
                return {}
            if examples and recipe.wish in (Wish.EVERYDAY, Wish.MOST):
                return examples[recipe.picks.get(path, 0)]
            return {_build(kind.key_type, path, recipe, depth): _build(kind.value_type, path, recipe, depth + 1)}
        case _:
            return _simple(kind, path, recipe, examples)


def _simple(kind: inspect.Type, path: str, recipe: Recipe, examples: list[Any]) -> Any:
    if path in recipe.picks:
        return options(kind, examples)[recipe.picks[path]]
    try:
        return value(kind, recipe.wish, examples)
    except LookupError as error:
        raise LookupError(f"$.{path} {error}") from error


def _object(kind: inspect.StructType, path: str, recipe: Recipe, depth: int) -> dict[str, Any]:
    document: dict[str, Any] = {} if kind.tag_field is None else {kind.tag_field: kind.tag}
    for one in kind.fields:
        below = f"{path}.{one.encode_name}".lstrip(".")
        if one.required or (recipe.has(below) and depth < DEEPEST):
            document[one.encode_name] = _build(one.type, below, recipe, depth + 1)
    return document


def _chosen(kind: inspect.Type, path: str, recipe: Recipe, depth: int) -> Any:
    choices = options(kind, [])
    usual = [index for index, choice in enumerate(choices) if not isinstance(choice, inspect.NoneType)]
    index = recipe.picks.get(path, usual[-1] if recipe.wish is Wish.MOST else usual[0])
    if recipe.wish is Wish.LEAST and len(usual) < len(choices):
        return None
    choice = choices[index]
    if not isinstance(choice, inspect.Type):
        return choice
    inner = Recipe(recipe.wish, recipe.optional, {at: pick for at, pick in recipe.picks.items() if at != path})
    return _build(choice, path, inner, depth)


def _written(contract: Contract, name: str, document: Any) -> bytes:
    try:
        read = msgspec.json.decode(msgspec.json.encode(document), type=contract.struct)
    except msgspec.ValidationError as error:
        remedy = "give the field `examples` in its Meta, or teach tools/contracts/values.py"
        raise NoSample(f"{contract.name}: its struct refuses the sample `{name}`: {error}; {remedy}") from error
    if not isinstance(read, TaskRequested):
        return msgspec.json.encode(read)
    try:
        return encode(message(read))
    except (AttributeError, TypeError) as error:
        remedy = "let `message` in tools/contracts/samples.py follow the builder"
        raise NoSample(f"{contract.name}: its builder and its struct have parted: {error}; {remedy}") from error


def _shown(choice: Any) -> str:
    return type(choice).__name__.removesuffix("Type") if isinstance(choice, inspect.Type) else str(choice)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
