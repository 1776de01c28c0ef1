import re
from typing import Any

import msgspec
import pytest
from waybill_api.relay.settings import RelaySettings
from waybill_api.settings import ApiSettings
from waybill_processor.settings import WorkerSettings

from tools.workspace import ROOT

LINE = re.compile(r"#((?:WAYBILL|AWS)_[A-Z_]+)=(.*)")
REQUIRED = "<"


def sections() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for line in (ROOT / ".env.example").read_text().splitlines():
        if heading := re.fullmatch(r"# ---- (.+) ----", line):
            found[heading[1]] = {}
        elif variable := LINE.fullmatch(line):
            section = list(found)[-1]
            assert variable[1] not in found[section], f"{variable[1]} stands twice under {section!r}"
            found[section][variable[1]] = variable[2]
    return found


def variables_of(*structs: type[msgspec.Struct]) -> dict[str, Any]:
    fields = [field for struct in structs for field in msgspec.structs.fields(struct)]
    return {f"WAYBILL_{field.name.upper()}": field for field in fields}


API = variables_of(ApiSettings, RelaySettings)
PROCESSOR = variables_of(WorkerSettings)


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("both services", API.keys() & PROCESSOR.keys()),
        ("api only", API.keys() - PROCESSOR.keys()),
        ("processor only", PROCESSOR.keys() - API.keys()),
    ],
)
def test_each_section_of_env_example_lists_the_variables_of_its_services(section: str, expected: set[str]) -> None:
    assert {name for name in sections()[section] if name.startswith("WAYBILL_")} == expected


@pytest.mark.parametrize("name", sorted(API | PROCESSOR))
def test_env_example_shows_the_default_that_the_service_has(name: str) -> None:
    field = (API | PROCESSOR)[name]
    shown = next(variables[name] for variables in sections().values() if name in variables)
    if field.required:
        assert shown.startswith(REQUIRED)
    elif shown == "":
        assert field.default in ("", None)
    else:
        assert msgspec.convert(shown, field.type, strict=False) == field.default


def test_every_variable_of_the_local_stack_and_the_migrations_is_in_env_example() -> None:
    listed = {name for variables in sections().values() for name in variables}
    sources = [path for folder in ("dev", "migrations") for path in (ROOT / folder / "src").rglob("*.py")]
    read = {name for path in sources for name in re.findall(r"[\"'](WAYBILL_[A-Z_]+)[\"']", path.read_text())}
    assert read <= listed


def test_every_variable_of_env_example_has_a_line_of_meaning_above_it() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    for number, line in enumerate(lines):
        if LINE.fullmatch(line) and not LINE.fullmatch(lines[number - 1]):
            assert re.match(r"# \S.+\.", lines[number - 1]), line


def test_env_example_changes_nothing_when_it_is_copied_as_it_is() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []
