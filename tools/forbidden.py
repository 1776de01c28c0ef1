"""What no file of the repository may contain: registry hosts, paths of somebody's machine, secrets."""

import re
import subprocess
import sys
from pathlib import Path

from tools.workspace import ROOT, WorkspaceError

LARGEST_BYTES = 2_000_000
# Spelled apart, so that this file does not contain what it looks for.
FORBIDDEN = {
    "a package registry's host (use the client's own setting)": re.compile(
        "|".join(
            re.escape(host.replace("~", ""))
            for host in (
                "py~pi.org",
                "py~pi.python.org",
                "python~hosted.org",
                "npm~js.org",
                "npm~js.com",
                "yarn~pkg.com",
                "deb.deb~ian.org",
                "crates.i~o",
            )
        ),
        re.IGNORECASE,
    ),
    "a path of one machine": re.compile(r"(?<![\w.$}])/(?:(?:wo[r]k|ro[o]t|Us[e]rs)\b|ho[m]e/[a-z])[/\w.-]*"),
    "a secret": re.compile(
        r"\b(?:AK[I]A|AS[I]A)[0-9A-Z]{16}\b"
        r"|-----BE[G]IN [A-Z ]*PRIVATE KEY-----"
        r"|\bgh[pousr]_[A-Za-z0-9]{36}\b"
        r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"
        r"|aws_secret_access_key\s*=\s*[A-Za-z0-9/+]{40}\b",
    ),
}


def findings(path: str, text: str) -> list[str]:
    """A line for each forbidden thing in the text of a file."""
    found: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in FORBIDDEN.items():
            if match := pattern.search(line):
                found.append(f"{path}:{number}: {what}: {match.group()}")
    return found


def repository_files() -> list[Path]:
    """All files that git has or would take. Raises WorkspaceError outside a git checkout."""
    # Whoever owns the files: in a container that is often somebody else.
    listing = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        raise WorkspaceError(f"git does not list the files to look into: {done.stderr.decode().strip()}")
    names = done.stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def main() -> int:
    """Exit code 1 and a line for each finding, if there is any."""
    found: list[str] = []
    for path in repository_files():
        content = path.read_bytes()
        if b"\0" not in content and len(content) < LARGEST_BYTES:
            found += findings(path.relative_to(ROOT).as_posix(), content.decode(errors="replace"))
    print("\n".join(found) or "nothing forbidden found")
    return 1 if found else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except WorkspaceError as error:
        sys.exit(f"forbidden strings: {error}")
