"""Whether what one version writes is taken, and meant the same, by what another version reads.

The one question is: is every document that the closed writer may write accepted by the open reader? `breaks` asks it
of two schemas. Rules, by the ids that a break names:

- R2: a field may be added only if the reader can do without it.
- R3: a field is never removed, renamed or retyped, and a name with a tombstone never returns.
- R4: a default is never changed.
- R5: what a writer sends grows only where every reader takes it.
- R7: a reader never gets stricter.
"""

from .http import http_breaks
from .levels import ContractBreak, Judgement, Level, Tombstones, View, judge, level
from .names import field_paths, removal_breaks, tombstone_breaks
from .schemas import breaks
from .verdicts import Break, Newer, UnknownKeyword

__all__ = [
    "Break",
    "ContractBreak",
    "Judgement",
    "Level",
    "Newer",
    "Tombstones",
    "UnknownKeyword",
    "View",
    "breaks",
    "field_paths",
    "http_breaks",
    "judge",
    "level",
    "removal_breaks",
    "tombstone_breaks",
]
