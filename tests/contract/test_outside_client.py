"""Somebody without this repository judges documents by the released schema files, with a validator that is not ours."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator


@cache
def validators(folder: Path, view: str) -> dict[str, Draft202012Validator]:
    """By contract, made of nothing but the files of a release. `format` is an assertion."""
    files = {file.name.removesuffix(f".{view}.json"): file for file in (folder / "schemas").glob(f"*.{view}.json")}
    schemas = {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items()}
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    checker = Draft202012Validator.FORMAT_CHECKER
    return {name: Draft202012Validator(schema, format_checker=checker) for name, schema in schemas.items()}


def samples(folder: Path) -> Iterator[tuple[str, str, Any]]:
    """(contract, sample, document) of a release."""
    for file in sorted((folder / "samples").glob("*/*.json")):
        yield file.parent.name, file.stem, json.loads(file.read_text(encoding="utf-8"))


@pytest.fixture
def folders(versions) -> list[Path]:
    return [release.folder for release in versions.history.releases]


@pytest.mark.parametrize("view", ["writer", "reader"])
def test_the_schemas_of_a_release_take_all_its_golden_samples(folders, view) -> None:
    for folder in folders:
        judges = validators(folder, view)
        complaints = [
            f"{folder.name} {contract}/{sample}: {error.message}"
            for contract, sample, document in samples(folder)
            for error in judges[contract].iter_errors(document)
        ]
        assert complaints == []


def test_a_reader_takes_a_field_that_it_does_not_know_and_a_writer_may_not_send_it(folders) -> None:
    for folder in folders:
        readers, writers = validators(folder, "reader"), validators(folder, "writer")
        for contract, _, document in samples(folder):
            assert readers[contract].is_valid(document | {"a-stranger": 1})
            assert not writers[contract].is_valid(document | {"a-stranger": 1})


@pytest.mark.parametrize("view", ["writer", "reader"])
def test_a_document_without_a_required_field_or_of_another_type_is_refused(folders, view) -> None:
    for folder in folders:
        for contract, judge in validators(folder, view).items():
            schema = judge.schema["$defs"][judge.schema["$ref"].rpartition("/")[2]]
            example = json.loads((folder / "samples" / contract / "example.json").read_text(encoding="utf-8"))
            for field in schema["required"]:
                assert not judge.is_valid({name: value for name, value in example.items() if name != field}), field
            for document in (None, [example], "text", 1):
                assert not judge.is_valid(document)


BROKEN = {
    "an id that is none": {"task_id": "parcel 7"},
    "a kind that is no noun.verb": {"kind": "Note"},
    "a kind with a newline at its end": {"kind": "note.process\n"},
    "a number as text": {"dispatch": "1"},
    "a version out of bounds": {"payload_version": 32768},
}


@pytest.mark.parametrize("edit", BROKEN.values(), ids=BROKEN)
def test_a_broken_message_is_refused(folders, edit) -> None:
    for folder in folders:
        judge = validators(folder, "reader")["task.requested.v1"]
        message = json.loads((folder / "samples/task.requested.v1/example.json").read_text(encoding="utf-8"))
        assert judge.is_valid(message)
        assert not judge.is_valid(message | {"data": message["data"] | edit})
        assert not judge.is_valid(message | {"time": "yesterday"})
