"""Releases of the services that are kept: made of the wheels, once, and only if their contracts are released too."""

import json
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
from waybill_contracts.catalogue import Schema, catalogue, digest
from waybill_contracts.manifest import ServiceManifest

from tools import release_service, releases
from tools.contracts.chain import Manifest, Views, sha256, written
from tools.contracts.tombstones import Tombstones
from tools.package_environment import wheel
from tools.release_service import main, release
from tools.releases import kept, newest_other_than, release_environment
from tools.workspace import Package, WorkspaceError, package_in

CONTRACTS = package_in("shared/contracts")
API, PROCESSOR = package_in("services/api"), package_in("services/processor")
VERSION = CONTRACTS.pyproject["project"]["version"]
BOTH = pytest.mark.parametrize("service", [API, PROCESSOR], ids=lambda service: service.folder)


def write_history(folder: Path, schemas: dict[str, tuple[Schema, Schema]], built: Path) -> None:
    """A history with one release, in the place of what is there."""
    shutil.rmtree(folder, ignore_errors=True)
    here = folder / VERSION
    (here / "schemas").mkdir(parents=True)
    (folder / "tombstones.json").write_text("{}")
    shutil.copy(built, here)
    for name, views in schemas.items():
        for view, schema in zip(("writer", "reader"), views, strict=True):
            (here / "schemas" / f"{name}.{view}.json").write_bytes(msgspec.json.encode(schema))
    files = {path.relative_to(here).as_posix(): sha256(path.read_bytes()) for path in here.rglob("*") if path.is_file()}
    views = {name: Views(digest(writer), digest(reader)) for name, (writer, reader) in schemas.items()}
    made = Manifest(version=VERSION, previous=None, files=files, contracts=views, verified=[], tombstones=Tombstones())
    (here / "manifest.json").write_bytes(written(made.sealed()))


def schemas_of_today() -> dict[str, tuple[Schema, Schema]]:
    return {name: (each.writer(), each.reader()) for name, each in catalogue().items()}


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    """A history in which the contracts of today are released."""
    folder = tmp_path / "contracts"
    write_history(folder, schemas_of_today(), wheel(CONTRACTS))
    return folder


@BOTH
def test_a_release_keeps_wheels_lock_and_manifest_and_of_the_api_its_document(
    service: Package, tmp_path: Path, contracts: Path
) -> None:
    folder = release(service, tmp_path / "released", contracts)
    version = service.pyproject["project"]["version"]
    assert folder == tmp_path / "released" / version
    runtime = package_in("shared/runtime").pyproject["project"]["version"]
    wheels = {f"{service.module}-{version}-py3-none-any.whl", f"waybill_runtime-{runtime}-py3-none-any.whl"}
    documents = {"manifest.json", "openapi.json"} if service is API else {"manifest.json"}
    assert {path.name for path in folder.iterdir()} == {*wheels, *documents, "requirements.lock"}
    assert (folder / "requirements.lock").read_bytes() == service.lock.read_bytes()

    [found] = kept(tmp_path / "released")
    assert (found.manifest.service, found.version, found.manifest.contracts) == (service.short_name, version, VERSION)
    today = schemas_of_today()
    assert "error.v1" in found.manifest.writes
    assert all(digest(today[name][0]) == writer for name, writer in found.manifest.writes.items())
    if service is API:
        assert json.loads((folder / "openapi.json").read_bytes())["info"]["version"] == version


