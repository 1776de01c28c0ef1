"""The table of kinds: (kind, payload version) to the struct that reads it."""

from collections.abc import Iterator

import msgspec

from .payload import TaskPayload


class DuplicateKind(TypeError):
    """Two payload structs claim one (kind, version)."""

    def __init__(self, first: type[TaskPayload], second: type[TaskPayload]) -> None:
        super().__init__(f"{first.__name__} and {second.__name__} are both {first.kind} version {first.version}")


class KindTable:
    """Payload structs by (kind, version); fixed once made. Raises TypeError; `DuplicateKind` for two of a name."""

    def __init__(self, *payloads: type[TaskPayload]) -> None:
        self._by_key: dict[tuple[str, int], type[TaskPayload]] = {}
        for payload in payloads:
            _check(payload)
            first = self._by_key.setdefault((payload.kind, payload.version), payload)
            if first is not payload:
                raise DuplicateKind(first, payload)

    def find(self, kind: str, version: int) -> type[TaskPayload] | None:
        """The struct of this kind and version, or None."""
        return self._by_key.get((kind, version))

    def versions(self, kind: str) -> list[int]:
        """The versions of a kind, ascending; empty for an unknown kind."""
        return sorted(version for name, version in self._by_key if name == kind)

    def names(self) -> list[str]:
        """All kinds, sorted."""
        return sorted({name for name, _ in self._by_key})

    def __iter__(self) -> Iterator[type[TaskPayload]]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)


def _check(payload: type[TaskPayload]) -> None:
    name = payload.__name__
    if not hasattr(payload, "kind"):
        raise TypeError(f'{name}: name its kind, class {name}(TaskPayload, kind="noun.verb", …)')
    for struct in (payload, payload.result):
        try:
            msgspec.json.Decoder(struct)
        except (NameError, TypeError) as error:  # else each request and each task would meet it
            raise TypeError(f"{struct.__name__}: its fields cannot be read from JSON: {error}") from error
