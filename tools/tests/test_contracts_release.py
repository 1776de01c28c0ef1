"""`just contracts-release` in a copy of the checkout that has released 1.0.0 and then made one edit."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.contracts.history import History
from tools.contracts.release import make_wheel
from tools.workspace import ROOT

COPIED = ("shared/contracts", "tools", "pyproject.toml")
SOURCES = "shared/contracts/src/waybill_contracts"
PYPROJECT = "shared/contracts/pyproject.toml"
RELEASED = "shared/contracts/released"
# As the command, but with the sources in a zip for the wheel: a build would need a second, and maybe the network.
COMMAND = """
import sys
from tools.contracts import release
from tools.tests.scratch import zipped_sources
release.make_wheel = zipped_sources
release.write_documents = lambda history: None
sys.exit(release.main([]))
"""

HINT = (f"{SOURCES}/stored.py", "    error_type: Annotated[", "    hint: str = ''\n    error_type: Annotated[")
KIND = """
from waybill_contracts.payload import TaskPayload, TaskResult
class Weighed(TaskResult):
    weight_g: int = 0
class Weigh(TaskPayload, kind="{kind}", version={version}, result=Weighed):
    fragile: bool = False
"""


class Checkout:
    """A copy of what the command needs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    def name(self, version: str) -> None:
        path = self.folder / PYPROJECT
        path.write_text(re.sub(r'(?m)^version = ".*"', f'version = "{version}"', path.read_text()))

    def add_kind(self, kind: str, version: int) -> None:
        (self.folder / SOURCES / "kinds" / "weigh.py").write_text(KIND.format(kind=kind, version=version))
        self.edit(f"{SOURCES}/kinds/__init__.py", "KindTable(", "KindTable(\n    Weigh,")
        self.edit(f"{SOURCES}/kinds/__init__.py", "from ..registry", "from .weigh import Weigh\nfrom ..registry")

    def release(self) -> tuple[int, str]:
        """Exit code, and all that it says."""
        path = os.pathsep.join([str(self.folder / "shared/contracts/src"), str(self.folder)])
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", COMMAND]
        ended = subprocess.run(
            command, cwd=self.folder, env=environment, stdout=-1, stderr=subprocess.STDOUT, text=True, check=False
        )
        return ended.returncode, ended.stdout

    def versions(self) -> list[str]:
        return [one.version for one in History.load(self.folder / RELEASED).releases]


