import re
import tomllib

import pytest

from tools.locks import Lock, locks, package_lock, package_test_lock, stale
from tools.tests.pins import pins
from tools.workspace import ROOT, Package, package_in, packages, siblings

LOCKS = locks()
SHOWN = [lock.path.relative_to(ROOT).as_posix() for lock in LOCKS]


def with_dependency(package: Package, requirement: str) -> Package:
    project = package.pyproject["project"]
    changed = {**project, "dependencies": [*package.dependencies, requirement]}
    return Package(package.folder, {**package.pyproject, "project": changed})


def test_every_lock_fits_the_pyproject_files() -> None:
    assert stale() == []


def test_a_new_dependency_makes_the_locks_of_the_package_stale() -> None:
    package = package_in("services/api")
    changed = with_dependency(package, "left-pad>=1")
    assert package_lock(changed).digest != package_lock(package).digest
    assert package_test_lock(changed).digest != package_test_lock(package).digest


def test_a_new_dependency_of_a_sibling_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    package = package_in("services/api")
    before = package_lock(package).digest
    changed = [with_dependency(sibling, "left-pad>=1") for sibling in siblings(package)]
    monkeypatch.setattr("tools.locks.siblings", lambda _: changed)
    assert package_lock(package).digest != before


def test_a_new_requirement_of_an_extra_counts_too() -> None:
    package = package_in("services/processor")
    extras = {**package.extras, "worker": [*package.extras["worker"], "left-pad>=1"]}
    project = {**package.pyproject["project"], "optional-dependencies": extras}
    changed = Package(package.folder, {**package.pyproject, "project": project})
    assert package_lock(changed).digest != package_lock(package).digest


def test_a_new_version_of_a_package_leaves_its_locks_as_they_are() -> None:
    package = package_in("services/api")
    released = {**package.pyproject, "project": {**package.pyproject["project"], "version": "99.0"}}
    assert package_lock(Package(package.folder, released)).digest == package_lock(package).digest


@pytest.mark.parametrize("lock", LOCKS, ids=SHOWN)
def test_a_lock_pins_everything_by_hash_and_names_no_address_and_no_member(lock: Lock) -> None:
    text = lock.path.read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [
        line for line in lines if not re.match(r"    --hash=sha256:[0-9a-f]{64}( \\)?$|[a-z0-9.-]+==\S+", line)
    ] == []
    assert text.count(" \\\n    --hash") >= len(pins(lock.path)) > 0
    assert "://" not in text
    assert not {package.name for package in packages()} & pins(lock.path).keys()


@pytest.mark.parametrize("package", packages(), ids=lambda package: package.folder)
def test_a_package_runs_on_the_versions_that_it_was_developed_on(package: Package) -> None:
    developed_on = pins(ROOT / "requirements.lock").items()
    assert pins(package.lock).items() <= developed_on
    assert pins(package.test_lock).items() <= developed_on


@pytest.mark.parametrize("package", packages(), ids=lambda package: package.folder)
def test_what_is_deployed_holds_no_test_tool(package: Package) -> None:
    assert not pins(package.lock).keys() & {"pytest", "pytest-asyncio", "pytest-timeout", "hypothesis", "ruff"}


def test_a_function_runs_on_a_part_of_what_its_worker_runs_on_without_the_aws_sdk() -> None:
    package = package_in("services/processor")
    assert package.lambda_lock
    function, worker = pins(package.lambda_lock), pins(package.lock)
    assert function.items() < worker.items()
    assert {"aiobotocore", "botocore", "uvloop"} <= worker.keys() - function.keys()


def test_contracts_need_msgspec_alone() -> None:
    assert pins(package_in("shared/contracts").lock).keys() == {"msgspec"}


def test_a_service_locks_what_its_siblings_need() -> None:
    for folder in ("services/api", "services/processor"):
        package = package_in(folder)
        for sibling in siblings(package):
            assert pins(sibling.lock).items() <= pins(package.lock).items()


def test_the_version_of_ministack_that_is_installed_is_the_one_that_is_announced() -> None:
    from waybill_dev.ministack import tool

    assert pins(ROOT / "dev/src/waybill_dev/ministack/requirements.lock")["ministack"] == tool.VERSION


def test_there_is_no_lock_that_names_a_registry() -> None:
    assert not list(ROOT.glob("**/uv.lock"))
    assert "index" not in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]
