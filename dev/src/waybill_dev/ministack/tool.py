"""MiniStack as a tool in an environment of its own: it pins its own botocore, so no service may share one with it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from waybill_dev.checkout import checkout_folder
from waybill_dev.errors import StackError
from waybill_dev.lock import held_lock

VERSION = "1.5.33"
_LOCK = Path(__file__).with_name("requirements.lock")
_SIZE = "about 18 MB"


def tool_folder() -> Path:
    """Folder of the installed tool, by its version and ours of Python; shared by every home of the checkout."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return checkout_folder() / ".tools" / f"ministack-{VERSION}-python{python}"


def installed_python(announce: Callable[[str], None] = print) -> Path:
    """Interpreter that runs MiniStack; installs it first if needed, which `announce` is told.

    Raises StackError when uv is missing or the installation fails; the next call then begins anew.
    """
    folder = tool_folder()
    complete = folder / "complete"
    if not complete.exists():
        _make_parent(folder.parent)
        with held_lock(folder.parent / f"{folder.name}.lock", wait=True):
            if not complete.exists():  # somebody else may have installed it while we waited
                _install(folder, announce)
                complete.touch()
    return folder / "bin" / "python"


def find_uv() -> Path:
    """The uv to install with: variable UV, beside our interpreter, in .tools, on the PATH. Raises StackError."""
    beside = [Path(sys.executable).parent / "uv", *sorted((checkout_folder() / ".tools").glob("uv-*/uv"))]
    for name in (os.environ.get("UV") or "uv", *map(str, beside), "uv"):
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    raise StackError("uv is missing, which installs MiniStack: start with ./justw, or set UV to the path of uv")


def _make_parent(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StackError(f"cannot make {folder}: {error.strerror}") from None


def _install(folder: Path, announce: Callable[[str], None]) -> None:
    uv = str(find_uv())
    shutil.rmtree(folder, ignore_errors=True)  # half of it, when an earlier one was killed
    announce(f"first start: fetching MiniStack {VERSION} ({_SIZE}) into {folder}")
    _run([uv, "--quiet", "venv", "--no-project", "--python", sys.executable, str(folder)])
    _run([uv, "pip", "install", "--python", str(folder), "--require-hashes", "--no-deps", "-r", str(_LOCK)])
    announce(f"MiniStack {VERSION} is installed")


def _run(argv: list[str]) -> None:
    # uv writes its progress to our standard error itself: a bar on a terminal, lines elsewhere.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        raise StackError(
            f"MiniStack could not be installed (uv ended with {done.returncode}, see above): "
            "look after network and disk, then start again"
        )
