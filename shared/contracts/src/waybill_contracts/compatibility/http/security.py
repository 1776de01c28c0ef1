"""Who is let in: an old client must still be, and nobody with less than was asked for."""

from collections.abc import Iterator, Mapping

from ..verdicts import Break, Schema
from .operations import Operation

_Way = frozenset[tuple[str, str]]
"""What one way in asks for: schemes, each with each of its scopes (or with none)."""


def security_breaks(old: Operation, new: Operation) -> Iterator[Break]:
    """Ways in that ask for less than any of the old, and old ways in that are closed."""
    before, after = [_way(each) for each in old.security], [_way(each) for each in new.security]
    start = f"{old.name} security"
    for way in after:
        if any(way < one for one in before) and not any(way >= one for one in before):
            detail = f"the new API lets in {_words(way)}; the old one asked for {' or '.join(map(_words, before))}"
            yield Break("R3", start, detail)
    for way in before:
        if not any(way >= one for one in after):
            detail = f"the old client comes with {_words(way)}; the new API asks for {' or '.join(map(_words, after))}"
            yield Break("R2", start, detail)


def scheme_breaks(old: Schema, new: Schema) -> Iterator[Break]:
    """What a scheme's name stands for stays: where the key travels, and of what type it is."""
    after = _schemes(new)
    for name, scheme in _schemes(old).items():
        if name in after and scheme != after[name]:
            yield Break(
                "R3", f"security scheme {name}", f"the old client sends {scheme}; the new API takes {after[name]}"
            )


def _schemes(document: Schema) -> dict[str, Schema]:
    found: dict[str, Schema] = document.get("components", {}).get("securitySchemes", {})
    return {
        name: {key: value for key, value in scheme.items() if key not in ("description", "bearerFormat")}
        for name, scheme in found.items()
    }


def _way(requirement: Mapping[str, list[str]]) -> _Way:
    schemes = {(scheme, "") for scheme in requirement}
    return frozenset(schemes | {(scheme, scope) for scheme, scopes in requirement.items() for scope in scopes})


def _words(way: _Way) -> str:
    return " and ".join(sorted(f"{scheme} {scope}".strip() for scheme, scope in way)) or "nothing"
