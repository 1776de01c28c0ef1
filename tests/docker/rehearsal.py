"""A Dockerfile's steps without Docker: the same files and commands, with `/opt` in another folder.

What this leaves out is the base image, the user and the isolation: the interpreter is the one that runs the tests.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.docker.dockerfile import Stage, build_context, read_dockerfile
from tools.uv import uv
from tools.workspace import ROOT

# The machine's own way to its registry stays, as a builder of images has one too.
KEPT = ("PIP_", "SSL_", "REQUESTS_", "HTTP", "http", "NO_PROXY", "no_proxy", "LANG", "HOME")
# Of no matter to what comes out: here the packages may come from a cache.
LEFT_OUT = {"PIP_NO_CACHE_DIR"}


DOCKERFILES = {
    path.parent.name: path
    for path in (
        ROOT / "services/api/Dockerfile",
        ROOT / "services/processor/Dockerfile",
        ROOT / "migrations/Dockerfile",
    )
}


@dataclass(frozen=True)
class Image:
    """What a build leaves: the file system under `root`, and the last stage with its command and variables."""

    root: Path
    stage: Stage
    variables: dict[str, str]

    def command(self, *arguments: str) -> tuple[str, ...]:
        """What a container runs, given these arguments instead of CMD; its program by full path."""
        entrypoint = [word for instruction in self.stage.all("ENTRYPOINT") for word in instruction.argv]
        default = [word for instruction in self.stage.all("CMD") for word in instruction.argv]
        program, *rest = [*entrypoint, *(arguments or default)]
        found = shutil.which(program, path=self.variables["PATH"])
        assert found is not None, f"{program} is not in the image"
        return (found, *rest)


def rehearse(dockerfile: Path, folder: Path) -> Image:
    """Go through both stages. The second has only what it copies: the first is moved away before."""
    python_image = folder / "image"
    uv("venv", "--quiet", "--no-project", "--seed", "--python", sys.executable, str(python_image))
    path = f"{python_image / 'bin'}:/usr/bin:/bin"
    root = folder / "root"
    done: dict[str, Path] = {}
    variables: dict[str, str] = {}
    for stage in (stages := read_dockerfile(dockerfile)):
        root.mkdir()
        variables = stage.environment({"PATH": path})
        variables = {name: value.replace("/opt/", f"{root}/opt/") for name, value in variables.items()}
        perform(stage, root, done, variables)
        if stage is not stages[-1]:
            done[stage.name] = root.rename(folder / stage.name)
    return Image(root, stages[-1], variables)


def perform(stage: Stage, root: Path, done: dict[str, Path], variables: dict[str, str]) -> None:
    """WORKDIR, COPY and RUN, in their order."""
    folder = root
    for instruction in stage.instructions:
        match instruction.word:
            case "WORKDIR":
                folder = root / instruction.rest.lstrip("/")
                folder.mkdir(parents=True)
            case "COPY":
                *sources, target = instruction.rest.split()
                origin = done.get(instruction.flags.get("from", ""))
                for source in sources:
                    copy(source, folder / target.lstrip("/"), origin, into=target.endswith("/"))
            case "RUN":
                run(instruction.rest.replace("/opt/", f"{root}/opt/"), folder, variables)
            case _:
                pass


def copy(source: str, target: Path, origin: Path | None, *, into: bool) -> None:
    """From an earlier stage, or else from the build context."""
    if origin is not None:
        shutil.copytree(origin / source.lstrip("/"), target, symlinks=True)
        return
    files = build_context(source)
    assert files, f"COPY {source}: .dockerignore leaves nothing of it"
    for path in files:
        inside = path.relative_to(source) if path != Path(source) else Path(path.name if into else ".")
        (target / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, target / inside)


def run(command: str, folder: Path, variables: dict[str, str]) -> None:
    """As `/bin/sh -c` would; fails with the end of what it said."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    asked = {name: value for name, value in variables.items() if name not in LEFT_OUT}
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env={**kept, **asked}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"RUN {command}\n{(done.stdout + done.stderr)[-3000:]}"
