"""JSON that stands in rows, and the names that a package user may import."""

import ast
import inspect

import msgspec
import pytest
import waybill_contracts
from waybill_contracts import ErrorCode, TaskError


@pytest.mark.parametrize("code", ErrorCode)
def test_an_error_is_read_back_as_it_was_stored(code):
    error = TaskError(code=code, message="it went wrong", error_type="ValueError")
    assert msgspec.json.decode(msgspec.json.encode(error), type=TaskError) == error


def test_an_error_of_a_newer_writer_is_read():
    stored = b'{"code":"quota_spent","message":"no","retry_at":"2026-01-01T00:00:00Z","nested":{"a":[1]}}'
    assert msgspec.json.decode(stored, type=TaskError) == TaskError(code="quota_spent", message="no")


def test_what_an_error_says_nothing_of_is_not_stored():
    assert msgspec.json.encode(TaskError(code=ErrorCode.TIMEOUT, message="m")) == b'{"code":"timeout","message":"m"}'


def test_all_names_exactly_what_the_package_imports_to_be_used():
    tree = ast.parse(inspect.getsource(waybill_contracts))
    imported = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert set(waybill_contracts.__all__) == imported
    assert len(waybill_contracts.__all__) == len(imported)
    assert all(hasattr(waybill_contracts, name) for name in waybill_contracts.__all__)
