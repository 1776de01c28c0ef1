"""The README, typed as it stands: its commands and its new kind, in a copy of this checkout."""

import json
import os
import re
import shutil
import socket
import subprocess
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

    def run(self, command: str) -> str:
        moved = command.replace("localhost:8000", f"localhost:{self.port}")
        where = {"cwd": self.folder, "env": self.environment}
        done = subprocess.run(moved, shell=True, **where, text=True, capture_output=True, timeout=300, check=False)
        assert done.returncode == 0, f"$ {command}\n{done.stdout}\n{done.stderr}"
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
    assert completed(copy, get, accepted)["id"] == task["id"]  # the data of the first stack is still there


def test_every_example_answer_in_the_readme_is_json():
    for block in BLOCKS:
        if block.language == "json":
            json.loads(block.text)


def test_every_file_that_the_documents_link_to_exists():
    for document in ("README.md", "ARCHITECTURE.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / document).read_text()):
            assert (ROOT / target).exists(), f"{document} links to {target}"
