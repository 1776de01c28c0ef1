"""`up docker`: the same stack in containers, by docker-compose.yml."""

import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

from waybill_dev.errors import StackError
from waybill_dev.settings import StackSettings

_WITHOUT = "'./justw up' runs the same without Docker"
_ANSWER_SECONDS = 20.0
# The machine's word for itself to CloudFormation's.
_ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64"}


def up_docker(settings: StackSettings, *, detach: bool, function: bool) -> NoReturn:
    """Become `docker compose up`; with `function` that in place of the worker. Raises StackError if it cannot run."""
    docker = _require_docker()
    architecture = _ARCHITECTURES.get(platform.machine(), "x86_64")
    if function:
        _require_zip(settings.checkout, architecture)
    print(
        f"waybill: the API will be at http://localhost:{settings.api_port}; "
        "`docker compose down` ends what is left running, `docker compose logs --follow` shows its log",
        flush=True,
    )
    options = [*(["--profile=lambda"] if function else []), "up", "--build"]
    options += ["--scale=processor=0"] if function else []
    options += ["--detach"] if detach else []
    environment = {**os.environ, "WAYBILL_LAMBDA_ARCH": architecture}
    # In our place, so that Ctrl-C and the exit code are Compose's own.
    os.execve(docker, ["docker", "compose", f"--project-directory={settings.checkout}", *options], environment)


def _require_docker() -> str:
    docker = shutil.which("docker")
    if docker is None:
        raise StackError(f"docker is not installed: install it with its compose plugin; {_WITHOUT}")
    if _complaint(docker, "compose", "version") is not None:
        raise StackError(f"this docker has no compose plugin: install docker-compose-plugin; {_WITHOUT}")
    complaint = _complaint(docker, "info", "--format={{.ServerVersion}}")
    if complaint is not None:
        raise StackError(f"the Docker engine does not answer ({complaint}): start it; {_WITHOUT}")
    return docker


def _complaint(*argv: str) -> str | None:
    """Last line of what a command said when it failed; None if it did not fail."""
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, errors="replace", timeout=_ANSWER_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {_ANSWER_SECONDS:.0f} s"
    lines = (done.stderr + done.stdout).strip().splitlines()
    return None if done.returncode == 0 else (lines[-1].strip() if lines else "it said nothing")


def _require_zip(checkout: Path, architecture: str) -> None:
    zipped = checkout / "dist" / f"processor-aws-{architecture}.zip"
    if not zipped.exists():
        raise StackError(f"{zipped} is missing: './justw package processor aws --arch {architecture}' makes it")
