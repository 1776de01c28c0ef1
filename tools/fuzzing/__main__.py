"""`just fuzz-api`: the running API against its own document.

    python -m tools.fuzzing [options of `schemathesis run`]

Reports are in .tools/fuzz-api. The exit code is that of schemathesis: 0 nothing found, 1 findings, 2 usage; and 1 if
API or worker logged an error.
"""

import signal
import sys
from pathlib import Path

from waybill_dev.errors import StackError

from tools.fuzzing.run import fuzz
from tools.fuzzing.stack import running_api
from tools.workspace import ROOT, WorkspaceError

FOLDER = ROOT / ".tools" / "fuzz-api"


def stop(_signal: int, _frame: object) -> None:
    """End as Ctrl-C does, with everything that was started."""
    sys.exit(128 + signal.SIGTERM)


def main(options: list[str], folder: Path = FOLDER) -> int:
    """Start everything, run, end everything."""
    signal.signal(signal.SIGTERM, stop)
    with running_api() as running:
        code = fuzz(running.url, folder, options)
        errors = running.logged_errors()
    for line in errors:
        print(f"logged: {line}", file=sys.stderr)
    return code or bool(errors)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (WorkspaceError, StackError) as error:
        sys.exit(f"fuzz-api: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
