"""What the checker says: a break with its rule and its place, or that it met a keyword that it does not know."""

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

Schema = dict[str, Any]
Newer = Literal["writer", "reader"]
Compare = Callable[[Any, Any, str], list["Break"]]


class Break(Struct, frozen=True):
    """Where a reader would refuse, or misread, what a writer may write."""

    rule: str
    """`R2`, `R3`, `R4`, `R5` or `R7`."""
    path: str
    """As `$.data.kind`; `[]` is any element, `[0]` the first, `*` any further name."""
    detail: str
    """One sentence that says what the writer does and what the reader does."""


class UnknownKeyword(ValueError):
    """A schema says something that the checker cannot judge; `path` tells where it stands in the schema."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"{path}: the checker does not know {what}")
        self.path = path


class Place(Struct, frozen=True):
    """Where two schemas are being compared, which of them is newer, and how to compare what lies inside."""

    path: str
    newer: Newer
    compare: Compare

    def broken(self, rule: str, detail: str, step: str = "") -> Break:
        """A break here, or one step further in; the field is named before the sentence that tells of both sides."""
        path = self.path + step
        return Break(rule, path, f"`{path.rpartition(' ')[2].rpartition('.')[2]}`: {detail}")

    def wider(self, detail: str) -> Break:
        """The writer may write more than the reader takes: R5 if the writer is newer (it grew), else R7."""
        return self.broken("R5" if self.newer == "writer" else "R7", detail)

    def inside(self, writer: Any, reader: Any, step: str) -> list[Break]:
        """The breaks one step further in."""
        return self.compare(writer, reader, self.path + step)