@pytest.fixture(scope="session")
def at_1_0_0(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout with a history that begins today."""
    folder = tmp_path_factory.mktemp("release") / "checkout"
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, folder / name)
    for version in (folder / RELEASED).glob("[0-9]*"):
        shutil.rmtree(version)
    checkout = Checkout(folder)
    checkout.name("1.0.0")
    exit_code, said = checkout.release()
    assert exit_code == 0, said
    assert "the first release" in said
    return folder


@pytest.fixture
def checkout(at_1_0_0: Path, tmp_path: Path) -> Checkout:
    return Checkout(shutil.copytree(at_1_0_0, tmp_path / "checkout"))


def test_the_first_release_holds_schemas_samples_readings_and_the_wheel(at_1_0_0: Path) -> None:
    [release] = History.load(at_1_0_0 / RELEASED).releases
    assert release.manifest.previous is None
    assert release.readers.keys() == release.writers.keys() == release.samples.keys() == release.readings.keys()
    assert release.wheel.exists()
    assert {name for name, *_ in release.manifest.verified} == set(release.readers)


def test_an_optional_field_with_a_default_makes_a_minor_release_whose_pairs_are_verified_both_ways(
    checkout: Checkout,
) -> None:
    checkout.edit(*HINT)
    checkout.name("1.1.0")
    exit_code, said = checkout.release()
    assert (exit_code, checkout.versions()) == (0, ["1.0.0", "1.1.0"]), said
    assert "error.v1: + $.hint" in said
    old, new = History.load(checkout.folder / RELEASED).releases
    before, after = old.manifest.contracts["error.v1"], new.manifest.contracts["error.v1"]
    pairs = {(writer, reader) for name, writer, reader in new.manifest.verified if name == "error.v1"}
    assert pairs == {
        (writer, reader) for writer in (before.writer, after.writer) for reader in (before.reader, after.reader)
    }


@pytest.mark.parametrize("version", ["1.0.0", "1.0.1", "1.2.0", "2.0.0"])
def test_a_version_that_the_change_does_not_deserve_is_refused_with_the_one_that_it_does(
    checkout: Checkout, version: str
) -> None:
    checkout.edit(*HINT)
    checkout.name(version)
    exit_code, said = checkout.release()
    assert (exit_code, checkout.versions()) == (2, ["1.0.0"])
    assert f"is minor: its version is 1.1.0, not {version}; edit {PYPROJECT}" in said
    assert ("1.0.0 is released already" in said) == (version == "1.0.0")


UPCAST = (f"{SOURCES}/kinds/webhook_deliver_v2.py", "body=msgspec.json.encode(older.body).decode()")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("def from_older(", "def from_old(", "DeliverWebhookV2 does not say what a payload of version 1 means"),
        (UPCAST[1], "body=older.text", "fails with AttributeError"),
        (UPCAST[1], "body=older.body", "fails with ValidationError"),
        ("return cls(", "return DeliverWebhook(", "makes DeliverWebhook"),
    ],
)
def test_a_next_version_without_an_upcast_that_takes_every_golden_sample_is_refused(
    checkout: Checkout, old: str, new: str, why: str
) -> None:
    checkout.edit(UPCAST[0], old, new)
    checkout.name("1.0.1")
    exit_code, said = checkout.release()
    assert (exit_code, checkout.versions()) == (1, ["1.0.0"])
    assert "BREAKING  R9  payload.webhook.deliver.v2  $" in said
    assert why in said


def test_another_wording_is_a_patch(checkout: Checkout) -> None:
    checkout.edit(f"{SOURCES}/stored.py", "For people; one line or more.", "For people.")
    checkout.name("1.0.1")
    exit_code, said = checkout.release()
    assert (exit_code, checkout.versions()) == (0, ["1.0.0", "1.0.1"]), said


@pytest.mark.parametrize(
    ("kind", "number", "version", "level"),
    [("parcel.weigh", 1, "1.1.0", "minor"), ("note.process", 99, "2.0.0", "major")],
)
def test_a_new_kind_is_a_minor_release_and_a_next_version_of_one_is_a_major(
    checkout: Checkout, kind: str, number: int, version: str, level: str
) -> None:
    checkout.add_kind(kind, number)
    checkout.name(version)
    exit_code, said = checkout.release()
    assert exit_code == 0, said
    assert f"payload.{kind}.v{number}: is new" in said


BREAKING = {
    "a field that is required from now on": (
        (HINT[0], HINT[1], "    hint: str\n" + HINT[1]),
        "BREAKING  R2  error.v1  $.hint",
        "pairs that fail: 1.0.0→working tree",
    ),
    "a field that is gone": (
        (HINT[0], "    message: Annotated[", "    text: Annotated["),
        "BREAKING  R3  error.v1  $.message",
        "working tree→1.0.0",
    ),
    "a reserved name": (
        (
            f"{SOURCES}/message.py",
            "    data: TaskRequestedData\n",
            "    data: TaskRequestedData\n    dataref: str = ''\n",
        ),
        "BREAKING  R3  task.requested.v1  $.dataref",
        "its name is reserved and never returns: reserved",
    ),
    "a kind that is gone": (
        (f"{SOURCES}/kinds/__init__.py", "\n    DeliverWebhook,", ""),
        "BREAKING  R11  payload.webhook.deliver.v1  $",
        "ways out: keep it",
    ),
    "a stricter pattern": (
        (f"{SOURCES}/message.py", 'KIND_PATTERN = r"^[a-z][a-z0-9_]*', 'KIND_PATTERN = r"^[a-z][a-z]*'),
        "BREAKING  R7  task.requested.v1  $.data.kind",
        "pairs that fail: 1.0.0→working tree",
    ),
}


@pytest.mark.parametrize(("edit", "where", "and_says"), BREAKING.values(), ids=BREAKING)
def test_what_breaks_is_refused_with_rule_path_pairs_and_ways_out(
    checkout: Checkout, edit: tuple[str, str, str], where: str, and_says: str
) -> None:
    checkout.edit(*edit)
    checkout.name("2.0.0")
    exit_code, said = checkout.release()
    assert (exit_code, checkout.versions()) == (1, ["1.0.0"]), said
    assert where in said
    assert and_says in said
    assert "ways out: " in said
    assert "Traceback" not in said
    assert list((checkout.folder / "shared/contracts").glob(".unfinished-*")) == []


def test_a_contract_is_retired_by_a_tombstone_and_a_major_release(checkout: Checkout) -> None:
    checkout.edit(f"{SOURCES}/kinds/__init__.py", "\n    DeliverWebhook,", "")
    contracts = '"contracts": {"payload.webhook.deliver.v1": "no use", "result.webhook.deliver.v1": "no use"}'
    checkout.edit(f"{RELEASED}/tombstones.json", '"contracts": {}', contracts)
    checkout.name("2.0.0")
    exit_code, said = checkout.release()
    assert (exit_code, checkout.versions()) == (0, ["1.0.0", "2.0.0"]), said
    assert "payload.webhook.deliver.v1: is gone" in said


def test_nothing_is_released_on_top_of_an_edited_history(checkout: Checkout) -> None:
    checkout.edit(f"{RELEASED}/1.0.0/samples/error.v1/minimal.json", "handler_error", "timeout")
    exit_code, said = checkout.release()
    assert exit_code == 3
    assert "1.0.0/samples/error.v1/minimal.json was edited" in said
    assert said.count("\n") == 1


def test_equal_sources_make_equal_wheels(tmp_path: Path) -> None:
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        make_wheel(folder)
    [one, two] = (next(folder.iterdir()).read_bytes() for folder in (tmp_path / "one", tmp_path / "two"))
    assert one == two