def test_equal_sources_make_equal_releases(tmp_path: Path, contracts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = release(PROCESSOR, tmp_path / "first", contracts)
    monkeypatch.setattr("tools.package_environment.WHEELS", tmp_path / "wheels")  # so that they are built anew
    second = release(PROCESSOR, tmp_path / "second", contracts)
    assert {path.name: path.read_bytes() for path in first.iterdir()} == {
        path.name: path.read_bytes() for path in second.iterdir()
    }


def test_a_version_that_is_kept_is_not_written_again(tmp_path: Path, contracts: Path) -> None:
    folder = release(PROCESSOR, tmp_path / "released", contracts)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(WorkspaceError, match=r"edit the version in services/processor/pyproject\.toml$"):
        release(PROCESSOR, tmp_path / "released", contracts)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def refusal(tmp_path: Path, contracts: Path) -> str:
    with pytest.raises(WorkspaceError) as refused:
        release(PROCESSOR, tmp_path / "released", contracts)
    assert list((tmp_path / "released").iterdir()) == []
    return str(refused.value)


def test_contracts_that_are_not_released_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    refused = f"contracts {VERSION} are not released: ./justw contracts-release"
    assert refusal(tmp_path, tmp_path / "nowhere") == refused


def test_contracts_that_were_released_with_other_views_are_refused_by_name(tmp_path: Path, contracts: Path) -> None:
    other = schemas_of_today() | {"error.v1": ({"type": "object"}, {"type": "object"})}
    write_history(contracts, other, wheel(CONTRACTS))
    refused = refusal(tmp_path, contracts)
    assert refused.startswith("contracts are not released: ")
    assert "other views of error.v1 than" in refused


def test_contracts_that_were_released_with_other_code_are_refused(tmp_path: Path, contracts: Path) -> None:
    """The kept service would run with that code, which nobody has tried."""
    other = tmp_path / wheel(CONTRACTS).name
    shutil.copy(wheel(PROCESSOR), other)
    write_history(contracts, schemas_of_today(), other)
    assert "with other code than" in refusal(tmp_path, contracts)


def test_a_lock_that_does_not_fit_is_refused(tmp_path: Path, contracts: Path) -> None:
    project = PROCESSOR.pyproject["project"]
    changed = {**project, "dependencies": [*project["dependencies"], "left-pad>=1"]}
    service = Package(PROCESSOR.folder, {**PROCESSOR.pyproject, "project": changed})
    with pytest.raises(WorkspaceError, match=r"run ./justw lock$"):
        release(service, tmp_path / "released", contracts)


def write_manifest(folder: Path, version: str) -> None:
    made = ServiceManifest(service="api", version=version, contracts="1.0.0", writes={}, reads={}, needs_revision="1")
    (folder / version).mkdir(parents=True)
    (folder / version / "manifest.json").write_bytes(msgspec.json.encode(made))


def test_what_runs_before_a_version_is_the_newest_kept_one_of_another(tmp_path: Path) -> None:
    assert newest_other_than("0.1.0", tmp_path) is None
    for version in ("0.10.0", "0.1.0", "0.9.0"):
        write_manifest(tmp_path, version)
    assert [release.version for release in kept(tmp_path)] == ["0.1.0", "0.9.0", "0.10.0"]
    for version, before in {"0.11.0": "0.10.0", "0.10.0": "0.9.0"}.items():
        found = newest_other_than(version, tmp_path)
        assert found
        assert found.version == before


def test_the_environment_of_a_release_holds_its_wheels_and_the_contracts_of_its_manifest(
    tmp_path: Path, contracts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "ENVIRONMENTS", tmp_path / "environments")
    monkeypatch.setattr(releases, "CONTRACTS", contracts)
    release(PROCESSOR, tmp_path / "released", contracts)
    [kept_release] = kept(tmp_path / "released")
    python = release_environment(kept_release) / "bin" / "python"
    shown = subprocess.run(
        [python, "-m", "waybill_processor.manifest"], capture_output=True, text=True, check=True
    ).stdout
    assert msgspec.json.decode(shown, type=ServiceManifest) == kept_release.manifest


def test_the_command_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrations"]) == 2
    assert capsys.readouterr().err == "usage: just release api|processor\n"


def test_the_command_keeps_the_service_beside_it(
    tmp_path: Path, contracts: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_service, "CONTRACTS", contracts)
    monkeypatch.setattr(release_service, "released_folder", lambda service: tmp_path / service.folder / "released")
    assert main(["processor"]) == 0
    assert "manifest.json" in capsys.readouterr().out
    assert len(kept(tmp_path / "services/processor/released")) == 1
