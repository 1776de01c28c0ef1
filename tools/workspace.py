"""What the workspace consists of, read from the pyproject files."""

import json
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class WorkspaceError(Exception):
    """A command of these tools cannot go on; the message is one line that says what to do."""


@dataclass(frozen=True)
class Package:
    """A member of the workspace; `folder` is relative to the root, as in `services/api`."""

    folder: str
    pyproject: dict[str, Any]

    @property
    def name(self) -> str:
        """The distribution's name, as in `waybill-api`."""
        return self.pyproject["project"]["name"]

    @property
    def short_name(self) -> str:
        """The last part of its folder, as in `api`."""
        return Path(self.folder).name

    @property
    def module(self) -> str:
        """The name to import, as in `waybill_api`."""
        return self.name.replace("-", "_")

    @property
    def dependencies(self) -> list[str]:
        """The requirements that the package declares, siblings included."""
        return self.pyproject["project"].get("dependencies", [])

    @property
    def extras(self) -> dict[str, list[str]]:
        """The optional requirements, by the name of their extra."""
        return self.pyproject["project"].get("optional-dependencies", {})

    @property
    def lock(self) -> Path:
        """What the package needs to run, with all its extras."""
        return ROOT / self.folder / "requirements.lock"

    @property
    def lambda_lock(self) -> Path | None:
        """What it needs inside a Lambda zip, without any extra; None for a package that is no function."""
        name = self.pyproject.get("tool", {}).get("waybill", {}).get("lambda-lock")
        return ROOT / self.folder / name if name else None

    @property
    def test_lock(self) -> Path:
        """What its tests need on top of `lock`."""
        return ROOT / self.folder / "requirements-test.lock"

    @property
    def tool_locks(self) -> dict[str, str]:
        """Locks of tools that the package installs by itself: dependency group to file, below its folder."""
        return self.pyproject.get("tool", {}).get("waybill", {}).get("locks", {})


def read_pyproject(folder: Path) -> dict[str, Any]:
    """The parsed pyproject.toml of `folder`."""
    return tomllib.loads((folder / "pyproject.toml").read_text())


@cache
def packages() -> tuple[Package, ...]:
    """All members, in the order of their folders."""
    members = read_pyproject(ROOT)["tool"]["uv"]["workspace"]["members"]
    folders = sorted(path.parent for member in members for path in ROOT.glob(f"{member}/pyproject.toml"))
    return tuple(Package(folder.relative_to(ROOT).as_posix(), read_pyproject(folder)) for folder in folders)


def package_in(folder: str) -> Package:
    """The member whose folder is `folder`, in full or its last part; raises WorkspaceError that lists the members."""
    wanted = folder.rstrip("/").removeprefix("./")
    for package in packages():
        if wanted in (package.folder, package.name, package.short_name):
            return package
    known = ", ".join(package.folder for package in packages())
    raise WorkspaceError(f"{folder!r} is no package of the workspace; choose one of {known}")


def siblings(package: Package) -> list[Package]:
    """The members that `package` depends on, directly or through another member, extras included."""
    by_name = {member.name: member for member in packages()}
    found: dict[str, Package] = {}
    waiting = [package]
    while waiting:
        member = waiting.pop()
        for requirement in [*member.dependencies, *chain(*member.extras.values())]:
            name = requirement_name(requirement)
            if name in by_name and name not in found:
                found[name] = by_name[name]
                waiting.append(by_name[name])
    return sorted(found.values(), key=lambda member: member.folder)


def requirement_name(requirement: str) -> str:
    """The normalised name that a requirement begins with: `SQLAlchemy[asyncio]>=2` is `sqlalchemy`."""
    match = re.match(r"\s*([A-Za-z0-9._-]+)", requirement)
    if match is None:
        raise WorkspaceError(f"a pyproject.toml lists a dependency without a name: {requirement!r}")
    return re.sub(r"[-_.]+", "-", match.group(1)).lower()


def canonical(value: object) -> bytes:
    """The same bytes for equal JSON values, whatever the order of their keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
