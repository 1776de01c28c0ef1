"""`just package processor`: the zip of a Lambda function, for this machine's MiniStack or for AWS.

    python -m tools.lambda_zip processor [local | aws] [--arch x86_64 | arm64]

Third-party packages come from the package's Lambda lock, by hash and as binary wheels of the target, whatever machine
builds; members go in as built wheels, as everywhere. Equal inputs make equal bytes.
"""

import argparse
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from waybill_dev.errors import StackError
from waybill_dev.ministack.tool import installed_python

from tools.bytecode import compile_folder, found_python
from tools.cold_import import cold_import_cpu_ms
from tools.environment import only_one
from tools.package_environment import ENVIRONMENTS, wheel
from tools.uv import uv
from tools.workspace import ROOT, Package, WorkspaceError, package_in, packages, siblings
from tools.zip_folder import zip_folder

# What the template names too; a test compares. Its Amazon Linux 2023 has glibc 2.34, so wheels for 2.28 will load.
AWS_RUNTIME = "python3.13"
AWS_VERSION = AWS_RUNTIME.removeprefix("python")
# CloudFormation's word for an architecture to uv's.
ARCHITECTURES = {"x86_64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}
DIST = ROOT / "dist"

FOLDERS_LEFT_OUT = {"bin", "tests"}
# What Cython and type checkers read, and uv's own lock.
SUFFIXES_LEFT_OUT = {".c", ".h", ".lock", ".pxd", ".pxi", ".pyi", ".pyx"}
# Notes of the installer. They hold its name and paths of the machine that built; METADATA and licences stay.
NOTES_LEFT_OUT = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"}


@dataclass(frozen=True)
class Target:
    """Where a zip is to run; without an `architecture` that is the Python of the local MiniStack."""

    architecture: str | None = None

    @property
    def name(self) -> str:
        """As in the zip's file name. The architecture stands there, so that no template gets the wrong zip."""
        return f"aws-{self.architecture}" if self.architecture else "local"

    @property
    def installing(self) -> list[str]:
        """How uv is told what to choose wheels for. Raises StackError if MiniStack cannot be installed."""
        if self.architecture is None:
            return ["--python", str(local_python())]
        platform = ARCHITECTURES[self.architecture]
        return ["--python", sys.executable, f"--python-version={AWS_VERSION}", f"--python-platform={platform}"]

    def python(self) -> Path | None:
        """An interpreter that makes bytecode for it, where there is one. Raises StackError as `installing` does."""
        return local_python() if self.architecture is None else found_python(AWS_VERSION)


LOCAL = Target()


def local_python() -> Path:
    """The interpreter that MiniStack runs functions with. Raises StackError if it cannot be installed."""
    return installed_python(announce=lambda line: print(line, file=sys.stderr))


def build(package: Package, target: Target) -> Path:
    """Make the zip of `package` anew, `dist/processor-local.zip` for example. Raises WorkspaceError and StackError."""
    if package.lambda_lock is None:
        functions = ", ".join(member.short_name for member in packages() if member.lambda_lock)
        raise WorkspaceError(f"{package.name} is no Lambda function; what can be packaged is: {functions}")
    DIST.mkdir(exist_ok=True)
    zipped = DIST / f"{package.short_name}-{target.name}.zip"
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=DIST) as folder:
        content, draft = Path(folder) / "content", Path(folder) / zipped.name
        install(package, package.lambda_lock, target, content)
        if (python := target.python()) is not None:
            compile_folder(python, content)
        zip_folder(content, draft, is_wanted)
        draft.replace(zipped)
    return zipped


def install(package: Package, lock: Path, target: Target, folder: Path) -> None:
    """Put what `lock` names, the package and its siblings into `folder`."""
    into = [*target.installing, f"--target={folder}", "--no-deps", "--link-mode=copy", "--no-compile-bytecode"]
    uv("pip", "install", "--quiet", *into, "--only-binary=:all:", "--require-hashes", f"--requirements={lock}")
    with only_one(ENVIRONMENTS):  # nobody else may replace the wheels meanwhile
        wheels = [wheel(member) for member in [package, *siblings(package)]]
        uv("pip", "install", "--quiet", *into, *map(str, wheels))


def is_wanted(path: PurePosixPath) -> bool:
    """Whether the function may need the file, and whether any machine would have made the same."""
    if path.suffix in SUFFIXES_LEFT_OUT or path.name == ".lock" or not FOLDERS_LEFT_OUT.isdisjoint(path.parts):
        return False
    return not (path.parent.suffix == ".dist-info" and path.name in NOTES_LEFT_OUT)


def entry_module(package: Package) -> str:
    """The module whose `handler` Lambda calls."""
    return f"{package.module}.aws_lambda"


def described(zipped: Path, seconds: float) -> str:
    """A line on a zip: where, how large, how many packages, and how long it took."""
    with zipfile.ZipFile(zipped) as archive:
        unzipped_bytes = sum(entry.file_size for entry in archive.infolist())
        count = sum(name.endswith(".dist-info/METADATA") for name in archive.namelist())
    size = f"{zipped.stat().st_size / 1e6:.1f} MB, {unzipped_bytes / 1e6:.1f} MB unzipped"
    return f"{zipped.relative_to(ROOT)}: {size}, {count} packages, built in {seconds:.1f} s"


def has_bytecode(zipped: Path) -> bool:
    """Whether a Python of the target was here to compile with."""
    with zipfile.ZipFile(zipped) as archive:
        return any(name.endswith(".pyc") for name in archive.namelist())


def main(arguments: list[str]) -> int:
    """Build the zip that the arguments name and say what came out."""
    parser = argparse.ArgumentParser(prog="just package")
    parser.add_argument("package", help="the function's package, as in processor")
    parser.add_argument("target", nargs="?", choices=["local", "aws"], default="local")
    parser.add_argument("--arch", choices=list(ARCHITECTURES), default="x86_64", help="of the function on AWS")
    parser.add_argument("--quick", action="store_true", help="without the measure of the import")
    options = parser.parse_args(arguments)
    package = package_in(options.package)
    begun = time.monotonic()
    zipped = build(package, Target(options.arch) if options.target == "aws" else LOCAL)
    print(described(zipped, time.monotonic() - begun))
    if not has_bytecode(zipped):
        told = f"uv python install {AWS_VERSION}"
        print(f"without bytecode, so a cold start compiles and takes twice as long: `{told}`, then build again")
    if options.target == "local" and not options.quick:
        milliseconds = cold_import_cpu_ms(local_python(), zipped, entry_module(package))
        print(f"cold import of {entry_module(package)}: {milliseconds:.0f} ms of CPU")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (WorkspaceError, StackError) as error:
        sys.exit(f"package: {error}")
