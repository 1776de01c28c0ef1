"""The import rules bite: in a copy of the sources, one forbidden import is planted for each rule."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tools.workspace import ROOT, packages

# The beginning of a rule's name, the file that breaks it, the import that does.
PLANTED = [
    ("Services, migrations and local stack", "waybill_api/views.py", "import waybill_processor.policy"),
    ("Services, migrations and local stack", "waybill_processor/policy.py", "import waybill_dev.ports"),
    ("Services, migrations and local stack", "waybill_runtime/settings.py", "import waybill_contracts"),
    ("Contracts need msgspec", "waybill_contracts/stored.py", "import structlog"),
    ("SQL is spoken", "waybill_api/routes.py", "import asyncpg"),
    ("AWS is spoken to", "waybill_processor/core.py", "import botocore.exceptions"),
    ("AWS is spoken to", "waybill_api/queue.py", "import aiohttp"),
    ("Only the worker receives", "waybill_processor/core.py", "import waybill_processor.queue"),
    ("What runs on Lambda", "waybill_processor/recording.py", "import waybill_runtime.sqs"),
    ("A handler sees", "waybill_processor/handlers/note_process.py", "import waybill_processor.store"),
    ("A handler sees", "waybill_processor/handlers/note_process.py", "import waybill_runtime.database"),
    ("The API:", "waybill_api/store/tasks.py", "import waybill_api.routes"),
    ("The API:", "waybill_api/relay/loop.py", "import waybill_api.routes"),
    ("The API:", "waybill_api/manifest.py", "import waybill_api.store.tasks"),
    ("The processor:", "waybill_processor/manifest.py", "import waybill_processor.core"),
    ("SQL is spoken", "waybill_runtime/instances.py", "import asyncpg"),
    ("The processor:", "waybill_processor/running.py", "import waybill_processor.core"),
]
RULES = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
]


def broken_rules(sources: Path) -> set[str]:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-cache", "--no-logo", f"--config={ROOT / 'pyproject.toml'}"],
        env={**os.environ, "PYTHONPATH": str(sources), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return {rule for rule in RULES if f"{rule} BROKEN" in " ".join(done.stdout.split())}


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for package in packages():
        shutil.copytree(ROOT / package.folder / "src", tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize(("rule", "file", "statement"), PLANTED)
def test_a_planted_import_breaks_its_rule(sources: Path, rule: str, file: str, statement: str) -> None:
    with (sources / file).open("a") as module:
        module.write(f"\n{statement}\n")
    assert any(broken.startswith(rule) for broken in broken_rules(sources))


def test_every_rule_has_a_planted_import() -> None:
    assert [rule for rule in RULES if not any(rule.startswith(begin) for begin, _, _ in PLANTED)] == []
