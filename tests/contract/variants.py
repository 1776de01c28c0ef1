"""The same JSON document, written in another way: what every reader must take for the same."""

import json
import re
from functools import cache
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.contract.strategies import any_json, characters

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')
_SPACES = ("", " ", "\n", "\t", "\r\n", "    ")


def shuffled(document: Any, random: Random) -> Any:
    """The same with the fields of every object in another order."""
    if isinstance(document, dict):
        fields = list(document.items())
        random.shuffle(fields)
        return {name: shuffled(inner, random) for name, inner in fields}
    return [shuffled(inner, random) for inner in document] if isinstance(document, list) else document


def spaced(text: str, random: Random) -> str:
    """The same JSON text with white space between its tokens."""
    return "".join(random.choice(_SPACES) + token for token in _TOKENS.findall(text)) + random.choice(_SPACES)


def escaped(document: Any, random: Random) -> str:
    """The document as JSON text in which some characters of strings, names included, are written as escapes."""

    def one(character: str) -> str:
        if character in '"\\' or character < " " or random.random() < 0.3:
            units = character.encode("utf-16-be")
            return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
        return character

    def in_string(token: re.Match[str]) -> str:
        if not token[0].startswith('"'):
            return token[0]
        return '"' + "".join(map(one, json.loads(token[0]))) + '"'

    return _TOKENS.sub(in_string, json.dumps(document, ensure_ascii=False))


@st.composite
def with_unknown_fields(
    draw: st.DrawFn, document: Any, known: frozenset[str], maps: frozenset[str] = frozenset()
) -> Any:
    """The same with fields of any name and value added to objects at every level, but none that is `known`.

    What stands in fields called as in `maps` is left alone: a name more is a member more there, no unknown field.
    """

    def grown(part: Any) -> Any:
        if isinstance(part, list):
            return [grown(inner) for inner in part]
        if not isinstance(part, dict):
            return part
        fields = {name: inner if name in maps else grown(inner) for name, inner in part.items()}
        return {**draw(_fields_but(known)), **fields}

    return grown(document)


@cache
def _fields_but(known: frozenset[str]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.text(characters, max_size=12).filter(lambda name: name not in known)
    return st.dictionaries(names, any_json, max_size=2)


def known_names(schema: dict[str, Any]) -> frozenset[str]:
    """Every field that a schema names, at any level."""
    found = {name for view in [schema, *schema.get("$defs", {}).values()] for name in view.get("properties", {})}
    return frozenset(found)


def map_names(schema: dict[str, Any]) -> frozenset[str]:
    """Every field, at any level, that holds an object with members of any name."""
    fields = [field for view in schema.get("$defs", {}).values() for field in view.get("properties", {}).items()]
    return frozenset(name for name, field in fields if isinstance(field.get("additionalProperties"), dict))


def places(document: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a document, but of the document itself."""
    members = document.items() if isinstance(document, dict) else enumerate(document) if _is_list(document) else ()
    return [path for key, inner in members for path in [(*above, key), *places(inner, (*above, key))]]


def at(document: Any, path: tuple[Any, ...]) -> Any:
    """The value at a path."""
    return at(document[path[0]], path[1:]) if path else document


def set_at(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of the document with another value at a path; the path of the document itself is empty."""
    if not path:
        return value
    copy = list(document) if _is_list(document) else dict(document)
    copy[path[0]] = set_at(document[path[0]], path[1:], value)
    return copy


def _is_list(document: Any) -> bool:
    return isinstance(document, list)
