"""Settings of the local stack: variables of the environment, then those of the checkout's `.env`."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from waybill_dev.checkout import checkout_folder
from waybill_dev.errors import BAD_SETTINGS, StackError

API_PORT = 8000
AWS_PORT = 4566
_EXAMPLE = re.compile(r"^#?([A-Z_]+)=", re.MULTILINE)


@dataclass(frozen=True)
class StackSettings:
    """What moves a stack: its ports, its home folder, and the variables that its services are given."""

    checkout: Path
    home: Path
    api_port: int
    aws_port: int
    postgres_port: int | None
    environment: Mapping[str, str]


def load_settings(environment: Mapping[str, str] | None = None) -> StackSettings:
    """Settings of the checkout we stand in; the environment wins over `.env`. Raises StackError with the variable."""
    checkout = checkout_folder()
    given = os.environ if environment is None else environment
    merged = {**read_env_file(checkout / ".env"), **given}
    return StackSettings(
        checkout=checkout,
        home=(checkout / Path(merged.get("WAYBILL_HOME") or ".local").expanduser()).resolve(),
        api_port=_port(merged, "WAYBILL_API_PORT") or API_PORT,
        aws_port=_port(merged, "WAYBILL_AWS_PORT") or AWS_PORT,
        postgres_port=_port(merged, "WAYBILL_POSTGRES_PORT"),
        environment=merged,
    )


def read_env_file(path: Path) -> dict[str, str]:
    """Variables of a `.env` file: `NAME=value` lines, comments, quotes. Raises StackError that names a bad line."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    variables: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip().removeprefix("export ").strip()
        if text and not text.startswith("#"):
            name, equals, value = text.partition("=")
            if not equals or not name.strip().isidentifier():
                raise StackError(
                    f"{path} line {number} is not NAME=value: correct or remove it", exit_code=BAD_SETTINGS
                )
            variables[name.strip()] = _unquoted(value.strip())
    return variables


def unknown_variables(checkout: Path) -> list[str]:
    """A line for each variable of `.env` that `.env.example` does not have: such a setting has no effect."""
    try:
        known = _EXAMPLE.findall((checkout / ".env.example").read_text())
    except FileNotFoundError:
        return []
    given = [name for name in read_env_file(checkout / ".env") if name.startswith("WAYBILL_") and name not in known]
    near = {name: get_close_matches(name, known, n=1) for name in given}
    return [f".env: {name} is no setting" + "".join(f"; is it {best}?" for best in near[name]) for name in given]


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.split(" #", 1)[0].rstrip()


def _port(variables: Mapping[str, str], name: str) -> int | None:
    written = variables.get(name, "").strip()
    if not written:
        return None
    if not written.isascii() or not written.isdigit() or not 0 < int(written) < 65536:
        raise StackError(f"{name} must be a port between 1 and 65535, and it is {written!r}", exit_code=BAD_SETTINGS)
    return int(written)
