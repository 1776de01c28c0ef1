"""What was released cannot be edited without `History.load` naming the file."""

import json
import shutil
from pathlib import Path

import pytest

from tools.contracts.chain import Manifest, read_manifest, written
from tools.contracts.history import History, HistoryTampered, number
from tools.contracts.release import release
from tools.tests.scratch import scratch_history, zipped_sources

SAMPLE = "samples/task.requested.v1/minimal.json"
SCHEMA = "schemas/task.requested.v1.reader.json"


@pytest.fixture(scope="session")
def two_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of 1.0.0 and 1.0.1."""
    folder = scratch_history(tmp_path_factory.mktemp("history")).folder
    for version in ("1.0.0", "1.0.1"):
        release(History.load(folder), version, zipped_sources)
    return folder


@pytest.fixture
def folder(two_releases: Path, tmp_path: Path) -> Path:
    """The same, to be edited."""
    return shutil.copytree(two_releases, tmp_path / "released")


def refusal(folder: Path) -> str:
    """How the history is refused; one line."""
    with pytest.raises(HistoryTampered) as refused:
        History.load(folder)
    message = str(refused.value)
    assert "\n" not in message
    return message


def reseal(file: Path, edited: Manifest) -> None:
    file.write_bytes(written(edited.sealed()))


def test_an_untouched_history_gives_its_releases_in_order_with_all_that_they_hold(folder: Path) -> None:
    history = History.load(folder)
    assert [one.version for one in history.releases] == ["1.0.0", "1.0.1"]
    assert history.newest.wheel.name.startswith("waybill_contracts-")
    assert history.newest.samples.keys() == history.newest.readings.keys() == history.newest.writers.keys()
    assert {name for name, *_ in history.verified()} == set(history.newest.readers)


@pytest.mark.parametrize("version", ["1.0.0", "1.0.1"])
@pytest.mark.parametrize("name", [SAMPLE, SCHEMA, "readings.json"])
def test_an_edited_file_is_refused_by_its_name(folder: Path, version: str, name: str) -> None:
    file = folder / version / name
    file.write_bytes(file.read_bytes() + b" ")
    assert f"{version}/{name} was edited" in refusal(folder)


@pytest.mark.parametrize("name", [SAMPLE, SCHEMA, "readings.json", "manifest.json"])
def test_a_removed_file_is_refused_by_its_name(folder: Path, name: str) -> None:
    (folder / "1.0.0" / name).unlink()
    message = refusal(folder)
    assert f"1.0.0/{name} is missing" in message
    assert "git checkout" in message


@pytest.mark.parametrize("name", ["samples/task.requested.v1/another.json", "notes.txt"])
def test_an_added_file_is_refused_by_its_name(folder: Path, name: str) -> None:
    (folder / "1.0.1" / name).write_text("{}")
    assert f"1.0.1/{name} was added after the release; remove it" in refusal(folder)


def test_a_stranger_beside_the_releases_is_refused(folder: Path) -> None:
    (folder / "draft").mkdir()
    assert "draft is no release; remove it" in refusal(folder)


@pytest.mark.parametrize("version", ["1.0.0", "1.0.1"])
def test_an_edited_manifest_is_refused_also_the_newest(folder: Path, version: str) -> None:
    file = folder / version / "manifest.json"
    document = json.loads(file.read_text())
    document["verified"].append(["error.v1", "sha256:0", "sha256:0"])
    file.write_text(json.dumps(document))
    assert f"{version}/manifest.json was edited" in refusal(folder)


def test_a_manifest_that_was_edited_with_care_breaks_the_chain(folder: Path) -> None:
    manifest = read_manifest(folder / "1.0.0")
    manifest.verified.clear()
    reseal(folder / "1.0.0" / "manifest.json", manifest)
    assert "does not follow 1.0.0: one of them was edited" in refusal(folder)


def test_a_manifest_that_is_no_json_is_refused(folder: Path) -> None:
    (folder / "1.0.1" / "manifest.json").write_bytes(b"\xff{")
    assert "does not read as the manifest of a release" in refusal(folder)


def test_a_release_that_is_gone_is_missed_unless_it_was_the_newest(folder: Path) -> None:
    shutil.rmtree(folder / "1.0.0")
    assert "follows a release that is missing" in refusal(folder)


def test_a_schema_must_be_the_one_that_the_manifest_names_by_digest(folder: Path) -> None:
    manifest = read_manifest(folder / "1.0.1")
    views = manifest.contracts["error.v1"]
    manifest.contracts["error.v1"] = type(views)(writer=views.reader, reader=views.writer)
    reseal(folder / "1.0.1" / "manifest.json", manifest)
    assert "error.v1.writer.json has another digest" in refusal(folder)


def test_a_tombstone_that_a_release_knew_can_neither_go_nor_change(folder: Path) -> None:
    file = folder / "tombstones.json"
    stones = json.loads(file.read_text())
    for edited in ("", None):
        names = dict(stones["fields"]["task.requested.v1"])
        if edited is None:
            del names["dataref"]
        else:
            names["dataref"] = edited
        file.write_text(json.dumps({**stones, "fields": {"task.requested.v1": names}}))
        assert "lacks or changes `dataref` of task.requested.v1, which 1.0.0 had" in refusal(folder)
    file.unlink()
    assert "tombstones.json is missing" in refusal(folder)


def test_tombstones_may_be_added(folder: Path) -> None:
    file = folder / "tombstones.json"
    stones = json.loads(file.read_text())
    stones["contracts"]["payload.parcel.weigh.v1"] = "no parcel is weighed any more"
    file.write_text(json.dumps(stones))
    assert History.load(folder).tombstones.contracts


def test_versions_are_ordered_as_numbers() -> None:
    assert sorted(["1.10.0", "1.9.0", "1.0.10", "1.0.9"], key=number) == ["1.0.9", "1.0.10", "1.9.0", "1.10.0"]
