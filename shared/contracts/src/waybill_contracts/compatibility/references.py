"""References inside one document: `#/$defs/TaskRequested`, `#/components/schemas/TaskView`."""

from typing import Any, cast

from .verdicts import Schema, UnknownKeyword

ANYTHING: Schema = {}
NOTHING: Schema = {"enum": []}


def resolved(schema: Any, document: Schema) -> Schema:
    """The schema itself, after all references; `true` and `false` come back as schemas too. Raises UnknownKeyword."""
    followed: set[str] = set()
    while True:
        if isinstance(schema, bool):
            return ANYTHING if schema else NOTHING
        if "$ref" not in schema:
            return schema
        reference: str = schema["$ref"]
        if reference in followed:
            raise UnknownKeyword(reference, "a reference that leads to itself")
        followed.add(reference)
        schema = pointed(reference, document)


def pointed(reference: str, document: Schema) -> Any:
    """What a reference names in its document. Raises UnknownKeyword for one that leads nowhere, or elsewhere."""
    if not reference.startswith("#"):
        raise UnknownKeyword(reference, "a reference to another document")
    found: Any = document
    for part in reference.removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or name not in found:
            raise UnknownKeyword(reference, "what this reference names")
        found = cast("Schema", found)[name]
    return found
