"""What the checkout knows: the candidate's manifest, which pairs were verified, what its revisions need."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from waybill_dev.can_i_deploy.facts import Manifest, Pair, Schema
from waybill_dev.errors import StackError

USAGE = 2
_VERSIONS = "migrations/src/waybill_migrations/versions"
_SECONDS = 60

Needs = tuple[tuple[str, str, str], ...]


def working_tree(checkout: Path, service: str) -> Manifest:
    """The manifest of the service as it stands here. Raises StackError when its code does not load."""
    command = [sys.executable, "-m", f"waybill_{service}.manifest"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip() or "it said nothing").splitlines()[-1]
        raise StackError(f"the {service} of this checkout does not say what it writes and reads: {last}")
    return Manifest.of(json.loads(done.stdout))


def released(checkout: Path, service: str, version: str) -> Manifest:
    """The manifest of a kept release. Raises StackError, with those that there are, for an unknown version."""
    folder = checkout / "services" / service / "released"
    found = {path.parent.name: path for path in sorted(folder.glob("*/manifest.json"))}
    if version not in found:
        there = f"there are: {', '.join(found)}" if found else "none is released yet"
        raise StackError(f"no {service} {version} is kept in {folder}; {there}", exit_code=USAGE)
    return Manifest.of(_read(found[version], f"git checkout -- {found[version]}"))


def verified_pairs(checkout: Path) -> set[Pair]:
    """What any release of the contracts was tested for, and what the last green test-contracts did."""
    files = [*(checkout / "shared/contracts/released").glob("*/manifest.json")]
    pairs = [pair for file in files for pair in _read(file, f"git checkout -- {file}").get("verified", [])]
    today = checkout / ".tools" / "verified.json"
    if today.is_file():
        pairs += _read(today, "./justw test-contracts")
    return {(contract, writer, reader) for contract, writer, reader in pairs}


def _read(path: Path, remedy: str) -> Any:
    try:
        return json.loads(path.read_bytes())
    except ValueError:
        raise StackError(f"{path} is damaged: make it anew with '{remedy}'") from None


def schema_at(checkout: Path, revision: str | None) -> Schema:
    """The schema at a revision, with what the contract revisions up to it need."""
    applied = revision or ""
    return Schema(revision, tuple(need for need in _needs(checkout) if need[0] <= applied))


def needs_after(checkout: Path, revision: str | None) -> Needs:
    """(revision, service, oldest version) that the contract revisions still to come need."""
    return tuple(need for need in _needs(checkout) if need[0] > (revision or ""))


def _needs(checkout: Path) -> Needs:
    """Of every revision module that says `needs = {"api": "0.2.0"}`, read without importing it."""
    found: list[tuple[str, str, str]] = []
    for path in sorted((checkout / _VERSIONS).glob("[0-9]*.py")):
        values = _constants(path)
        found += [(values["revision"], service, oldest) for service, oldest in values.get("needs", {}).items()]
    return tuple(found)


def _constants(path: Path) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for statement in ast.parse(path.read_text()).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=("revision" | "needs") as name)]):
                named[name] = ast.literal_eval(statement.value)
            case _:
                pass
    return named
