"""docker-compose.yml, with its variables filled in as Compose does."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from tools.workspace import ROOT

VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
SOURCE = (ROOT / "docker-compose.yml").read_text()


def read_compose(variables: Mapping[str, str]) -> dict[str, Any]:
    """The file with values for its variables, which go into texts that have been parsed already."""
    return filled_in(yaml.safe_load(SOURCE), variables)


def filled_in(node: Any, variables: Mapping[str, str]) -> Any:
    """A part of the file; a variable without value and default is a fault of the file."""

    def value(found: re.Match[str]) -> str:
        given = variables.get(found[1]) or found[2]
        assert given is not None, f"{found[0]} has no default"
        return given

    match node:
        case str():
            return VARIABLE.sub(value, node)
        case dict():
            return {key: filled_in(inner, variables) for key, inner in node.items()}
        case list():
            return [filled_in(inner, variables) for inner in node]
        case _:
            return node


def variables_with_defaults() -> dict[str, set[str]]:
    """Each variable that the file may be given, with the defaults that it stands with."""
    found: dict[str, set[str]] = {}
    for name, default in VARIABLE.findall(SOURCE):
        found.setdefault(name, set()).add(default)
    return found


def order_of_start(services: dict[str, Any]) -> list[str]:
    """Names of the services, each after those it depends on."""
    placed: list[str] = []

    def place(name: str) -> None:
        for needed in services[name].get("depends_on", {}):
            place(needed)
        if name not in placed:
            placed.append(name)

    for name in services:
        place(name)
    return placed
