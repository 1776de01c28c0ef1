"""Regular expressions as every JSON Schema validator reads them, made of those that Python reads.

JSON Schema means ECMA-262 by `pattern` and warns of all but its plain parts: look-aheads are unknown to RE2 and to
Rust, and `\\s` is a different set of characters in each engine. What is published says the same by plain parts; only
what a look-ahead at the start refuses no plain part can say, and the field's description has to.
"""

import re
from typing import Any, cast

_END = "(?!\\n)$"
"""In Python `$` alone would let a newline at the end pass; in ECMA-262 it means the end."""
_REFUSED_AT_START = re.compile(r"\A\^\(\?!.+?\$\)")
_BLANK = "\\u0009-\\u000d\\u001c-\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"
"""What `\\s` is in Python."""
_NUL = "\\u0000"
"""Refused in every string of a body, whatever its pattern."""


def publish_patterns(schema: Any) -> Any:
    """A schema with each pattern in it as outside validators read it; all else as it was."""
    if isinstance(schema, dict):
        members = cast("dict[str, Any]", schema)
        return {
            name: portable(value) if name == "pattern" and isinstance(value, str) else publish_patterns(value)
            for name, value in members.items()
        }
    if isinstance(schema, list):
        return [publish_patterns(each) for each in cast("list[Any]", schema)]
    return schema


def portable(pattern: str) -> str:
    """The same set of texts, NUL left out, without look-ahead, `\\s` and `\\S`. Expects `\\s` in `[^…]` only.

    Whole texts that a look-ahead at the start refuses, `^(?!…$)`, are let through.
    """
    pattern = _REFUSED_AT_START.sub("^", pattern)
    if pattern.endswith(_END):
        pattern = pattern.removesuffix(_END) + "$"
    return pattern.replace("\\s", _NUL + _BLANK).replace("\\S", f"[^{_NUL}{_BLANK}]")
