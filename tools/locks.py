"""`just lock` writes the hash-pinned locks; `just check` compares the digest in each head with the inputs of today.

There is no uv.lock, since that names the registry's host on every line.
"""

import hashlib
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools.uv import uv
from tools.workspace import ROOT, Package, WorkspaceError, canonical, packages, read_pyproject, siblings

DIGEST_LINE = re.compile(r"^# inputs: (\S+)$", re.MULTILINE)
ROOT_LOCK = ROOT / "requirements.lock"
TOOLS_LOCK = ROOT / "tools" / "requirements.lock"
BUILD_LOCK = ROOT / "tools" / "requirements-build.lock"


@dataclass(frozen=True)
class Lock:
    """One lock: the file, what it is for, its sources as arguments of `uv pip compile`, and what its digest covers."""

    path: Path
    purpose: str
    sources: list[str]
    inputs: object

    @property
    def digest(self) -> str:
        """Changes whenever the lock has to be made again; a new version of a member alone does not change it."""
        return "sha256:" + hashlib.sha256(canonical(self.inputs)).hexdigest()

    @property
    def recorded_digest(self) -> str | None:
        """The digest in the head of the file, None without a file or a head."""
        found = DIGEST_LINE.search(self.path.read_text()) if self.path.exists() else None
        return found.group(1) if found else None


def locks() -> list[Lock]:
    """All locks of the workspace; the root's comes first, since the others take their versions from it."""
    found = [root_lock(), tools_lock(), build_lock()]
    for package in packages():
        found.append(package_lock(package))
        if package.lambda_lock:
            found.append(package_lambda_lock(package, package.lambda_lock))
        if "test" in groups_of(package):
            found.append(package_test_lock(package))
        found += [tool_lock(package, group, path) for group, path in package.tool_locks.items()]
    return found


def root_lock() -> Lock:
    """Everything that development needs: all members, their test groups, the checks."""
    pyproject = read_pyproject(ROOT)
    groups = [f"pyproject.toml:{group}" for group in pyproject["dependency-groups"] if group != "tools"]
    groups += [f"{package.folder}/pyproject.toml:test" for package in packages() if "test" in groups_of(package)]
    return Lock(
        path=ROOT_LOCK,
        purpose="Third-party packages of the development environment",
        sources=["pyproject.toml", *(f"--group={group}" for group in groups)],
        inputs=[
            pyproject["project"]["requires-python"],
            pyproject["dependency-groups"],
            [
                [package.name, package.dependencies, package.extras, groups_of(package).get("test", [])]
                for package in packages()
            ],
        ],
    )


def tools_lock() -> Lock:
    """What justw fetches where uv or just is missing."""
    return Lock(
        path=TOOLS_LOCK,
        purpose="What justw fetches where it is missing",
        sources=["--group=pyproject.toml:tools"],
        inputs=read_pyproject(ROOT)["dependency-groups"]["tools"],
    )


def build_lock() -> Lock:
    """What builds the wheels of members inside an image."""
    return Lock(
        path=BUILD_LOCK,
        purpose="What builds the packages of Waybill",
        sources=["--group=pyproject.toml:build", constraint(ROOT_LOCK)],
        inputs=read_pyproject(ROOT)["dependency-groups"]["build"],
    )


def package_lock(package: Package) -> Lock:
    """What a member needs to run, with its extras: its image and its test environment are installed from it."""
    return Lock(
        path=package.lock,
        purpose=f"Third-party packages that {package.name} needs to run",
        sources=[f"{package.folder}/pyproject.toml", "--all-extras", constraint(ROOT_LOCK)],
        inputs=requirements(package),
    )


def package_lambda_lock(package: Package, path: Path) -> Lock:
    """What a member needs as a Lambda function: a part of `package_lock`, in the same versions."""
    return Lock(
        path=path,
        purpose=f"Third-party packages in the Lambda zip of {package.name}",
        sources=[f"{package.folder}/pyproject.toml", constraint(ROOT_LOCK), constraint(package.lock)],
        inputs=requirements(package),
    )


def package_test_lock(package: Package) -> Lock:
    """The test tools of a member, kept apart so that what is deployed has none of them."""
    return Lock(
        path=package.test_lock,
        purpose=f"What the tests of {package.name} need besides requirements.lock",
        sources=[f"--group={package.folder}/pyproject.toml:test", constraint(ROOT_LOCK), constraint(package.lock)],
        inputs=[requirements(package), groups_of(package).get("test", [])],
    )


def tool_lock(package: Package, group: str, path: str) -> Lock:
    """A tool that a member installs by itself into an environment of its own, with versions of its own."""
    return Lock(
        path=ROOT / package.folder / path,
        purpose=f"What {package.name} installs of {group} into an environment of its own",
        sources=[f"--group={package.folder}/pyproject.toml:{group}"],
        inputs=groups_of(package)[group],
    )


def constraint(lock: Path) -> str:
    """The argument that holds a resolution to the versions of another lock."""
    return f"--constraints={lock.relative_to(ROOT).as_posix()}"


def groups_of(package: Package) -> dict[str, list[str]]:
    """The dependency groups that a member declares."""
    return package.pyproject.get("dependency-groups", {})


def requirements(package: Package) -> list[object]:
    """What decides the lock of `package`: its own requirements and those of the members it needs."""
    return [
        [member.name, member.pyproject["project"]["requires-python"], sorted(member.dependencies), member.extras]
        for member in [package, *siblings(package)]
    ]


def compile_lock(lock: Lock, options: list[str]) -> None:
    """Resolve `lock` anew, keeping its versions where they still fit, and put it in place in one step."""
    not_ours = [f"--no-emit-package={package.name}" for package in packages()]
    with tempfile.TemporaryDirectory(prefix="waybill-lock-") as folder:
        draft = Path(folder) / "requirements.lock"
        if lock.path.exists():
            draft.write_text(lock.path.read_text())
        wanted = ["--universal", "--python-version=3.11", "--generate-hashes", "--no-header", "--no-annotate"]
        uv("pip", "compile", "--quiet", *wanted, f"--output-file={draft}", *not_ours, *options, *lock.sources)
        head = f"# {lock.purpose}, pinned by hash. Made by `./justw lock`: do not edit.\n# inputs: {lock.digest}\n"
        beside = lock.path.with_suffix(".new")
        beside.write_text(head + draft.read_text())
        beside.replace(lock.path)


def stale() -> list[str]:
    """A line for each lock that does not belong to today's inputs."""
    return [
        f"{lock.path.relative_to(ROOT)} does not fit its pyproject.toml: run ./justw lock"
        for lock in locks()
        if lock.recorded_digest != lock.digest
    ]


def main(arguments: list[str]) -> int:
    """`--check` compares; else lock, with the options given to uv, as `--upgrade` or `--upgrade-package=litestar`."""
    if arguments == ["--check"]:
        problems = stale()
        print("\n".join(problems) or f"{len(locks())} locks fit their inputs")
        return 1 if problems else 0
    for lock in locks():
        print(f"locking {lock.path.relative_to(ROOT)}", flush=True)
        # The packages' locks follow the root's; the others stand alone.
        alone = not any(source.startswith("--constraints") for source in lock.sources)
        compile_lock(lock, arguments if alone else [])
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except WorkspaceError as error:
        sys.exit(f"lock: {error}")
