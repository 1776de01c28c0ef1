"""A checkout of its own for each test, with stand-ins for the services: the stack around them is what is tested."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from waybill_dev.commands.down import down, reset
from waybill_dev.ministack.tool import installed_python, tool_folder
from waybill_dev.ports import free_port
from waybill_dev.postgres.binaries import wheel_bin_folder
from waybill_dev.settings import StackSettings
from waybill_dev.waiting import wait_until

STAND_INS = Path(__file__).parent / "stand_ins"
PARTS = ("postgres", "ministack", "api", "worker")


class Stack:
    """The command waybill-dev, run in a checkout of its own on free ports."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        self.home = checkout / ".local"
        self.api_port = free_port()
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "UV", "UV_SYSTEM_CERTS") if name in os.environ}
        self.environment = {
            **kept,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "WAYBILL_API_PORT": str(self.api_port),
            "WAYBILL_AWS_PORT": str(free_port()),
            "AWS_PROFILE": "somebody-elses",
        }
        self.started: list[subprocess.Popen[str]] = []

    def command(self, *words: str) -> list[str]:
        return [str(self.checkout / ".venv/bin/python"), "-m", "waybill_dev.main", *words]

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            env={**self.environment, **environment},
            cwd=self.checkout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, **environment: str) -> "subprocess.Popen[str]":
        """`up` in the foreground, writing to a file."""
        with (self.checkout / "out.txt").open("w") as out:
            process = subprocess.Popen(
                self.command("up"),
                env={**self.environment, **environment},
                cwd=self.checkout,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def output(self) -> str:
        return (self.checkout / "out.txt").read_text()

    def start_until_ready(self, **environment: str) -> "subprocess.Popen[str]":
        process = self.start(**environment)
        self.await_output("Waybill is ready", process)
        return process

    def await_output(self, text: str, process: "subprocess.Popen[str] | None" = None) -> None:
        def seen() -> bool:
            return text in self.output() or (process is not None and process.poll() is not None)

        assert wait_until(seen, timeout_seconds=30), f"never said {text!r}:\n{self.output()}"
        assert text in self.output(), self.output()

    def status(self) -> dict[str, Any]:
        return json.loads(self.run("status", "--json").stdout)

    def pids(self) -> dict[str, int]:
        processes = self.status()["processes"]
        return {name: processes[name]["pid"] for name in PARTS}

    def sql(self, statement: str) -> str:
        """Rows that the owner of the schema gets out of the running stack's database."""
        address: str = self.status()["addresses"]["database"]
        password: str = json.loads((self.home / "passwords.json").read_text())["waybill_owner"]
        psql = [wheel_bin_folder() / "psql", "-XqAt", address, "-c", statement]
        done = subprocess.run(psql, env={"PGPASSWORD": password}, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def clean_up(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(30)
        settings = StackSettings(self.checkout, self.home, self.api_port, 0, None, {})
        down(settings)
        reset(settings, yes=True)


@pytest.fixture(scope="session")
def interpreter_with_stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment folder whose interpreter finds our stand-ins beside it."""
    folder = tmp_path_factory.mktemp("environment")
    real = Path(sys.executable).resolve()
    (folder / "bin").mkdir()
    (folder / "bin/python").symlink_to(real)
    (folder / "pyvenv.cfg").write_text(f"home = {real.parent}\n")
    for source in STAND_INS.glob("*.py"):
        script = folder / "bin" / source.stem.replace("_", "-")
        script.write_text(f"#!{folder / 'bin/python'}\n{source.read_text()}")
        script.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def tools_folder() -> Path:
    """Where MiniStack is installed, once for all tests."""
    installed_python()
    return tool_folder().parent


def make_checkout(checkout: Path, interpreter: Path, tools: Path) -> Stack:
    (checkout / "dev").mkdir(parents=True)
    (checkout / "dev/pyproject.toml").write_text('name = "waybill-dev"')
    (checkout / ".tools").symlink_to(tools)
    shutil.copytree(interpreter, checkout / ".venv", symlinks=True)
    for script in (checkout / ".venv/bin").glob("waybill-*"):
        script.write_text(script.read_text().replace(str(interpreter), str(checkout / ".venv")))
    return Stack(checkout)


@pytest.fixture
def make_stack(
    tmp_path: Path, interpreter_with_stand_ins: Path, tools_folder: Path
) -> Iterator[Callable[[str], Stack]]:
    made: list[Stack] = []

    def make(name: str) -> Stack:
        made.append(make_checkout(tmp_path / name, interpreter_with_stand_ins, tools_folder))
        return made[-1]

    yield make
    for stack in made:
        stack.clean_up()


@pytest.fixture
def stack(make_stack: Callable[[str], Stack]) -> Stack:
    return make_stack("checkout")


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, interpreter_with_stand_ins: Path, tools_folder: Path
) -> Iterator[Stack]:
    """A stack that runs in the foreground, shared by tests that leave it running."""
    stack = make_checkout(tmp_path_factory.mktemp("shared") / "checkout", interpreter_with_stand_ins, tools_folder)
    try:
        stack.start_until_ready()
        yield stack
    finally:
        stack.clean_up()


@pytest.fixture(scope="session")
def checkout_maker() -> Callable[[Path, Path, Path], Stack]:
    return make_checkout
