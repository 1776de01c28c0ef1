import json
import subprocess

import pytest

from tools.package_environment import package_environment
from tools.tests.pins import pins
from tools.workspace import Package, packages, siblings

INSTALLED = "import importlib.metadata as m, json; print(json.dumps([d.name for d in m.distributions()]))"


@pytest.mark.parametrize("package", packages(), ids=lambda package: package.folder)
def test_the_environment_of_a_package_holds_its_locks_and_the_siblings_it_declares_and_nothing_else(
    package: Package,
) -> None:
    python = package_environment(package) / "bin" / "python"
    shown = subprocess.run([python, "-I", "-c", INSTALLED], capture_output=True, text=True, check=True).stdout
    installed = {name.lower().replace("_", "-").replace(".", "-") for name in json.loads(shown)}
    members = {member.name for member in [package, *siblings(package)]}
    locked = pins(package.lock).keys() | pins(package.test_lock).keys()
    assert installed - locked == members
    assert {name for name in installed if name.startswith("waybill-")} == members
