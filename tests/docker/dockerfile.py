"""Dockerfiles as their instructions, and what .dockerignore leaves of the build context."""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tools.workspace import ROOT


@dataclass(frozen=True)
class Instruction:
    """One instruction; `flags` are its leading `--name=value`."""

    word: str
    text: str

    @property
    def flags(self) -> dict[str, str]:
        leading = re.match(r"(--\S+\s+)*", self.text)
        assert leading is not None
        return dict(flag.removeprefix("--").split("=", 1) for flag in leading[0].split())

    @property
    def rest(self) -> str:
        """The text without the flags."""
        return re.sub(r"^(--\S+\s+)*", "", self.text)

    @property
    def argv(self) -> list[str]:
        """Of the exec form; raises ValueError for the shell form."""
        return json.loads(self.rest)


@dataclass
class Stage:
    """From one FROM to the next."""

    image: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, word: str) -> list[Instruction]:
        return [instruction for instruction in self.instructions if instruction.word == word]

    def environment(self, image: dict[str, str]) -> dict[str, str]:
        """What its ENVs make of the image's variables."""
        variables = dict(image)
        for instruction in self.all("ENV"):
            for name, value in (pair.split("=", 1) for pair in instruction.text.split()):
                variables[name] = re.sub(r"\$(\w+)", lambda found: variables[found[1]], value)
        return variables


def read_dockerfile(path: Path) -> list[Stage]:
    """The stages; comments and continued lines as Docker reads them."""
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    stages: list[Stage] = []
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        if not line.strip():
            continue
        word, text = line.strip().split(None, 1)
        if word == "FROM":
            image, _, name = text.partition(" AS ")
            stages.append(Stage(image, name))
        else:
            stages[-1].instructions.append(Instruction(word, text))
    return stages


def build_context(source: str) -> list[Path]:
    """What a build sees of a folder or file of the checkout: its files, relative to the checkout."""
    start = ROOT / source
    files = [start] if start.is_file() else sorted(path for path in start.rglob("*") if path.is_file())
    return [path.relative_to(ROOT) for path in files if not is_ignored(path.relative_to(ROOT))]


def is_ignored(path: Path) -> bool:
    """What .dockerignore says: the last pattern that matches the path, or a folder it lies in, decides."""
    ignored = False
    parts = [part.as_posix() for part in (path, *path.parents)]
    for pattern, ignores in ignore_patterns():
        if any(pattern.fullmatch(part) for part in parts):
            ignored = ignores
    return ignored


@cache
def ignore_patterns() -> list[tuple[re.Pattern[str], bool]]:
    """The patterns of .dockerignore, each with whether it leaves out or takes in."""
    found: list[tuple[re.Pattern[str], bool]] = []
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#"):
            regex = re.escape(line.removeprefix("!")).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
            found.append((re.compile(regex), not line.startswith("!")))
    return found
