"""Settings: environment variables to one frozen struct, read once at start."""

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Literal, NoReturn, TypeVar, get_args, get_origin

import msgspec

EXIT_BAD_SETTINGS = 78
"""EX_CONFIG of sysexits.h: a restart does not help, a person must change something."""

_EXPECTED = {"int": "a whole number", "float": "a number", "bool": "true or false"}

S = TypeVar("S", bound=msgspec.Struct)


class SettingsError(Exception):
    """A variable is missing or wrong; the message names it."""


def load_settings(kind: type[S], environment: Mapping[str, str] | None = None, prefix: str = "WAYBILL_") -> S:
    """Fill a settings struct: field `queue_url` is read from `WAYBILL_QUEUE_URL`.

    An empty variable counts as absent. Raises `SettingsError` that names each missing variable, or the wrong one; a
    struct may refuse values that do not fit together by raising ValueError from `__post_init__`.
    """
    source = os.environ if environment is None else environment
    fields = msgspec.structs.fields(kind)
    names = {field.name: prefix + field.name.upper() for field in fields}
    values = {field: source[name] for field, name in names.items() if source.get(name)}
    missing = [names[field.name] for field in fields if field.required and field.name not in values]
    if missing:
        raise SettingsError(f"{', '.join(missing)} must be set (see .env.example)")
    try:
        return kind(**{field: _convert(kind, field, names[field], value) for field, value in values.items()})
    except ValueError as error:  # of the struct itself: numbers that do not fit together
        raise SettingsError(str(error)) from None


def _convert(kind: type[msgspec.Struct], field: str, name: str, value: str) -> Any:
    wanted = next(info.type for info in msgspec.structs.fields(kind) if info.name == field)
    try:
        return msgspec.convert(value, wanted, strict=False)
    except msgspec.ValidationError as error:
        shown = "" if "PASSWORD" in name or "SECRET" in name or "DATABASE" in name else f" (it is {value!r})"
        raise SettingsError(f"{name}: {_rule(wanted, str(error))}{shown}") from None


def _rule(wanted: Any, complaint: str) -> str:
    """msgspec's complaint in the words of an environment, where everything is text."""
    if get_origin(wanted) is Literal:
        return f"must be one of {', '.join(map(str, get_args(wanted)))}"
    for expected, words in _EXPECTED.items():
        if complaint.startswith(f"Expected `{expected}`, got"):
            return f"must be {words}"
    return complaint


def load_settings_or_exit(kind: type[S], *checks: Callable[[], object]) -> S:
    """`load_settings` for an entry point: on bad settings one line on stderr and exit code 78.

    `checks` are whatever else must be in the environment; each raises `SettingsError` if it is not.
    """
    try:
        settings = load_settings(kind)
        for check in checks:
            check()
    except SettingsError as error:
        exit_with(f"bad settings: {error}")
    return settings


def exit_with(line: str, code: int = EXIT_BAD_SETTINGS) -> NoReturn:
    """End the process with one line for the operator, without a stack trace."""
    sys.stderr.write(" ".join(line.split()) + "\n")
    raise SystemExit(code)
