"""Command `waybill-migrate`: exit codes, and one line for each failure."""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import waybill_migrations
from alembic.script import ScriptDirectory
from waybill_migrations.main import VARIABLE, config_for

NEWEST = ScriptDirectory.from_config(config_for("")).get_current_head()
COMMAND = Path(sys.executable).with_name("waybill-migrate")
IN_TURN = """
import sys
from waybill_migrations import main
assert main.__file__.startswith(sys.argv[1]), main.__file__
for words in (["new", "add a colour"], ["head"], ["check"], [sys.argv[2]]):
    sys.argv[1:] = words
    main.main()
"""


def test_the_installed_command_says_in_one_line_that_its_setting_is_missing():
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    done = subprocess.run([COMMAND], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr.count("\n") == 1
    assert VARIABLE in done.stderr


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "postgres://owner@host/name",
        "postgresql://owner@host:port/name",
        "postgresql://owner@host",
        "mysql://h/n",
    ],
)
async def test_what_is_no_address_of_a_database_is_a_bad_setting(run_migrate, url):
    done = await run_migrate(url)
    assert (done.code, done.out) == (78, "")
    assert VARIABLE in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("url", ["postgresql://owner@127.0.0.1:1/name", "postgresql://owner@host.invalid/name"])
async def test_a_server_that_is_not_there_is_one_line_and_exit_1(run_migrate, url):
    done = await run_migrate(url)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("migration failed, nothing was changed: ")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda url: url + "_not", "does not exist"),
        (lambda url: url.replace("waybill_owner", "nobody"), 'role "nobody" does not exist'),
        (lambda url: url.replace("waybill_owner", "waybill_api"), "permission denied"),
    ],
)
async def test_a_server_that_refuses_is_one_line_with_its_reason(run_migrate, empty_database, change, why):
    done = await run_migrate(change(empty_database.url("waybill_owner")))
    assert (done.code, done.out) == (1, "")
    assert why in done.err
    assert done.err.count("\n") == 1


async def test_a_revision_that_does_not_exist_is_refused_by_its_name(run_migrate, database):
    done = await run_migrate(database.url("waybill_owner"), "9999")
    assert (done.code, done.err) == (1, "migration refused: Can't locate revision identified by '9999'\n")


async def test_a_database_at_a_revision_of_other_code_is_refused_with_what_to_do(run_migrate, database):
    owner = await database.connect("waybill_owner")
    await owner.execute("UPDATE alembic_version SET version_num = '9999'")
    for words in ([], ["0001"], ["new", "text"]):
        done = await run_migrate(database.url("waybill_owner"), *words)
        assert done.code == 1
        assert "at revision 9999, which this code does not have" in done.err
        assert done.err.count("\n") == 1


async def test_words_that_make_no_sense_are_answered_with_the_usage(run_migrate, database):
    done = await run_migrate(database.url("waybill_owner"), "up", "please")
    assert done.code == 2
    assert done.err.startswith("usage: waybill-migrate ")


async def test_check_says_that_a_database_differs_from_the_code(run_migrate, database):
    owner = await database.connect("waybill_owner")
    await owner.execute("ALTER TABLE tasks ADD COLUMN colour text")
    done = await run_migrate(database.url("waybill_owner"), "check")
    assert done.code == 1
    assert "colour" in done.err
    assert done.err.count("\n") == 1


async def test_new_writes_a_revision_out_of_the_difference_and_it_runs(empty_database, run_migrate, tmp_path):
    copy = tmp_path / "waybill_migrations"
    shutil.copytree(Path(waybill_migrations.__file__).parent, copy)
    with (copy / "schema.py").open("a") as schema:
        schema.write('\ntasks.append_column(sa.Column("colour", sa.Text))\n')
    url = empty_database.url("waybill_owner")
    assert (await run_migrate(url)).code == 0
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", IN_TURN, str(tmp_path), NEWEST],
        env={**os.environ, VARIABLE: url, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    following = f"{int(NEWEST) + 1:04}"
    written = (copy / "versions" / f"{following}_add_a_colour.py").read_text()
    assert "op.add_column('tasks', sa.Column('colour', sa.Text(), nullable=True))" in written
    assert written.startswith('"""add a colour\n\nPhase: expand')
    assert done.stdout.endswith(f"schema is at {NEWEST} (was {following})\n")
