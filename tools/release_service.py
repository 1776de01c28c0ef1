"""`just release api`: keep a service as it is now, so that later versions can be tried beside it.

    python -m tools.release_service api | processor

A release is written once and never again: another one needs another version.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import msgspec
from waybill_contracts.manifest import ServiceManifest

from tools.contracts.history import HistoryTampered
from tools.environment import only_one
from tools.locks import package_lock
from tools.package_environment import ENVIRONMENTS, wheel
from tools.releases import CONTRACTS, released_contracts, released_folder, services
from tools.workspace import ROOT, Package, WorkspaceError, package_in, siblings

OPENAPI = "import json; from waybill_api.openapi import make_document; print(json.dumps(make_document()))"


def release(service: Package, into: Path, contracts: Path) -> Path:
    """Keep `service` below `into`, in a folder named by its version; its contracts must be released in `contracts`.

    Raises WorkspaceError, and leaves nothing then.
    """
    folder = into / service.pyproject["project"]["version"]
    if folder.exists():
        raise WorkspaceError(f"{shown(folder)} is there for ever: edit the version in {service.folder}/pyproject.toml")
    if package_lock(service).recorded_digest != package_lock(service).digest:
        raise WorkspaceError(f"{shown(service.lock)} does not fit its pyproject.toml: run ./justw lock")
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=into) as draft:
        content = Path(draft) / "content"
        content.mkdir()
        with only_one(ENVIRONMENTS):  # nobody else may replace the wheels meanwhile
            fill(content, service, contracts)
        shutil.copy(service.lock, content / "requirements.lock")
        content.rename(folder)
    return folder


def fill(folder: Path, service: Package, contracts: Path) -> None:
    """Wheels, manifest and documents of a release. Raises WorkspaceError if its contracts are not released."""
    built = {member.name: wheel(member) for member in [service, *siblings(service)]}
    contracts_today = built["waybill-contracts"]
    for path in built.values():
        if path != contracts_today:
            shutil.copy(path, folder)
    documents = {"manifest": told(built.values(), "-m", f"{service.module}.manifest")}
    if service.name == "waybill-api":
        documents["openapi"] = told(built.values(), "-c", OPENAPI)
    refuse_unreleased_contracts(msgspec.convert(documents["manifest"], ServiceManifest), contracts_today, contracts)
    for name, document in documents.items():
        text = json.dumps(document, indent=2, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def told(wheels: Iterable[Path], *command: str) -> object:
    """The JSON that Python prints where these wheels come before everything else. Raises WorkspaceError."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, wheels))}
    run = [sys.executable, "-P", *command]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise WorkspaceError(f"the wheels do not say what they write and read:\n{done.stderr}")
    return json.loads(done.stdout)


def refuse_unreleased_contracts(manifest: ServiceManifest, today: Path, contracts: Path) -> None:
    """What the service speaks, and the code that reads it, must be kept too. Raises WorkspaceError."""
    released = released_contracts(manifest.contracts, contracts)
    views = released.manifest.contracts
    differing = {name for name, found in manifest.writes.items() if name not in views or views[name].writer != found}
    differing |= {name for name, found in manifest.reads.items() if name not in views or views[name].reader != found}
    if differing or code_in(released.wheel) != code_in(today):
        what = f"other views of {', '.join(sorted(differing))}" if differing else "other code"
        raise WorkspaceError(
            f"contracts are not released: {released.version} was, with {what} than today's; ./justw contracts-release"
        )


def code_in(path: Path) -> dict[str, bytes]:
    """What a wheel installs, without the notes of its builder."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}


def shown(path: Path) -> str:
    """As a user would type it."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def main(arguments: list[str]) -> int:
    """Keep the service that is named; says where."""
    names = [service.short_name for service in services()]
    if len(arguments) != 1 or arguments[0] not in names:
        print(f"usage: just release {'|'.join(names)}", file=sys.stderr)
        return 2
    service = package_in(arguments[0])
    folder = release(service, released_folder(service), CONTRACTS)
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{shown(folder)}: {', '.join(sorted(path.name for path in folder.iterdir()))} ({size / 1000:.0f} kB)")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (WorkspaceError, HistoryTampered) as error:
        sys.exit(f"release: {error}")
