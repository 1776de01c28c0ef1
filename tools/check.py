"""`just check`: all checks at once, a line for each, the output of those that failed.

python -m tools.check
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.workspace import ROOT

PYTHON = (sys.executable, "-m")
TEMPLATES = ("deploy/*.yaml", "services/*/deploy/*.yaml")
DOCKERFILES = ("services/api/Dockerfile", "services/processor/Dockerfile", "migrations/Dockerfile")


@dataclass(frozen=True)
class Check:
    """A command that must end with 0, and what helps where it does not."""

    name: str
    command: tuple[str, ...]
    remedy: str = ""


CHECKS = (
    Check("format", (*PYTHON, "ruff", "format", "--check", "--quiet", "--diff", "."), "./justw fix repairs this"),
    Check("lint", (*PYTHON, "ruff", "check", "--quiet", "."), "./justw fix repairs some of it"),
    Check("types", (*PYTHON, "basedpyright", "--warnings")),
    Check(
        "imports",
        (str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"),
        "the rules stand in pyproject.toml",
    ),
    Check("dockerfiles", (str(Path(sys.executable).with_name("hadolint")), *DOCKERFILES)),
    Check("templates", (str(Path(sys.executable).with_name("cfn-lint")), *TEMPLATES)),
    Check("locks", (*PYTHON, "tools.locks", "--check"), "./justw lock repairs this"),
    Check("forbidden strings", (*PYTHON, "tools.forbidden")),
)


def run(checks: tuple[Check, ...]) -> int:
    """Start all, report each in its turn; how many failed."""
    running = [(check, start(check)) for check in checks]
    failed = 0
    for check, process in running:
        output, _ = process.communicate()
        if process.returncode == 0:
            print(f"{check.name:<18} ok", flush=True)
            continue
        failed += 1
        print(f"{check.name:<18} FAILED {check.remedy}\n{indented(output)}", flush=True)
    return failed


def start(check: Check) -> "subprocess.Popen[str]":
    """The check as a process whose output is kept."""
    return subprocess.Popen(check.command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def indented(output: str) -> str:
    """The output of a check, told apart from our own lines."""
    return "".join(f"    {line}\n" for line in output.strip().splitlines())


def main() -> int:
    """Exit code 1 if any check failed."""
    failed = run(CHECKS)
    print(f"{failed} of {len(CHECKS)} checks failed" if failed else f"all {len(CHECKS)} checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
