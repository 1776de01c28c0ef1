"""Every revision says whether it expands or contracts the schema: code of before runs through the first alone."""

import re

import pytest
from alembic.script import ScriptDirectory
from waybill_migrations.main import config_for

SCRIPTS = list(reversed(list(ScriptDirectory.from_config(config_for("")).walk_revisions())))
PHASE = re.compile(r"^Phase: (?P<phase>expand|contract)\.", re.MULTILINE)
COLUMN = re.compile(
    r"column (?P<name>\S+) (?P<type>.+) null=(?P<null>[tf])"
    r" default=(?P<default>.*) identity=(?P<identity>.?) comment=.*",
    re.DOTALL,
)
EXPANDING = [script for script in SCRIPTS if "\nPhase: contract." not in script.module.__doc__]
SERVICES = {"api", "processor"}
VERSION = re.compile(r"\d+\.\d+\.\d+")


def fault(docstring, needs):
    """What is wrong with how a revision says what it asks of the services; None if nothing is."""
    said = PHASE.search(docstring or "")
    if said is None:
        return "its docstring has no line `Phase: expand.` or `Phase: contract.`"
    if said["phase"] == "expand":
        return None if needs is None else "an expand revision needs no service to have been deployed before"
    if not isinstance(needs, dict) or not needs or not needs.keys() <= SERVICES:
        return 'a contract revision names the oldest version of each service that runs on it: needs = {"api": "0.2.0"}'
    return None if all(VERSION.fullmatch(version) for version in needs.values()) else "needs names versions, as 0.2.0"


def columns_in(catalog_lines):
    found = [COLUMN.fullmatch(line) for line in catalog_lines if line.startswith("column ")]
    return {column["name"]: column.groupdict() for column in found}


def taken_from_old_code(before, after):
    """What code of before a revision would miss afterwards, as lines; both sides are lines of the catalog."""
    old, new = columns_in(before), columns_in(after)
    taken = [line for line in before if line.startswith("grant ") and line not in after]
    taken += [f"column {name} is gone" for name in old.keys() - new.keys()]
    for name in old.keys() & new.keys():
        loosened = {**old[name], "null": "t"}
        if new[name] not in (old[name], loosened):
            taken.append(f"column {name} is another one")
    tables = {name.partition(".")[0] for name in old}
    for name in new.keys() - old.keys():
        is_asked_for = new[name]["null"] == "f" and not new[name]["default"] and not new[name]["identity"]
        if name.partition(".")[0] in tables and is_asked_for:
            taken.append(f"column {name} must be written")
    return sorted(taken)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.revision)
def test_a_revision_says_its_phase_and_what_must_run_before_it_contracts(script):
    assert fault(script.module.__doc__, getattr(script.module, "needs", None)) is None


@pytest.mark.parametrize("script", EXPANDING, ids=lambda script: script.revision)
async def test_an_expand_revision_takes_nothing_from_code_of_before(migrate, empty_database, catalog, script):
    if script.down_revision:
        await migrate(script.down_revision)
    before = await catalog(empty_database)
    await migrate(script.revision)
    assert taken_from_old_code(before, await catalog(empty_database)) == []


@pytest.mark.parametrize(
    ("docstring", "needs", "is_fine"),
    [
        ("Text\n\nPhase: expand.\nRevision: 0009, after 0008", None, True),
        ("Text\n\nPhase: contract. Nobody reads it any more.", {"api": "0.2.0", "processor": "0.3.0"}, True),
        ("Text\n\nPhase: contract.", None, False),
        ("Text\n\nPhase: contract.", {}, False),
        ("Text\n\nPhase: contract.", {"relay": "0.2.0"}, False),
        ("Text\n\nPhase: contract.", {"api": "newest"}, False),
        ("Text\n\nPhase: expand.", {"api": "0.2.0"}, False),
        ("Text\n\nPhase: expand (or contract: say which).", None, False),
        ("Text\n\nPhase: expand or contract.", None, False),
        ("Text", None, False),
        (None, None, False),
    ],
)
def test_a_revision_that_does_not_make_up_its_mind_is_noticed(docstring, needs, is_fine):
    assert (fault(docstring, needs) is None) == is_fine


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        ("ALTER TABLE tasks ADD COLUMN colour text", []),
        ("ALTER TABLE tasks ADD COLUMN colour text NOT NULL DEFAULT 'red'", []),
        ("ALTER TABLE tasks ALTER COLUMN kind DROP NOT NULL", []),
        ("CREATE TABLE colours (colour text NOT NULL)", []),
        ("COMMENT ON COLUMN tasks.kind IS 'Another comment.'", []),
        ("ALTER TABLE tasks ADD COLUMN colour text NOT NULL", ["column tasks.colour must be written"]),
        ("ALTER TABLE tasks ALTER COLUMN description SET NOT NULL", ["column tasks.description is another one"]),
        ("ALTER TABLE tasks ALTER COLUMN payload_version TYPE bigint", ["column tasks.payload_version is another one"]),
        ("ALTER TABLE tasks ALTER COLUMN attempt DROP DEFAULT", ["column tasks.attempt is another one"]),
        ("REVOKE SELECT ON tasks FROM waybill_api", ["grant waybill_api SELECT on tasks"]),
        (
            "ALTER TABLE dead_letters RENAME COLUMN body TO content",
            ["column dead_letters.body is gone", "column dead_letters.content must be written"],
        ),
    ],
)
async def test_what_would_break_code_of_before_is_noticed(database, catalog, change, noticed):
    before = await catalog(database)
    owner = await database.connect("waybill_owner")
    await owner.execute(change)
    assert taken_from_old_code(before, await catalog(database)) == noticed
