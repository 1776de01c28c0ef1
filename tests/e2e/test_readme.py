"""The README, typed as it stands: its commands and its new kind, in a copy of this checkout."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

SENTENCE = re.compile(
    r"Processed task 'Complete Flow Test' at \d{4}-\d\d-\d\dT[\d:.]+\+00:00"
    r" with description: Testing end-to-end process"
)

# What the working tree would break, as its author reads it.
REFUSED = """
from tools.contracts.comparison import against, anything
from tools.contracts.findings import report
from tools.contracts.history import History
from tools.contracts.versions import released, working_tree
print(report(against(working_tree(), list(map(released, History.load().releases)), anything)))
"""


class Block(NamedTuple):
    language: str
    path: str
    text: str


BLOCKS = [Block(*match.groups()) for match in FENCE.finditer((ROOT / "README.md").read_text())]


class Copy:
    """A copy of the checkout with ports and a home of its own, as its user would have it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.environment = {
            **os.environ,
            "WAYBILL_API_PORT": str(self.port),
            "WAYBILL_AWS_PORT": str(_free_port()),
            "WAYBILL_HOME": ".local",
            "PATH": os.pathsep.join([*_fetched_tools(), os.environ["PATH"]]),
        }
        tracked = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True)
        for name in tracked.splitlines():
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)

    def run(self, command: str, exit_code: int = 0) -> str:
        moved = command.replace("localhost:8000", f"localhost:{self.port}")
        where = {"cwd": self.folder, "env": self.environment}
        done = subprocess.run(moved, shell=True, **where, text=True, capture_output=True, timeout=300, check=False)
        assert done.returncode == exit_code, f"$ {command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def apply(self, block: Block) -> None:
        target = self.folder / block.path
        if block.language == "python":
            assert not target.exists(), f"{block.path} is said to be new"
            target.write_text(block.text)
            return
        lines = block.text.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] == " ")
        text = target.read_text()
        assert text.count(before) == 1, f"the README shows lines that {block.path} does not have:\n{before}"
        target.write_text(text.replace(before, "".join(line[1:] for line in lines)))


def transcript() -> tuple[str, list[str]]:
    """The command that the README shows together with its answer, and the answer's lines."""
    [block] = [block for block in BLOCKS if block.text.startswith("$ ")]
    command, *lines = block.text.splitlines()
    return command.removeprefix("$ "), lines


def outline(line: str) -> str:
    """A line of can-i-deploy without what the next version, or another message in the queue, changes in it."""
    without_versions = re.sub(r"(api|processor)@[\d.]+( [0-9a-f]{8})?", r"\1", line)
    return " ".join(re.sub(r"of \d+ rows", "rows", without_versions).split())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _fetched_tools() -> list[str]:
    """Where this checkout's justw put uv and just, so that the copy need not fetch them again."""
    return [str(folder) for folder in (ROOT / ".tools").glob("[uj][vu]*-*") if folder.is_dir()]


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    made = Copy(tmp_path / "waybill")
    yield made
    for command in (["down"], ["reset", "--yes"]):  # run by root, its data may stand outside of the copy
        subprocess.run(["./justw", *command], cwd=made.folder, env=made.environment, capture_output=True, check=False)
    shutil.rmtree(made.folder)


def completed(copy: Copy, command: str, accepted: str) -> dict[str, Any]:
    """Asks until the task of an accepted answer is completed, by the README's own command."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        task = json.loads(copy.run(command.replace("<id>", json.loads(accepted)["id"])))
        if task["status"] == "completed":
            return task
    raise AssertionError(f"not completed within 10 s: {task}")


@pytest.mark.timeout(600)
def test_what_the_readme_says_is_what_happens(copy: Copy):
    shell = iter([block.text.strip() for block in BLOCKS if block.language == "sh"])
    up, post, get, newest, demo, look_and_end, post_new = shell
    copy.run(up)
    accepted = copy.run(post)
    assert json.loads(accepted)["status"] == "pending"
    task = completed(copy, get, accepted)
    assert SENTENCE.fullmatch(task["result"]["message"])
    assert [item["id"] for item in json.loads(copy.run(newest))["items"]] == [task["id"]]
    assert "worker process" in copy.run(demo)
    for command in look_and_end.splitlines():
        copy.run(command)

    for block in BLOCKS:
        if block.path:
            copy.apply(block)
    copy.run(up)
    assert completed(copy, get, copy.run(post_new))["result"] == {"words": 6, "characters": 18}
    command, lines = transcript()
    assert {outline(line) for line in lines} - {"...", ""} <= set(map(outline, copy.run(command, 1).splitlines()))
    assert completed(copy, get, accepted)["id"] == task["id"]  # the data of the first stack is still there


def test_the_change_that_the_readme_says_is_refused_is_refused_in_these_words(tmp_path: Path):
    [edit] = [block.text for block in BLOCKS if block.language == "diff" and not block.path]
    [said] = [block.text for block in BLOCKS if block.text.startswith("BREAKING")]
    removed, added = (line[1:] for line in edit.splitlines(keepends=True))
    shutil.copytree(ROOT / "shared/contracts/src/waybill_contracts", tmp_path / "waybill_contracts")
    file = tmp_path / "waybill_contracts" / "kinds" / "webhook_deliver.py"
    assert file.read_text().count(removed) == 1
    file.write_text(file.read_text().replace(removed, added))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    report = subprocess.check_output([sys.executable, "-c", REFUSED], cwd=ROOT, env=environment, text=True)
    lines = report.splitlines()
    first = lines.index(said.splitlines()[0])
    for shown, line in zip(said.splitlines(), lines[first:], strict=False):
        assert line.startswith(shown)  # later releases are more pairs that fail


def test_every_example_answer_in_the_readme_is_json():
    for block in BLOCKS:
        if block.language == "json":
            json.loads(block.text)


def test_every_file_that_the_documents_link_to_exists():
    for document in ("README.md", "ARCHITECTURE.md", "docs/contracts/README.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / document).read_text()):
            assert ((ROOT / document).parent / target).exists(), f"{document} links to {target}"
